"""What the owner of a shard says of it now and then: a record beside its checkpoints, committed like them, for people alone.

The record's value is a byte that says version 1, then JSON; members that a later release added are skipped.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Final

import orjson

from worker.core.identity import canonical
from worker.model import Record, ShardReport, Topic

_VERSION: Final = 1
_KEY: Final = canonical(["report"])
# Reports come every half a minute.
_SILENT_MS: Final = 120_000
_MEMBERS: Final = tuple(member.name for member in fields(ShardReport))


def report_record(report: ShardReport, partition: bytes | int) -> Record:
    """As it is stored in the shard's partition."""
    value = bytes((_VERSION,)) + orjson.dumps(report)
    return Record(Topic.CHECKPOINTS, _KEY, value, (), report.at, partition)


def silent(report: ShardReport | None, now: int) -> bool:
    """Whether no worker is known to have the shard at `now`, in ms: the last has said so, or nothing for two minutes."""
    return report is None or report.stopped or now - report.at > _SILENT_MS


def loaded_report(key: bytes, value: bytes | None) -> ShardReport | None:
    """The report that a record of news.checkpoints.v1 is; None: it is none, or none that can be read."""
    if key != _KEY or value is None or value[:1] != bytes((_VERSION,)):
        return None
    try:
        members = orjson.loads(memoryview(value)[1:])
        return ShardReport(**{name: members[name] for name in _MEMBERS if name in members})
    except (ValueError, KeyError, TypeError):
        return None
