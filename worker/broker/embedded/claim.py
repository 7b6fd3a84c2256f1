"""A shard as its owner holds it: an epoch in the file, which each commit checks within its transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from worker.broker.embedded import log
from worker.broker.embedded.bell import ring
from worker.broker.embedded.log import Table
from worker.broker.embedded.session import Session
from worker.broker.embedded.sweep import sweep
from worker.broker.port import Shard
from worker.errors import BrokerError
from worker.model import Record, Topic


class EmbeddedClaim:
    """See `port.Claim`. Its commits also do the file's housekeeping, a chunk each while there is some to do."""

    def __init__(  # noqa: PLR0913, PLR0917 (what the broker shares with its claims)
        self,
        session: Session,
        path: Path,
        tables: Mapping[Topic, Table],
        prefix: str,
        shard: Shard,
        now: Callable[[], int],
    ) -> None:
        self._session = session
        self._prefix = prefix
        self._path = path
        self._tables = tables
        self._shard = shard
        self._now = now
        self._epoch = 0
        self._sweep_at = 0

    async def fence(self) -> None:
        """Make this claim the only one of its shard that can commit."""
        self._epoch = await self._session.run(log.fence, self._prefix + self._shard.name)
        await self._housekeep()

    async def commit(self, records: Sequence[Record]) -> None:
        """See `port.Claim.commit`."""
        try:
            await self._session.run(self._commit, tuple(records))
        except BaseException:
            self._session.abandon()
            raise
        await self._housekeep()

    async def release(self) -> None:
        """See `port.Claim.release`."""
        await self._session.close()

    def _commit(self, connection: sqlite3.Connection, records: Sequence[Record]) -> None:
        log.commit(connection, self._prefix + self._shard.name, self._epoch, self._tables, records)
        ring(self._path)

    async def _housekeep(self) -> None:
        now = self._now()
        if now < self._sweep_at:
            return
        try:
            self._sweep_at = await self._session.run(sweep, tuple(self._tables.values()), now)
        except BrokerError:
            # The commit stands. What is wrong (locked, no room) the next commit will meet, and tell, itself.
            return
