"""One connection to the file, and the one thread that uses it: the loop never waits for a disk or a lock.

The one decision: a session is broken off as a whole. Whoever is cancelled while waiting for it leaves it behind for
good; the thread finishes or rolls back what it was at, and `close` waits for that.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, TypeVar

from worker.broker.embedded import store
from worker.broker.embedded.faults import busy, told
from worker.errors import BrokerAway, BrokerRefused

_P = ParamSpec("_P")
_T = TypeVar("_T")
PATIENCE: Final = 10.0  # seconds for a lock; a commit holds the file for tenths of one at most
_PAUSE: Final = 0.001  # seconds between two tries for a lock: others' transactions last some milliseconds


class Session:
    """Opened by its first `run`. `patience` is how many seconds it waits for a lock before BrokerAway."""

    def __init__(self, path: Path, *, create: bool = False, patience: float) -> None:
        self._path = path
        self._create = create
        self._patience = patience
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="news-broker")
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._over = threading.Event()
        self._closing: asyncio.Future[None] | None = None

    async def run(
        self, work: Callable[Concatenate[sqlite3.Connection, _P], _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        """What `work` returns, run in the session's thread; tried again while the file is locked, so all or nothing.

        BrokerAway, BrokerRefused, Unsure as errors.py tells. After cancellation the session is of no more use.
        """
        if self._over.is_set():
            raise BrokerAway(f"This connection to {self._path} is of no more use: claim or read anew.")
        job = asyncio.get_running_loop().run_in_executor(
            self._executor, lambda: self._do(lambda c: work(c, *args, **kwargs))
        )
        try:
            return await job
        except asyncio.CancelledError:
            self.abandon()
            raise

    def abandon(self) -> None:
        """Break off what is under way; nothing runs in this session any more."""
        self._over.set()
        if self._connection is not None:
            with suppress(sqlite3.ProgrammingError):  # closed already
                self._connection.interrupt()

    async def close(self) -> None:
        """End what is under way, the connection and the thread."""
        self.abandon()
        if self._closing is None:
            self._closing = asyncio.get_running_loop().run_in_executor(self._executor, self._disconnect)
        try:
            await asyncio.shield(self._closing)
        finally:
            self._executor.shutdown(wait=self._closing.done())

    def _do(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        deadline = time.monotonic() + self._patience
        while True:
            try:
                return work(self._opened())
            except sqlite3.Error as error:
                if busy(error) and time.monotonic() < deadline and not self._over.wait(_PAUSE):
                    continue
                if known := told(error, self._path):
                    raise known from error
                raise

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = store.open_file(self._path, create=self._create)
            self._file = self._identity()
        elif self._identity() != self._file:
            # SQLite would go on writing to the file that nobody can find any more.
            raise BrokerRefused(
                f"{self._path} was removed or replaced while in use: start again with the file that counts."
            )
        return self._connection

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._path)  # noqa: PTH116 (Path.stat takes three times as long, at every commit)
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def _disconnect(self) -> None:
        if self._connection is None:
            return
        with suppress(sqlite3.Error):
            # A statement clears an interrupt; left standing, it would keep the last one out from tidying up the log.
            self._connection.execute("SELECT 1")
        self._connection.close()
