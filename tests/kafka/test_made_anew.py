"""A topic that is deleted and made anew under a worker: who remembers by it ends, and doesn't take it for empty."""

import asyncio
import time
import uuid
from contextlib import aclosing

import pytest
from aiokafka import AIOKafkaProducer
from faults.faults import deleted
from faults.running import Place

from worker.broker.connect import connect
from worker.broker.port import Shard
from worker.errors import BrokerError, BrokerRefused
from worker.kafka.options import KafkaOptions
from worker.model import Record, Topic

SHARD = Shard("news-worker/replay/anew/0/1", Topic.REPLAYS, b"anew")
MANY = 20


@pytest.fixture
async def place(kafka, tmp_path):
    options = KafkaOptions(partitions=1, replication=1)
    made = Place(tmp_path, f"kafka://{kafka.bootstrap}", prefix=f"anew-{uuid.uuid4()}.", kafka=options)
    await made.make()
    return made


@pytest.fixture
async def broker(place):
    async with connect(place.url, prefix=place.prefix, create=False, kafka=place.kafka) as opened:
        yield opened


@pytest.fixture
async def claim(broker):
    claim = await broker.claim(SHARD)
    for number in range(MANY):
        await claim.commit([remembered(number)])
    yield claim
    await claim.release()


def remembered(number):
    return Record(Topic.REPLAYS, b"%d" % number, b"v", (), time.time_ns() // 1_000_000, b"anew")


async def restored(broker):
    return [record async for _, record in broker.restore([SHARD])]


async def test_what_a_shard_remembered_is_not_taken_for_empty(kafka, place, broker, claim):
    assert len(await restored(broker)) == MANY
    async with deleted(place, kafka.admin, Topic.REPLAYS):
        pass
    with pytest.raises(BrokerRefused, match="made anew while this worker ran"):
        await restored(broker)


async def test_an_owner_commits_nothing_more_there(kafka, place, broker, claim):
    async with deleted(place, kafka.admin, Topic.REPLAYS):
        pass
    with pytest.raises(BrokerError):  # aiokafka may look for the topic as it was first
        await claim.commit([remembered(MANY)])
    with pytest.raises(BrokerRefused, match="made anew while this worker ran"):
        await restored(broker)


async def test_who_follows_it_is_told(kafka, place, broker, claim):
    async with aclosing(broker.read(Topic.REPLAYS, follow=True)) as records:
        for _ in range(MANY):
            await anext(records)
        async with deleted(place, kafka.admin, Topic.REPLAYS):
            pass
        await broker.append([remembered(0)])
        with pytest.raises(BrokerRefused, match="made anew while this worker ran"):
            async with asyncio.timeout(60):
                await anext(records)


async def test_a_transaction_of_another_that_is_open_is_not_taken_for_a_topic_made_anew(kafka, place, broker, claim):
    name = place.prefix + Topic.REPLAYS.value
    async with AIOKafkaProducer(**kafka.admin, transactional_id=f"{place.prefix}another") as another:
        await another.begin_transaction()
        await another.send_and_wait(name, b"1", key=b"another", partition=0)
        await claim.commit([remembered(MANY)])
        assert len([record async for record in broker.restore([SHARD], wait=False)]) == MANY
        await another.abort_transaction()
    assert len(await restored(broker)) == MANY + 1


async def test_one_who_starts_later_begins_from_nothing(kafka, place, broker, claim):
    async with deleted(place, kafka.admin, Topic.REPLAYS):
        pass
    async with connect(place.url, prefix=place.prefix, create=False, kafka=place.kafka) as later:
        assert await restored(later) == []
