"""What is asked of a shard's owner on any broker: put once or twice, read by position, its outcome found where it is stored."""

import asyncio
import time
from contextlib import aclosing

from worker.broker.port import Start, shard_of_sources
from worker.core.feeds import ShardMemory
from worker.core.feeds.inbox import Command, Outcome, State, loaded_command
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
