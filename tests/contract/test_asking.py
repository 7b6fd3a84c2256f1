"""What is asked of a shard's owner on any broker: put once or twice, read by position, its outcome found where it is stored."""

import asyncio
import time
from contextlib import aclosing

from worker.broker.port import Start, shard_of_sources
from worker.core.feeds import ShardMemory
from worker.core.feeds.inbox import Command, Outcome, State, command_record, loaded_command
from worker.model import Topic
from worker.pipeline.asking import Wanted, outcomes, put, unowned

NOON = time.time_ns() // 1_000_000  # what is older than the topic keeps goes when a shard is claimed
SITES = ("one.example", "two.example", "three.example", "four.example")


async def owned(broker, shard, count):
    """Carries out so many commands of a shard, each in a transaction of its own."""
    memory = ShardMemory("token")
    memory.restored()
    claim = await broker.claim(shard_of_sources(shard))
    async with aclosing(broker.read(Topic.INBOX, Start(offset=0), partition=shard, follow=True)) as records:
        for _ in range(count):
            record = await anext(records)
            command = loaded_command(record.key, record.value)
            memory.answer(record.offset, Outcome(command.id, State.DONE, command.source, NOON), shard)
            await claim.commit(memory.records(NOON))
    await claim.release()
    return memory.inbox.position


async def test_every_outcome_is_found_whether_it_was_stored_before_or_after_it_was_looked_for(broker):
    wanted = [Wanted(Command(f"c{number}", "burn", site, {}), site) for number, site in enumerate(SITES)]
    shards = [broker.partition_of(Topic.CHECKPOINTS, site.encode()) for site in SITES]
    assert await unowned(broker, wanted, NOON) == sorted(set(shards))
    since = await put(broker, wanted, NOON)
    assert since == dict.fromkeys(shards, 0)

    first, *others = sorted(set(shards))
    assert await owned(broker, first, shards.count(first)) == shards.count(first)
    async with asyncio.TaskGroup() as tasks:
        for shard in others:
            tasks.create_task(owned(broker, shard, shards.count(shard)))
        found = {outcome.id: outcome.message async for outcome in outcomes(broker, wanted, since)}
    assert found == {f"c{number}": site for number, site in enumerate(SITES)}


async def test_a_shard_that_nobody_owns_hides_no_outcome_of_another(broker):
    wanted = [Wanted(Command(f"c{number}", "burn", site, {}), site) for number, site in enumerate(SITES)]
    shards = [broker.partition_of(Topic.CHECKPOINTS, site.encode()) for site in SITES]
    since = await put(broker, wanted, NOON)
    last = shards[-1]
    await owned(broker, last, shards.count(last))
    async with aclosing(outcomes(broker, wanted, since)) as found:
        seen = [(await anext(found)).message for _ in range(shards.count(last))]
    assert seen == [site for site, shard in zip(SITES, shards, strict=True) if shard == last]


async def test_reading_begins_at_an_offset_of_each_partition_and_elsewhere_with_what_comes(broker):
    records = [command_record(Command(f"c{number}", "burn", site, {}), site, NOON) for number, site in enumerate(SITES)]
    await broker.append(records)
    ends = [span.end for span in (await broker.describe(Topic.INBOX)).partitions]
    first = broker.partition_of(Topic.INBOX, SITES[0].encode())
    start = Start(offsets={first: ends[first] - 1})
    async with aclosing(broker.read(Topic.INBOX, start, follow=True)) as found:
        record = await anext(found)
        assert (record.partition, record.offset) == (first, ends[first] - 1)
        coming = asyncio.ensure_future(anext(found))
        await broker.append(records)
        assert (await coming).offset >= ends[(await coming).partition]
