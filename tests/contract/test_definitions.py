"""Definitions of sources on any broker: applied, read back where their site puts them, removed."""

from worker.core.sources.difference import Kind
from worker.core.sources.lists import Listed, read
from worker.model import Record, Topic
from worker.pipeline import definitions

SITES = [f"site-{number}.example" for number in range(12)]


def listed(*sites):
    return read("\n".join(f"https://www.{site}/feed" for site in sites).encode(), "feeds")


async def owned(broker):
    """The sites that each shard polls."""
    found = await definitions.known(broker)
    partitions = range(broker.partitions(Topic.SOURCES))
    polled = [one for one in found if one.passed_over is None]
    return [sorted(one.definition.site for one in polled if one.partition == partition) for partition in partitions]


async def test_each_source_is_owned_by_the_partition_of_its_site_and_no_other(broker):
    await definitions.apply(broker, listed(*SITES), 5)

    for partition, sites in enumerate(await owned(broker)):
        assert sites == sorted(s for s in SITES if broker.partition_of(Topic.SOURCES, s.encode()) == partition)


async def test_what_is_applied_twice_is_the_same(broker, place):
    first = await definitions.apply(broker, listed(*SITES), 5)
    async with place.connect() as elsewhere:
        again = await definitions.apply(elsewhere, listed(*SITES), 6)

    assert [one.definition for one in again.differences] == [one.definition for one in first.differences]
    assert {one.kind for one in again.differences} == {Kind.SAME}


async def test_applying_removes_nothing_and_removing_does(broker):
    await definitions.apply(broker, listed(*SITES), 5)
    await definitions.apply(broker, Listed((), ()), 6)
    found = list(await definitions.known(broker))
    assert len(found) == len(SITES)

    await definitions.remove(broker, found[:5], 7)
    assert len(list(await definitions.known(broker))) == len(SITES) - 5


async def test_a_definition_that_another_hash_put_elsewhere_is_seen_and_owned_by_nobody(broker):
    (one,) = (await definitions.apply(broker, listed(SITES[0]), 5)).differences
    (stored,) = [record async for record in broker.read(Topic.SOURCES)]
    elsewhere = next((s for s in SITES if broker.partition_of(Topic.SOURCES, s.encode()) != stored.partition), None)
    if elsewhere is None:  # a broker of one partition has no wrong one
        assert broker.partitions(Topic.SOURCES) == 1
        return
    await broker.append([Record(Topic.SOURCES, b"stray", stored.value, (), 5, elsewhere.encode())])

    found = await definitions.known(broker)
    assert found.polled(one.definition.id) is not None
    assert found.polled("stray") is None
    assert "hashes otherwise" in found.of("stray")[0].passed_over
