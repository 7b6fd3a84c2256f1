"""What a claim on Kafka does beyond the port's contract: it leaves no reader waiting for what it gave up itself."""

import asyncio
import time
import uuid

import pytest

from worker.broker.connect import administer, connect
from worker.broker.port import Shard
from worker.kafka.options import KafkaOptions
from worker.model import Record, Topic

OPTIONS = KafkaOptions(partitions=1, replication=1, transaction_timeout=60)
SHARD = Shard("news-worker/replay/claim/0/1", Topic.REPLAYS, b"claim")
SOON = 20  # seconds: far less than the transaction's time-out, after which the broker would abort it itself


@pytest.fixture
async def broker(kafka):
    url, prefix = f"kafka://{kafka.bootstrap}", f"claim-{uuid.uuid4()}."
    async with administer(url, prefix=prefix, kafka=OPTIONS) as administration:
        await administration.create((await administration.layouts()).values())
    async with connect(url, prefix=prefix, create=False, kafka=OPTIONS) as opened:
        yield opened


@pytest.fixture
async def claimed(broker, monkeypatch):
    """A claim in the middle of a commit that never ends."""
    claim = await broker.claim(SHARD)
    reached = asyncio.Event()

    async def never():
        reached.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(claim._producer, "commit_transaction", never)
    committing = asyncio.create_task(claim.commit([record(Topic.ARTICLES), record(Topic.REPLAYS)]))
    await reached.wait()
    yield claim, committing
    committing.cancel()
    await asyncio.wait({committing})
    await claim.release()


def record(topic):
    return Record(topic, b"k", b"v", (), time.time_ns() // 1_000_000, b"claim")


async def test_a_commit_that_is_cancelled_leaves_no_transaction_open(broker, claimed):
    claim, committing = claimed
    committing.cancel()
    await asyncio.wait({committing})
    await claim.release()

    async with asyncio.timeout(SOON):
        assert [found async for found in broker.read(Topic.ARTICLES)] == []


async def test_who_only_looks_on_does_not_wait_for_a_transaction_that_is_open(broker, claimed):
    async with asyncio.timeout(SOON):
        assert [found async for found in broker.restore([SHARD], wait=False)] == []
