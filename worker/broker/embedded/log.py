"""Topics as tables: what is appended, read and fenced, in SQL. Each function is called in a session's thread.

The one decision: one statement carries many rows. Python's sqlite3 lets go of the interpreter lock at every step, and
getting it back from a busy event loop takes milliseconds: with a step a row a commit took forty times longer there.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Final, TypeVar

from worker.broker import topics
from worker.broker.embedded.headers import pack, unpack
from worker.broker.embedded.store import transaction
from worker.broker.port import Layout, Span, Stored, TopicInfo
from worker.errors import BrokerMissing, BrokerRefused, ClaimLost, RecordRefused
from worker.model import Record, Topic

_ROWS: Final = 256  # a statement; five values each, and SQLite takes 32,766
_CHUNK_ROWS: Final = 1_000
_CHUNK_BYTES: Final = 4 * 1024 * 1024
_END: Final = 2**63 - 1
_RANDOM_BITS: Final = 32
_T = TypeVar("_T")

Row = tuple[int, bytes, bytes | None, bytes]  # timestamp, key, value, headers


@dataclass(frozen=True, slots=True)
class Table:
    """A topic as its file has it."""

    name: str
    settings: Mapping[str, str]

    @property
    def layout(self) -> Layout:
        """In the port's words: one partition, no copies."""
        return Layout(self.name, 1, None, self.settings)

    @property
    def sql(self) -> str:
        """The table's name, quoted."""
        return f'"{self.name}"'

    @property
    def latest(self) -> str:
        """The table, quoted, that knows where each key stands among the records compaction has seen."""
        return f'"{self.name}/latest"'

    @property
    def policy(self) -> frozenset[str]:
        """compact, delete, or both."""
        return frozenset(self.settings["cleanup.policy"].split(","))

    @property
    def supersedes(self) -> bool:
        """Whether a record replaces the one before it with its key at once: state, rewritten all the time."""
        return self.policy == {"compact"}


def tables(connection: sqlite3.Connection, prefix: str, path: Path, *, create: bool) -> dict[Topic, Table]:
    """The topics of the prefix as the file has them. With `create` the missing ones are made, else BrokerRefused."""
    there = found(connection, prefix)
    missing = [topic for topic in Topic if topic not in there]
    if not missing:
        return there
    if not create:
        raise BrokerMissing(
            f"{path} has no topic {topics.name(missing[0], prefix)}: is the prefix right? `news-worker replay` makes it."
        )
    with transaction(connection):
        for topic in missing:
            _make(connection, Table(topics.name(topic, prefix), topics.SETTINGS[topic]))
    return found(connection, prefix)


def found(connection: sqlite3.Connection, prefix: str) -> dict[Topic, Table]:
    """The topics of the prefix that the file has."""
    settings = dict(connection.execute("SELECT name, settings FROM topic"))
    names = {topic: topics.name(topic, prefix) for topic in Topic}
    return {topic: Table(name, json.loads(settings[name])) for topic, name in names.items() if name in settings}


def _make(connection: sqlite3.Connection, table: Table) -> None:
    if connection.execute("SELECT 1 FROM topic WHERE name = ?", (table.name,)).fetchone():
        return  # another process was quicker
    connection.execute("INSERT INTO topic VALUES(?, ?, 0, 0, 0)", (table.name, json.dumps(dict(table.settings))))
    connection.execute(
        f"CREATE TABLE {table.sql}(offset INTEGER PRIMARY KEY, timestamp INTEGER NOT NULL, key BLOB NOT NULL,"
        " value BLOB, headers BLOB NOT NULL)"
    )
    if table.supersedes:
        connection.execute(f'CREATE UNIQUE INDEX "{table.name}/key" ON {table.sql}(key)')
        connection.execute(f'CREATE INDEX "{table.name}/tombstones" ON {table.sql}(timestamp) WHERE value IS NULL')
    elif "compact" in table.policy:
        connection.execute(f"CREATE TABLE {table.latest}(key BLOB PRIMARY KEY, offset INTEGER NOT NULL) WITHOUT ROWID")


def fence(connection: sqlite3.Connection, shard: str) -> int:
    """The shard's new epoch, from now on the only one that commits.

    It counts in its upper half; its lower half is random: a file on which an older copy was restored counts from an older
    number, and is not to give an epoch that somebody who was left running still has.
    """
    with transaction(connection):
        found = connection.execute("SELECT epoch FROM shard WHERE name = ?", (shard,)).fetchone()
        epoch: int = (((found[0] if found else 0) >> _RANDOM_BITS) + 1 << _RANDOM_BITS) + secrets.randbits(_RANDOM_BITS)
        connection.execute("INSERT OR REPLACE INTO shard VALUES(?, ?)", (shard, epoch))
        return epoch


def commit(
    connection: sqlite3.Connection, shard: str, epoch: int, tables: Mapping[Topic, Table], records: Sequence[Record]
) -> None:
    """Append all the records, or none: ClaimLost: the shard has another epoch; RecordRefused: one is too large."""
    batches = _batched(tables, records)
    with transaction(connection):
        if connection.execute("SELECT epoch FROM shard WHERE name = ?", (shard,)).fetchone() != (epoch,):
            raise ClaimLost(f"{shard} has another owner now.")
        for topic, rows in batches.items():
            _append(connection, tables[topic], rows)


def append(connection: sqlite3.Connection, tables: Mapping[Topic, Table], records: Sequence[Record]) -> None:
    """Append all the records, or none, whoever owns what. RecordRefused: one is too large."""
    batches = _batched(tables, records)
    with transaction(connection):
        for topic, rows in batches.items():
            _append(connection, tables[topic], rows)


def _batched(tables: Mapping[Topic, Table], records: Sequence[Record]) -> Mapping[Topic, list[Row]]:
    batches: defaultdict[Topic, list[Row]] = defaultdict(list)
    limits = {topic: limit(table) for topic, table in tables.items()}
    for record in records:
        batches[record.topic].append(_row(record, limits[record.topic]))
    return batches


def limit(table: Table) -> int:
    """The most bytes that key, value and headers of one record may have together."""
    return int(table.settings["max.message.bytes"])


def _row(record: Record, most: int) -> Row:
    headers = pack(record.headers)
    value = record.value
    if len(record.key) + len(value or b"") + len(headers) > most:  # an upper bound: the blob holds lengths too
        size = len(record.key) + len(value or b"") + sum(len(name.encode()) + len(v) for name, v in record.headers)
        if size > most:
            raise RecordRefused(f"A record of {size:,} bytes is over the {most:,} of {record.topic.value}.")
    return record.timestamp, record.key, value, headers


def _append(connection: sqlite3.Connection, table: Table, rows: Sequence[Row]) -> None:
    first = end(connection, table)
    connection.execute("UPDATE topic SET next = ? WHERE name = ?", (first + len(rows), table.name))
    numbered = [(offset, *row) for offset, row in zip(count(first), rows, strict=False)]
    if table.supersedes:
        newest = {row[2]: row for row in numbered}  # by key
        for keys in _cut(list(newest)):
            connection.execute(_delete(table.sql, len(keys)), keys)
        numbered = sorted(newest.values())
    for part in _cut(numbered):
        connection.execute(_insert(table.sql, len(part)), [value for row in part for value in row])


def _cut(rows: Sequence[_T]) -> list[Sequence[_T]]:
    """In parts of `_ROWS`, then of smaller powers of two: each length is a statement of its own, and SQLite keeps them all."""
    parts, at = [], 0
    while at < len(rows):
        size = min(_ROWS, 1 << (len(rows) - at).bit_length() - 1)
        parts.append(rows[at : at + size])
        at += size
    return parts


@lru_cache(maxsize=512)
def _insert(table: str, rows: int) -> str:
    return f"INSERT INTO {table} VALUES{','.join(['(?,?,?,?,?)'] * rows)}"


@lru_cache(maxsize=512)
def _delete(table: str, keys: int) -> str:
    return f"DELETE FROM {table} WHERE key IN ({','.join('?' * keys)})"


def end(connection: sqlite3.Connection, table: Table) -> int:
    """The offset that the topic's next record gets; offsets are never given twice, whatever is removed."""
    ((offset,),) = connection.execute("SELECT next FROM topic WHERE name = ?", (table.name,))
    return int(offset)


def first_since(connection: sqlite3.Connection, table: Table, since: int) -> int:
    """The first offset whose record is of that time (ms) or later, else the end.

    Looks at one record after another: an index on time would cost each commit a fifth more.
    """
    sql = f"SELECT offset FROM {table.sql} WHERE timestamp >= ? ORDER BY offset LIMIT 1"
    found = connection.execute(sql, (since,)).fetchone()
    return int(found[0]) if found else end(connection, table)


def chunk(connection: sqlite3.Connection, table: Table, start: int, stop: int | None) -> list[Stored]:
    """The next records from `start` on and before `stop`: some, bounded in number and bytes; none at the end.

    BrokerRefused: with no `stop`, the end lies before the start.
    """
    sql = (
        f"SELECT offset, timestamp, key, value, headers FROM {table.sql} WHERE offset >= ? AND offset < ?"
        f" ORDER BY offset LIMIT {_CHUNK_ROWS}"
    )
    records: list[Stored] = []
    size = 0
    cursor = connection.execute(sql, (start, _END if stop is None else stop))
    for offset, timestamp, key, value, headers in cursor:
        records.append(Stored(table.name, 0, offset, timestamp, key, value, unpack(headers)))
        size += len(value or b"") + len(headers)
        if size > _CHUNK_BYTES:
            break
    cursor.close()  # a read left open would keep the log from being reset
    if not records and stop is None and end(connection, table) < start:
        raise BrokerRefused(
            f"{table.name} ends before what was read of it already: an older copy of the file was restored meanwhile."
            " End every process that has it open, and start again."
        )
    return records


def describe(connection: sqlite3.Connection, table: Table) -> TopicInfo:
    """What the topic holds and how it is set."""
    last = end(connection, table)
    ((first,),) = connection.execute(f"SELECT min(offset) FROM {table.sql}")
    return TopicInfo(table.layout, (Span(last if first is None else first, last),))
