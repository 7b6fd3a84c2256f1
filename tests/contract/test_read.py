"""What a reader gets: committed records in order, from where it asks, to the end or for as long as it listens."""

import asyncio
import os
import sys
from contextlib import aclosing
from pathlib import Path

import pytest
from contract import ledger
from contract.ledger import NOW, events, offer, publish, read

from worker.broker.port import EARLIEST, Start
from worker.errors import UsageError
from worker.model import Record, Topic

TREE = Path(__file__).parents[2]
LONG = 20  # seconds after which a reader that was to wake up has failed to


async def everything(broker, start=EARLIEST, **which):
    return [record async for record in broker.read(Topic.ARTICLES, start, **which)]


async def values(broker, start=EARLIEST):
    return [int(record.value) for record in await everything(broker, start)]


async def followed(broker, count):
    """The first `count` values that a follower gets."""
    got = []
    async with asyncio.timeout(LONG), aclosing(broker.read(Topic.ARTICLES, follow=True)) as reader:
        async for record in reader:
            got.append(int(record.value))
            if len(got) == count:
                return got
    raise AssertionError(got)


async def test_a_topic_nobody_wrote_to_is_empty(broker):
    assert await values(broker) == []


async def test_reading_begins_at_an_offset(broker, place):
    await publish(broker, place.shard("ledger"), [10])
    first = (await everything(broker))[0]

    assert await values(broker, Start(offset=first.offset + 7)) == [7, 8, 9]
    assert await values(broker, Start(offset=first.offset + 10)) == []
    assert await values(broker, Start(offset=10**9)) == []


async def test_reading_the_latest_begins_with_what_comes_next(broker, place):
    await publish(broker, place.shard("ledger"), [3])
    assert await values(broker, Start(latest=True)) == []


async def test_one_partition_is_read_alone(broker, place):
    await publish(broker, place.shard("ledger"), [3])
    first = (await everything(broker))[0]
    count = len((await broker.describe(Topic.ARTICLES)).partitions)

    for partition in range(count):
        alone = await everything(broker, partition=partition)
        assert len(alone) == (3 if partition == first.partition else 0)
    with pytest.raises(UsageError, match="partition"):
        await everything(broker, partition=count)


async def test_reading_begins_at_a_time(broker, place):
    await publish(broker, place.shard("ledger"), [10])

    assert await values(broker, Start(since=NOW + 8)) == [8, 9]
    assert await values(broker, Start(since=0)) == list(range(10))
    assert await values(broker, Start(since=NOW + 1_000)) == []


async def test_reading_in_pieces_misses_nothing(broker, place):
    claim = await broker.claim(place.shard("ledger"))
    for first in range(0, 2_500, 500):
        await claim.commit(events(first, first + 500))
    large = [Record(Topic.ARTICLES, b"k", bytes(1_000_000), (), NOW, b"site")] * 12
    await claim.commit(large)
    await claim.release()

    sizes = [len(record.value) async for record in broker.read(Topic.ARTICLES)]
    assert len(sizes) == 2_512
    assert sizes[-12:] == [1_000_000] * 12


async def test_readers_read_while_claims_commit(broker, place):
    claim = await broker.claim(place.shard("ledger"))
    for number in range(30):
        await claim.commit(events(number, number + 1))
        assert await values(broker) == list(range(number + 1))
    await claim.release()


async def test_a_reader_that_does_not_follow_ends_at_the_end_it_found(broker, place):
    await publish(broker, place.shard("ledger"), [5])
    got = []
    async for record in broker.read(Topic.ARTICLES):
        if not got:
            await publish(broker, place.shard("ledger"), [5])
        got.append(int(record.value))

    assert got == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("before", [0, 3])
async def test_a_follower_wakes_up_for_a_commit_of_another_connection(broker, place, before):
    async with place.connect() as elsewhere:
        await publish(elsewhere, place.shard("ledger"), [1] * before)
        async with asyncio.TaskGroup() as tasks:
            got = tasks.create_task(followed(broker, before + 2))
            await publish(elsewhere, place.shard("ledger"), [1, 1])

    assert got.result() == list(range(before + 2))


async def test_a_follower_sleeps_and_wakes_between_any_two_commits(broker, place):
    claim = await broker.claim(place.shard("ledger"))
    async with asyncio.timeout(LONG), aclosing(broker.read(Topic.ARTICLES, follow=True)) as reader:
        for number in range(100):
            waiting = asyncio.ensure_future(anext(reader))
            await claim.commit(events(number, number + 1))
            assert int((await waiting).value) == number
    await claim.release()


async def test_a_follower_hears_of_another_process(broker, place):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, ledger.__file__, place.url, place.prefix, place.shard("ledger").name, "20", "1"),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{TREE}{os.pathsep}{TREE / 'tests'}"},
    )
    reader = asyncio.create_task(followed(broker, 1))
    said, _ = await process.communicate()
    last = int(said.split()[-1])

    assert await reader == [0]
    assert await followed(broker, last) == list(range(last))
    assert await read(broker) == offer(last)


async def test_a_topic_is_described_as_it_is(broker, place):
    empty = await broker.describe(Topic.ARTICLES)
    await publish(broker, place.shard("ledger"), [3])
    filled = await broker.describe(Topic.ARTICLES)

    assert all(span.start == span.end for span in empty.partitions)
    assert sum(span.end - span.start for span in filled.partitions) >= 3
    assert filled.layout.name == f"{place.prefix}news.articles.v1"
    assert filled.layout.settings["cleanup.policy"] == "compact,delete"
    assert filled.layout.settings["max.message.bytes"] == "1048588"
