"""The workers that share the sources: a consumer group on their topic (KIP-54's sticky assignment), in which nothing is consumed.

The one decision: the group only says what falls to whom. Who may write is told by each shard's fence, so a member that is late to
hear of a change can do no harm.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor

from worker.broker.kafka.consumers import FETCH_WAIT_MS, START_SECONDS
from worker.broker.port import NONE_YET, Share, shard_of_sources
from worker.errors import BrokerError, BrokerRefused
from worker.kafka.adapter import leave, member_id, stop
from worker.kafka.connection import Connection
from worker.kafka.faults import forbidden, told

log = structlog.get_logger()

# A shard's former owner may be about to hear of it: it cuts what is under way within this time.
QUIET_SECONDS: Final = 2.0
_HEARTBEATS: Final = 20  # a session: whoever stays pauses in a rebalance until the last has heard of it, by a heartbeat
# The part of a session for which an answer of the group is taken to hold: the rest, and the quiet time of whoever comes next,
# is for what is under way.
_CERTAIN: Final = 0.5
_LEAVE_SECONDS: Final = 2.0
_AGAIN_SECONDS: Final = 1.0
_WAIT_MS: Final = 1_000


class KafkaMember(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """See `port.Member`. Its callbacks only note what they are told: aiokafka's heartbeats wait for them."""

    quiet_seconds = QUIET_SECONDS

    def __init__(self, session: float, cluster: str) -> None:
        """`session`: seconds, reckoned from the last heartbeat that arrived, after which the group goes on without it.

        `cluster`: its name, for people.
        """
        self._session = session
        self._cluster = cluster
        self._fault: str | None = None  # why it left, until it is answered again
        self._told = NONE_YET
        self._id = ""
        self._beats = 0
        self._joining = -math.inf  # when it began to join, or to join anew, monotonic
        self._answered = -math.inf  # when the newest heartbeat that was answered had been sent, monotonic
        self._news = asyncio.Condition()
        self._refused: BrokerError | None = None
        self.id_now: Callable[[], str] = str  # by which the group knows it

    @property
    def share(self) -> Share:
        """See `port.Member.share`. Who was frozen, or hears nothing, finds out here by the clock before anybody can tell it."""
        silent = time.monotonic() - self._answered
        if silent < self._session * _CERTAIN:
            return self._told
        said = f"{self._cluster} has not answered for {silent:.0f} s" if self._beats else None
        return replace(self._told, settled=False, why=self._fault or said)

    @property
    def was_one(self) -> bool:
        """It has been a member: a right that is missing was taken back since, and is waited for."""
        return bool(self._id)

    async def changed(self, share: Share) -> Share:
        """See `port.Member.changed`."""
        async with self._news:
            while self.share == share and not self._refused:
                with suppress(TimeoutError):  # nobody tells that the group is silent
                    async with asyncio.timeout(self._session / _HEARTBEATS):
                        await self._news.wait()
        if self._refused:
            raise self._refused
        return self.share

    async def confirmed(self) -> None:
        """See `port.Member.confirmed`. The second from now: the first may have been answered before."""
        async with self._news:
            wanted = self._beats + 2
            await self._news.wait_for(lambda: self._beats >= wanted)

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:  # noqa: ARG002 (aiokafka calls it so)
        """A rebalance begins: what stays is not known yet. Of a first one, too."""
        self._joining = time.monotonic()
        await self.unsettle()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """It is over."""
        before, self._id = self._id, self.id_now()
        stay = self._told.stay + (before != self._id)
        self._told = Share(frozenset(shard_of_sources(one.partition) for one in assigned), stay=stay)
        await self.beat(self._joining)  # not now: who was frozen meanwhile hears what may be long past

    async def unsettle(self, fault: str | None = None) -> None:
        """What falls to this worker is in question; `fault`: as it could not stay in the group."""
        self._fault = fault
        self._told = replace(self._told, settled=False, why=fault or "the workers share the sources out anew")
        await self._tell()

    async def beat(self, sent: float) -> None:
        """The group has answered well what was sent then; called by `adapter`."""
        self._answered, self._fault = sent, None
        self._beats += 1
        await self._tell()

    async def refuse(self, error: BrokerError) -> None:
        """It can't be a member, and waiting won't help."""
        self._refused = error
        await self._tell()

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()


@asynccontextmanager
async def joined(connection: Connection, group: str, topic: str) -> AsyncIterator[KafkaMember]:
    """A member of the group until it is left, which is told to the others at once."""
    member = KafkaMember(connection.options.session_timeout, f"Kafka at {connection.name}")
    staying = asyncio.create_task(_stay(member, connection, group, topic))
    try:
        yield member
    finally:
        staying.cancel()
        await asyncio.wait({staying})


async def _stay(member: KafkaMember, connection: Connection, group: str, topic: str) -> None:
    """Join, and join again whenever aiokafka gives up, which a broken connection is enough for."""
    session_ms = round(connection.options.session_timeout * 1000)
    assignor = type("Sticky", (StickyPartitionAssignor,), {})  # it remembers what it had in its class
    while True:
        consumer = AIOKafkaConsumer(
            **connection.arguments(),
            group_id=group,
            partition_assignment_strategy=[assignor],
            session_timeout_ms=session_ms,
            rebalance_timeout_ms=session_ms,
            heartbeat_interval_ms=session_ms // _HEARTBEATS,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            enable_auto_commit=False,
            auto_offset_reset="latest",
        )
        consumer.subscribe([topic], listener=member)
        member.id_now = partial(member_id, consumer)
        try:
            async with asyncio.timeout(START_SECONDS):
                await consumer.start()
            while True:  # nothing of it is wanted: who doesn't fetch is thrown out of the group
                await consumer.getmany(timeout_ms=_WAIT_MS)
        except asyncio.CancelledError:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LEAVE_SECONDS):
                    await leave(consumer)
            raise
        except Exception as error:  # noqa: BLE001 (whatever it is, the way back is the same)
            if (sentence := forbidden(error, group, "Read")) and not member.was_one:
                await member.refuse(BrokerRefused(sentence))
                return
            reason = str(told(error, group, needs="Read"))
            log.warning("group.lost", group=group, reason=reason)
            await member.unsettle(reason)
        finally:
            await stop(consumer)
        await asyncio.sleep(_AGAIN_SECONDS)
