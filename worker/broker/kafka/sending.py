"""Batches on their way, within a transaction or, for what needs no owner, without one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import IllegalOperation, KafkaError
from aiokafka.structs import RecordMetadata

from worker.broker.kafka.batches import Batched, batched
from worker.broker.kafka.topics import Topics
from worker.errors import BrokerError
from worker.kafka.adapter import discard, fatal, retried_for
from worker.kafka.faults import told
from worker.model import Record


async def send(producer: AIOKafkaProducer, batches: Sequence[Batched]) -> list[int]:
    """Send a batch a partition, all at once; the first offset of each once all are acknowledged, else raise what the first met."""
    sent = [await _begin_to_send(producer, one) for one in batches]
    results = await asyncio.gather(*sent, return_exceptions=True)
    offsets = []
    for one, result in zip(batches, results, strict=True):
        if isinstance(result, BaseException):
            raise told(result, one.name, topic=one.topic) from result
        offsets.append(result.offset)
    return offsets


async def _begin_to_send(producer: AIOKafkaProducer, one: Batched) -> asyncio.Future[RecordMetadata]:
    try:
        future: asyncio.Future[RecordMetadata] = await producer.send_batch(one.batch, one.name, partition=one.partition)
    except (KafkaError, IllegalOperation) as error:  # a topic that isn't there shows here already
        raise told(error, one.name, topic=one.topic) from error
    return future


async def append(producer: AIOKafkaProducer, records: Sequence[Record], topics: Topics, *, seconds: float) -> None:
    """See `port.Broker.append`. By an idempotent producer, not started yet, which is spent by this."""
    try:
        rounds = batched(records, topics, producer.create_batch)
        async with asyncio.timeout(seconds):
            await producer.start()
            for batches in rounds:
                await send(producer, batches)
    except Exception as error:
        raise _told(error, producer) from error
    finally:
        await asyncio.shield(discard(producer))


def _told(error: Exception, producer: AIOKafkaProducer) -> BrokerError:
    """What ended the sender counts, or why it tries again and again: as of a claim."""
    if cause := fatal(producer):
        return told(cause, "appending")
    if isinstance(error, TimeoutError) and (retried := retried_for(producer)):
        topic, cause = retried
        return told(cause, topic)
    return told(error, "appending")
