"""Housekeeping: what a topic's settings no longer keep is removed a chunk at a time, by whoever commits.

The one decision: compaction goes over each record once. A side table knows where each key stands among the records
seen so far, so appending needs no index on keys; how far it has come is in the file, so an interruption costs nothing.

- delete: what is older than retention.ms goes, from the front, up to the first record that is not.
- compact,delete: of what is older than min.compaction.lag.ms the newest record of a key stays; a tombstone too, until
  retention takes it.
- compact: older records went when they were superseded; a tombstone goes once older than delete.retention.ms.

Room that becomes free is used again; the file does not shrink.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Final

from worker.broker.embedded.log import Table
from worker.broker.embedded.store import transaction

ROUND: Final = 60 * 60 * 1000  # ms between the end of a topic's housekeeping and its next
CHUNK: Final = 2_000  # records a transaction: some milliseconds, so that other writers aren't kept waiting


def sweep(connection: sqlite3.Connection, tables: Iterable[Table], now: int) -> int:
    """At most one chunk of work; returns when (ms) to call again: `now` while there is more to do."""
    due = []
    for table in tables:
        swept = _swept(connection, table)
        # A clock that was set back must not put housekeeping off until it has caught up.
        if swept <= now < swept + ROUND:
            due.append(swept + ROUND)
            continue
        with transaction(connection):
            if _step(connection, table, now):
                return now
            connection.execute("UPDATE topic SET swept = ? WHERE name = ?", (now, table.name))
        due.append(now + ROUND)
    return min(due)


def _swept(connection: sqlite3.Connection, table: Table) -> int:
    ((swept,),) = connection.execute("SELECT swept FROM topic WHERE name = ?", (table.name,))
    return int(swept)


def _step(connection: sqlite3.Connection, table: Table, now: int) -> bool:
    """One chunk of the table's work; whether there was a whole one, so perhaps more."""
    if table.supersedes:
        return _drop_tombstones(connection, table, now - int(table.settings["delete.retention.ms"]))
    if "delete" in table.policy and _expire(connection, table, now - int(table.settings["retention.ms"])):
        return True
    return "compact" in table.policy and _compact(connection, table, now - int(table.settings["min.compaction.lag.ms"]))


def _drop_tombstones(connection: sqlite3.Connection, table: Table, before: int) -> bool:
    sql = (
        f"DELETE FROM {table.sql} WHERE offset IN"
        f" (SELECT offset FROM {table.sql} WHERE value IS NULL AND timestamp < ? ORDER BY timestamp LIMIT {CHUNK})"
    )
    return connection.execute(sql, (before,)).rowcount == CHUNK


def _expire(connection: sqlite3.Connection, table: Table, before: int) -> bool:
    stop, whole = _older(connection, table, 0, before)
    if "compact" in table.policy:
        sql = f"DELETE FROM {table.latest} WHERE offset < ?1 AND key IN (SELECT key FROM {table.sql} WHERE offset < ?1)"
        connection.execute(sql, (stop,))
    connection.execute(f"DELETE FROM {table.sql} WHERE offset < ?", (stop,))
    return whole


def _compact(connection: sqlite3.Connection, table: Table, before: int) -> bool:
    ((start,),) = connection.execute("SELECT cleaned FROM topic WHERE name = ?", (table.name,))
    stop, whole = _older(connection, table, start, before)
    fresh = f"FROM {table.sql} WHERE offset >= ?1 AND offset < ?2"
    superseded = f"SELECT offset FROM {table.latest} WHERE key IN (SELECT key {fresh})"
    for sql in (
        f"DELETE FROM {table.sql} WHERE offset IN ({superseded})",
        f"DELETE {fresh} AND offset NOT IN (SELECT max(offset) {fresh} GROUP BY key)",
        f"INSERT OR REPLACE INTO {table.latest} SELECT key, offset {fresh}",
    ):
        connection.execute(sql, (start, stop))
    connection.execute("UPDATE topic SET cleaned = ? WHERE name = ?", (stop, table.name))
    return whole


def _older(connection: sqlite3.Connection, table: Table, start: int, before: int) -> tuple[int, bool]:
    """Where a chunk ends that begins at `start` and has only what is older than `before`; whether it is a whole one."""
    rows = f"(SELECT offset, timestamp FROM {table.sql} WHERE offset >= ?1 ORDER BY offset LIMIT {CHUNK})"
    sql = f"SELECT min(offset) FILTER (WHERE timestamp >= ?2), max(offset), count(*) FROM {rows}"
    ((young, last, found),) = connection.execute(sql, (start, before))
    if young is not None:
        return young, False
    return (start, False) if last is None else (last + 1, found == CHUNK)
