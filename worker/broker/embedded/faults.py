"""What SQLite's errors mean here: what to wait for, what never gets better, and the one case nobody can know.

Judged by the extended result code (https://www.sqlite.org/rescode.html), never by the text.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from worker.errors import BrokerAway, BrokerError, BrokerRefused, Unsure

_LOCKED: Final = "{} is locked by another program: end it, or wait until it is done."
_CLOSED: Final = "{} can't be written: give this user write access to the file and to its folder."
_AWAY: Final = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_PROTOCOL: _LOCKED,
    sqlite3.SQLITE_FULL: "There is no room left for {}: free some on its disk. Nothing is lost; work goes on then.",
    sqlite3.SQLITE_IOERR: "{} can't be read or written ({}): is its disk full, or failing? Nothing is lost.",
    sqlite3.SQLITE_INTERRUPT: "The work on {} was broken off.",
}
_REFUSED: Final = {
    sqlite3.SQLITE_NOTADB: "{} is no SQLite database: name another file, or move this one out of the way.",
    sqlite3.SQLITE_CORRUPT: "{} is damaged: move it and its -wal file out of the way, and restore a copy.",
    sqlite3.SQLITE_READONLY: _CLOSED,
    sqlite3.SQLITE_PERM: _CLOSED,
    sqlite3.SQLITE_CANTOPEN: "{} can't be opened: is it a file that this user may read and write, like its folder?",
}
_UNSYNCED: Final = frozenset({sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC})


def told(error: sqlite3.Error, path: Path) -> BrokerError | None:
    """The error in our words; None: a bug of ours, not a state of the file."""
    code = getattr(error, "sqlite_errorcode", 0)
    name = getattr(error, "sqlite_errorname", "")
    if code in _UNSYNCED:
        # The transaction stands in the log but perhaps not on the disk: after a power loss it is there or not.
        return Unsure(f"{path} could not be flushed to its disk: whether the last transaction is kept is not known.")
    if sentence := _AWAY.get(code & 0xFF):
        return BrokerAway(sentence.format(path, name))
    if sentence := _REFUSED.get(code & 0xFF):
        return BrokerRefused(sentence.format(path))
    return None


def busy(error: sqlite3.Error) -> bool:
    """Whether nothing happened because another connection held a lock: the same may be tried again."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_PROTOCOL}
