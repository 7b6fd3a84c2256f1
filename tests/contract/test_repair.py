"""A shard repaired on any broker: its owner is fenced, and what can't be read is gone at once."""

import pytest

from worker.broker.port import shard_of_sources
from worker.core.feeds import ShardMemory, faulted
from worker.errors import BrokerRefused, ClaimLost
from worker.model import Definition, Fault, FaultKind, Record, Topic
from worker.pipeline.repair import looked_at, repair

NOON = 1_700_000_000_000
PARTITION = 0
DEFINITION = Definition("gazette", "http://127.0.0.1:9/feed", "127.0.0.1", 5)


def now():
    return NOON


def checkpoint(key, value):
    return Record(Topic.CHECKPOINTS, key, value, (), NOON, PARTITION)


async def restored(broker):
    memory = ShardMemory("another")
    async for _, record in broker.restore([shard_of_sources(PARTITION)]):
        memory.absorb(record.key, record.value)
    memory.restored()
    return memory


async def test_a_damaged_source_and_what_is_nobodys_are_taken_out_and_the_former_owner_is_fenced(broker):
    owner = await broker.claim(shard_of_sources(PARTITION))
    memory = ShardMemory("token")
    memory.restored()
    memory.define(DEFINITION)
    list(faulted(DEFINITION, memory, Fault(FaultKind.CONNECT, "nobody listens"), NOON))
    await owner.commit([checkpoint(record.key, record.value) for record in memory.records(NOON)])
    await owner.commit([checkpoint(b'["page","gazette",0]', b"\x09"), checkpoint(b"\xff", b"alien")])
    with pytest.raises(BrokerRefused, match="news-worker repair"):
        await restored(broker)

    found, report = await looked_at(broker, PARTITION)
    assert (found.sources.keys(), found.records.keys(), report) == ({"gazette"}, {b"\xff"}, None)
    await repair(broker, PARTITION, None, None, now)
    assert (await restored(broker)).refused.keys() == {"gazette"}
    await repair(broker, PARTITION, "gazette", DEFINITION.site, now)
    head = (await restored(broker)).head("gazette")
    assert (head.faults, head.repaired) == (1, True)
    assert not (await repair(broker, PARTITION, "gazette", DEFINITION.site, now)).sources

    with pytest.raises(ClaimLost):
        await owner.commit([checkpoint(b'["head","gazette"]', None)])
    await owner.release()
