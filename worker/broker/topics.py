"""How the topics of the contract are set: one table in Kafka's names, for every broker.

A broker writes these settings down when it makes a topic; from then on what is written there holds, not this table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from worker.errors import UsageError
from worker.model import Topic

_DAY: Final = 24 * 60 * 60 * 1000
_LEGAL: Final = re.compile(r"[A-Za-z0-9._-]{0,200}")  # Kafka allows names of 249 characters of these


def _settings(**own: str | int) -> Mapping[str, str]:
    common = {"message.timestamp.type": "CreateTime", "max.message.bytes": 1_048_588}
    return MappingProxyType({name.replace("_", "."): str(value) for name, value in {**common, **own}.items()})


def _state() -> Mapping[str, str]:
    """Rewritten all the time and read whole at every start, so small segments that are cleaned early."""
    return _settings(
        cleanup_policy="compact",
        delete_retention_ms=_DAY,
        segment_bytes=16 * 1024 * 1024,
        segment_ms=_DAY,
        min_cleanable_dirty_ratio="0.2",
    )


SETTINGS: Final[Mapping[Topic, Mapping[str, str]]] = MappingProxyType(
    {
        Topic.ARTICLES: _settings(
            cleanup_policy="compact,delete",
            retention_ms=90 * _DAY,
            min_compaction_lag_ms=7 * _DAY,  # a live reader sees every version
            delete_retention_ms=_DAY,
            segment_ms=_DAY,
        ),
        Topic.REJECTS: _settings(cleanup_policy="delete", retention_ms=30 * _DAY),
        Topic.SOURCES: _state(),
        Topic.CHECKPOINTS: _state(),
        Topic.INBOX: _settings(cleanup_policy="delete", retention_ms=7 * _DAY),
        Topic.REPLAYS: _state(),
    }
)


def name(topic: Topic, prefix: str) -> str:
    """The topic as the broker knows it. UsageError: the prefix can't be part of a topic's name."""
    if not _LEGAL.fullmatch(prefix):
        raise UsageError(
            f"The prefix {prefix!r} can't be used: a topic's name takes letters, digits, '.', '_' and '-', 200 at most."
        )
    return prefix + topic.value
