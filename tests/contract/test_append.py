"""What anybody may add without owning anything, and who may poll: definitions of sources, and the workers that share them."""

import asyncio

import pytest
from contract.ledger import NOW

from worker.broker.port import shard_of_sources
from worker.errors import RecordRefused
from worker.model import Record, Topic


def definition(key, value=b"{}", site=b"news.example"):
    return Record(Topic.SOURCES, key, value, (("h", b"1"),), NOW, site)


async def found(broker, topic=Topic.SOURCES, **where):
    return [(record.key, record.value) async for record in broker.read(topic, **where)]


async def newest(broker, topic=Topic.SOURCES):
    return dict(await found(broker, topic))


async def test_what_is_appended_is_there_in_order(broker):
    given = [definition(b"%d" % number, b"v%d" % number) for number in range(2_000)]
    await broker.append(given[:1])
    await broker.append(given[1:])

    assert await found(broker) == [(record.key, record.value) for record in given]


async def test_nothing_appended_is_nothing(broker):
    await broker.append([])
    assert await found(broker) == []


async def test_the_newest_record_of_a_key_counts_be_it_a_tombstone(broker):
    await broker.append([definition(b"a", b"1"), definition(b"b", b"1"), definition(b"a", b"2")])
    await broker.append([definition(b"b", None)])

    assert await newest(broker) == {b"a": b"2", b"b": None}


async def test_several_append_at_a_time(broker, place):
    async with place.connect() as elsewhere:
        await asyncio.gather(
            *(who.append([definition(b"%d" % n)]) for n, who in enumerate([broker, elsewhere, broker, elsewhere]))
        )
    assert await newest(broker) == {b"%d" % n: b"{}" for n in range(4)}


async def test_an_append_neither_fences_an_owner_nor_needs_one(broker):
    claim = await broker.claim(shard_of_sources(0))
    await broker.append([definition(b"a")])
    await claim.commit([definition(b"b")])
    await claim.release()

    assert await newest(broker) == {b"a": b"{}", b"b": b"{}"}


async def test_a_record_too_large_leaves_nothing_of_its_append(broker):
    with pytest.raises(RecordRefused):
        await broker.append([definition(b"a"), definition(b"b", bytes(broker.max_record_bytes(Topic.SOURCES)))])
    assert await found(broker) == []


async def test_a_record_is_in_the_partition_that_the_broker_says(broker):
    sites = [b"a.example", b"b.example", b"c.example", b"d.example"]
    await broker.append([definition(site, site=site) for site in sites])

    async for record in broker.read(Topic.SOURCES):
        assert record.partition == broker.partition_of(Topic.SOURCES, record.key)
        assert record.partition in range(broker.partitions(Topic.SOURCES))


async def test_a_shard_of_sources_restores_the_partition_it_is_numbered_by(broker):
    site = b"news.example"
    partition = broker.partition_of(Topic.CHECKPOINTS, site)
    for shard in map(shard_of_sources, range(broker.partitions(Topic.SOURCES))):
        claim = await broker.claim(shard)
        if shard == shard_of_sources(partition):
            await claim.commit([Record(Topic.CHECKPOINTS, b"head", b"1", (), NOW, site)])
        await claim.release()

    for shard in map(shard_of_sources, range(broker.partitions(Topic.SOURCES))):
        claim = await broker.claim(shard)
        held = [record.key async for _, record in broker.restore([shard]) if record.partition == partition]
        assert held == ([b"head"] if shard == shard_of_sources(partition) else [])
        await claim.release()


async def test_a_worker_alone_has_every_shard(broker):
    async with broker.membership() as member:
        share = member.share
        while not share.settled:
            share = await member.changed(share)
        assert share.shards == set(map(shard_of_sources, range(broker.partitions(Topic.SOURCES))))
