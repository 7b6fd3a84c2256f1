"""A shard as its owner holds it: a transactional producer whose epoch fences every former owner's (KIP-98).

The one decision: every await has a deadline of ours, and after any fault the producer is cut off, not aborted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from aiokafka import AIOKafkaProducer, TopicPartition

from worker.broker.kafka.batches import batched
from worker.broker.kafka.ends import Ends
from worker.broker.kafka.sending import send
from worker.broker.kafka.topics import Topics
from worker.broker.port import Shard
from worker.errors import BrokerAway, BrokerError
from worker.kafka.adapter import discard, fatal, retried_for
from worker.kafka.faults import told
from worker.model import Record

FENCE_SECONDS: Final = 20.0
ABORT_SECONDS: Final = 1.0


class KafkaClaim:
    """See `port.Claim`. `commit_seconds` is below the transaction's time-out, so that a pause shows as a fault of ours."""

    def __init__(
        self, shard: Shard, topics: Topics, producer: AIOKafkaProducer, ends: Ends, *, commit_seconds: float
    ) -> None:
        partition = topics.partition_of(shard.state, shard.partition_by)
        self._state = TopicPartition(topics.name(shard.state), partition)
        self._ends = ends
        self._least = ends.known(self._state)  # own appends come in order, those of others in between
        self._shard = shard
        self._topics = topics
        self._producer = producer
        self._commit_seconds = commit_seconds
        self._spent = False
        self._abandoned = False

    async def fence(self) -> None:
        """Make this claim the only one of its shard that can commit (InitProducerId)."""
        try:
            async with asyncio.timeout(FENCE_SECONDS):
                await self._producer.start()
        except Exception as error:
            raise told(error, self._shard.name) from error

    async def commit(self, records: Sequence[Record]) -> None:
        """See `port.Claim.commit`."""
        if self._spent:
            raise BrokerAway(f"The claim of {self._shard.name} is of no more use: claim anew.")
        rounds = batched(records, self._topics, self._producer.create_batch)
        if not rounds:
            return
        self._spent = True  # until it is known to have gone well
        ending = False
        try:
            async with asyncio.timeout(self._commit_seconds):
                await self._producer.begin_transaction()
                for batches in rounds:
                    offsets = await send(self._producer, batches)
                    self._check({(one.name, one.partition): at for one, at in zip(batches, offsets, strict=True)})
                ending = True
                await self._producer.commit_transaction()
        except asyncio.CancelledError:
            self._abandoned = True
            raise
        except BrokerError as error:
            raise self._told(error, ending=ending) from error.__cause__
        except Exception as error:
            raise self._told(error, ending=ending) from error
        self._spent = False

    def _check(self, offsets: Mapping[tuple[str, int], int]) -> None:
        if (offset := offsets.get(self._state)) is not None:
            self._ends.check(self._state, offset, self._least)
            self._least = offset + 1

    def _told(self, error: Exception, *, ending: bool) -> BrokerError:
        """What counts is what ended aiokafka's sender (it then raises an AssertionError, say), or why it tries again and again."""
        if cause := fatal(self._producer):
            return told(cause, self._shard.name, ending=ending)
        if isinstance(error, TimeoutError) and not ending and (retried := retried_for(self._producer)):
            topic, cause = retried
            return told(cause, topic)
        return told(error, self._shard.name, ending=ending)

    async def release(self) -> None:
        """See `port.Claim.release`."""
        await asyncio.shield(self._end())

    async def _end(self) -> None:
        if self._abandoned:
            # Nothing went wrong, so the broker is likely to hear it: else readers would wait for the time-out.
            with suppress(Exception):
                async with asyncio.timeout(ABORT_SECONDS):
                    await self._producer.abort_transaction()
        await discard(self._producer)
