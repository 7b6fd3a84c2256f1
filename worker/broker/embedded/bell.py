"""How a reader at the end learns of the next commit without asking again and again: inotify on the folder.

The one decision: a commit rings by touching the database file. Writes to the log can't be the signal: they come before
the commit becomes visible, so a reader woken by them may look too early and sleep for good. A writer that was killed
between commit and touch is heard all the same: the kernel closes its files.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from worker.errors import BrokerAway, BrokerRefused


def ring(path: Path) -> None:
    """Tell all who listen that something was committed."""
    with suppress(OSError):  # the commit stands, whether it can be told or not
        os.utime(path)


@contextmanager
def listening(path: Path) -> Iterator[Callable[[], Awaitable[None]]]:
    """A function that returns once the bell has rung since it was last awaited, or since listening began.

    So whoever looks for records between the two misses none. BrokerAway: the system has no watch left to give.
    BrokerRefused, from the function: the file was removed or renamed.
    """
    from asyncinotify import Inotify, Mask  # noqa: PLC0415 (start-up time: who only writes never listens)

    try:
        inotify = Inotify()
        inotify.add_watch(path.parent, Mask.ATTRIB | Mask.CLOSE_WRITE | Mask.DELETE | Mask.MOVED_FROM)
    except OSError as error:
        raise BrokerAway(
            f"Can't wait for changes of {path} ({error.strerror}):"
            " raise fs.inotify.max_user_instances, or end other programs that watch files."
        ) from error
    names = {path.name, f"{path.name}-wal"}

    async def heard() -> None:
        while True:
            event = await inotify.get()
            name = None if event.name is None else event.name.name
            if name == path.name and event.mask & (Mask.DELETE | Mask.MOVED_FROM):
                raise BrokerRefused(f"{path} was removed or renamed while being read.")
            if name is None or name in names:  # None: of the folder itself, or some events were dropped
                return

    with inotify:
        yield heard
