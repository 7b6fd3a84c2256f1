"""The one worker that may poll the sources of a file: a lock beside it, which the kernel gives back when its process ends.

The one decision: the lock is no part of the database. SQLite locks by fcntl, and of a file that is closed anywhere in a
process all such locks of the process are gone.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from worker.broker.port import Share, shard_of_sources
from worker.errors import BrokerRefused


class EmbeddedMember:
    """See `port.Member`. A file has one shard of sources, and it falls to the one worker for good."""

    share = Share(frozenset((shard_of_sources(0),)))
    quiet_seconds = 0.0

    async def changed(self, share: Share) -> Share:
        """See `port.Member.changed`."""
        if share == self.share:
            await asyncio.Event().wait()
        return self.share

    async def confirmed(self) -> None:
        """See `port.Member.confirmed`."""


@contextmanager
def alone(path: Path, prefix: str) -> Iterator[EmbeddedMember]:
    """The membership of the only worker on the file's topics with that prefix. BrokerRefused: there is another."""
    # The file stays when the lock is given back: were it removed, two could each hold a lock on a file of that name.
    file = os.open(f"{path}-{prefix}run", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            who = os.pread(file, 20, 0).decode("ascii", "replace").strip()
            raise BrokerRefused(
                f"Another news-worker{f' (process {who})' if who else ''} polls the sources in {path}: end it first,"
                " or give this one a file of its own with --broker. Sources that are added while it runs are taken up."
            ) from None
        with suppress(OSError):  # for people alone, and the disk may be full
            os.ftruncate(file, 0)
            os.pwrite(file, b"%d" % os.getpid(), 0)
        yield EmbeddedMember()
    finally:
        os.close(file)
