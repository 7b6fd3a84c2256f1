"""The file itself: whether its place and its kind are right, how it is opened, and how it is made.

The one decision: a file says by SQLite's application_id and user_version whose it is and how new, and anything else
than ours, this old or older, is refused rather than repaired.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Final

from worker.broker.embedded.mounts import network_mount
from worker.errors import BrokerMissing, BrokerRefused

APPLICATION_ID: Final = 0x4E657773  # "News"
VERSION: Final = 1
_PAGE_BYTES: Final = 16_384  # six articles of 2.5 kB a page; with 4 kB it would be one, and twice the bytes written
_LOCK_WAIT: Final = 0.02  # seconds that SQLite itself waits; the session tries again and can be told to stop between
_TOPIC: Final = """
CREATE TABLE topic(
    name TEXT PRIMARY KEY,
    settings TEXT NOT NULL,    -- a JSON object, Kafka's names
    next INTEGER NOT NULL,     -- the offset of the next record
    cleaned INTEGER NOT NULL,  -- compaction has seen all before this offset
    swept INTEGER NOT NULL     -- when housekeeping last came to its end, ms
) WITHOUT ROWID
"""
_SHARD: Final = "CREATE TABLE shard(name TEXT PRIMARY KEY, epoch INTEGER NOT NULL) WITHOUT ROWID"
_KIND: Final = (f"PRAGMA application_id = {APPLICATION_ID}", f"PRAGMA user_version = {VERSION}")


def open_file(path: Path, *, create: bool) -> sqlite3.Connection:
    """A connection to the file (absolute, symlinks resolved), durable at commit.

    Raises BrokerRefused where it must not or can't be used, and sqlite3.Error.
    """
    _check_place(path, create=create)
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode={'rwc' if create else 'rw'}",
        uri=True,
        timeout=_LOCK_WAIT,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=512,
    )
    try:
        _check_kind(connection, path, create=create)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA cache_size = -16384")  # KiB
        connection.execute("PRAGMA journal_size_limit = 67108864")  # bytes; what a burst left of the log is given back
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, and the only writer from its first statement on, so that what it reads holds until it commits."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # after some errors SQLite has rolled back already
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        raise


def _check_place(path: Path, *, create: bool) -> None:
    folder = path.parent
    if not folder.is_dir():
        raise BrokerRefused(f"There is no folder {folder} for {path.name}: make it, or name another file.")
    if kind := _network(folder):
        raise BrokerRefused(
            f"{path} lies on a network file system ({kind}), where locks don't hold: name a file on a local disk."
        )
    if not path.exists() and not create:
        raise BrokerMissing(f"There is no file {path}: `news-worker sources add` and `replay` make it.")
    # Readers write too: the index of the log is memory that all who have the file open share.
    for place in (folder, path):
        if place.exists() and not os.access(place, os.R_OK | os.W_OK):
            raise BrokerRefused(
                f"{place} can't be written by this user: give it read and write access, or name another file."
            )


def _network(folder: Path) -> str | None:
    try:
        mountinfo = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None  # not Linux: there is nothing to judge by
    return network_mount(mountinfo, PurePosixPath(folder))


def _check_kind(connection: sqlite3.Connection, path: Path, *, create: bool) -> None:
    empty = _empty(connection)  # asked first: a file that another process makes meanwhile then has its mark already
    ((application,),) = connection.execute("PRAGMA application_id")
    ((version,),) = connection.execute("PRAGMA user_version")
    if empty and application == 0:  # new, or its making was broken off
        if not create:
            raise BrokerMissing(f"{path} is empty: `news-worker sources add` and `replay` make the database.")
        _initialise(connection, path)
    elif application != APPLICATION_ID:
        raise BrokerRefused(f"{path} is a database of another program: name another file.")
    elif version > VERSION:
        raise BrokerRefused(f"{path} was made by a newer news-worker (format {version}, not {VERSION}): use that one.")


def _empty(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None


def _initialise(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")  # only before the first table
    ((mode,),) = connection.execute("PRAGMA journal_mode = WAL")
    if mode != "wal":
        raise BrokerRefused(
            f"The file system of {path} has no shared memory, which readers need: name a file on another disk."
        )
    with transaction(connection):
        if _empty(connection):  # else another process was quicker
            for statement in (_TOPIC, _SHARD, *_KIND):
                connection.execute(statement)
