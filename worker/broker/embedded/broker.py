"""The embedded broker: one SQLite file in WAL mode, a connection and a thread for each claim and each reader.

The one decision: every topic has one partition, so `partition_by` plays no part and order is that of the commits.
Killed at any moment, by a signal or a power cut, the file opens again with each commit whole or absent.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import Self

from worker.broker.embedded import log
from worker.broker.embedded.bell import listening, ring
from worker.broker.embedded.claim import EmbeddedClaim
from worker.broker.embedded.log import Table
from worker.broker.embedded.member import EmbeddedMember, alone
from worker.broker.embedded.session import PATIENCE, Session
from worker.broker.port import EARLIEST, Shard, Start, Stored, TopicInfo
from worker.errors import UsageError
from worker.model import Record, Topic


class EmbeddedBroker:
    """See `port.Broker`.

    `now` is the wall clock in ms, for housekeeping alone; `patience`, in seconds, how long a lock is waited for.
    """

    def __init__(
        self, path: Path, *, prefix: str = "", create: bool, now: Callable[[], int], patience: float = PATIENCE
    ) -> None:
        self._path = path.resolve()  # SQLite names its log after the file itself, not after a link to it
        self._prefix = prefix
        self._create = create
        self._now = now
        self._patience = patience
        self._tables: Mapping[Topic, Table] = {}
        self._sessions: set[Session] = set()

    async def claim(self, shard: Shard) -> EmbeddedClaim:
        """See `port.Broker.claim`."""
        session = self._session()
        claim = EmbeddedClaim(session, self._path, self._tables, self._prefix, shard, self._now)
        try:
            await claim.fence()
        except BaseException:
            await self._close(session)
            raise
        return claim

    async def restore(
        self,
        shards: Sequence[Shard],
        *,
        wait: bool = True,  # noqa: ARG002 (no transaction is open here for others to see)
    ) -> AsyncGenerator[tuple[Shard, Stored]]:
        """See `port.Broker.restore`. Of a compacted topic this broker keeps but the newest record of a key."""
        for topic in dict.fromkeys(shard.state for shard in shards):
            owners = [shard for shard in shards if shard.state is topic]
            async with aclosing(self.read(topic)) as records:
                async for record in records:
                    for shard in owners:
                        yield shard, record

    async def read(
        self, topic: Topic, start: Start = EARLIEST, *, partition: int | None = None, follow: bool = False
    ) -> AsyncGenerator[Stored]:
        """See `port.Broker.read`.

        As on Kafka, a record of a compacted topic that is superseded behind the end and before it was come to is in
        neither place. A snapshot would show it, but a reader that stands still would then let the log grow for ever.
        """
        if partition:
            raise UsageError(f"{topic} has one partition here, 0, and no {partition}.")
        session = self._session()
        table = self._tables[topic]
        try:
            with listening(self._path) if follow else nullcontext() as heard:
                stop = None if follow else await session.run(log.end, table)
                end = await session.run(log.end, table)
                position = min(start.offset or 0, end)
                if start.latest:
                    position = end
                elif start.offsets is not None:
                    position = min(start.offsets.get(0, end), end)
                elif start.since is not None:
                    position = await session.run(log.first_since, table, start.since)
                while True:
                    while found := await session.run(log.chunk, table, position, stop):
                        for record in found:
                            yield record
                        position = found[-1].offset + 1
                    if heard is None:
                        return
                    await heard()
        finally:
            await self._close(session)

    async def append(self, records: Sequence[Record]) -> None:
        """See `port.Broker.append`. Here all of them are stored or none."""
        session = self._session()
        try:
            await session.run(self._append, tuple(records))
        finally:
            await self._close(session)

    def _append(self, connection: sqlite3.Connection, records: Sequence[Record]) -> None:
        log.append(connection, self._tables, records)
        ring(self._path)

    @asynccontextmanager
    async def membership(self) -> AsyncIterator[EmbeddedMember]:
        """See `port.Broker.membership`."""
        with alone(self._path, self._prefix) as member:
            yield member

    def partitions(self, topic: Topic) -> int:  # noqa: ARG002 (all have the same number)
        """See `port.Broker.partitions`."""
        return 1

    def partition_of(self, topic: Topic, partition_by: bytes) -> int:  # noqa: ARG002 (it plays no part)
        """See `port.Broker.partition_of`."""
        return 0

    async def describe(self, topic: Topic) -> TopicInfo:
        """See `port.Broker.describe`."""
        session = self._session()
        try:
            return await session.run(log.describe, self._tables[topic])
        finally:
            await self._close(session)

    def is_own(self, _cluster: str, _name: str) -> bool:
        """See `port.Broker.is_own`: none lies in a cluster."""
        return False

    def max_record_bytes(self, topic: Topic) -> int:
        """See `port.Broker.max_record_bytes`; the topic's max.message.bytes as the file has it."""
        return log.limit(self._tables[topic])

    async def __aenter__(self) -> Self:
        session = self._session(create=self._create)
        try:
            self._tables = await session.run(log.tables, self._prefix, self._path, create=self._create)
        finally:
            await self._close(session)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for session in tuple(self._sessions):
            await self._close(session)

    def _session(self, *, create: bool = False) -> Session:
        session = Session(self._path, create=create, patience=self._patience)
        self._sessions.add(session)
        return session

    async def _close(self, session: Session) -> None:
        await session.close()
        self._sessions.discard(session)
