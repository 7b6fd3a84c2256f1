"""How the topics of the contract are set: one table in Kafka's names, for every broker.

A broker writes these settings down when it makes a topic; from then on what is written there holds, not this table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from worker.broker.port import Layout
from worker.errors import BrokerRefused, UsageError
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

_TO_MAKE: Final = "`news-worker topics create` makes the missing ones."


def _same(found: str | None, wanted: str) -> bool:
    return found is not None and set(found.split(",")) == set(wanted.split(","))


def _at_least(found: str | None, wanted: str) -> bool:
    return found is not None and int(found) >= int(wanted)


# Without these the contract does not hold; how long and in what pieces a topic is kept is for the operator to say.
_MUST_HOLD: Final[Mapping[str, tuple[str, Callable[[str | None, str], bool]]]] = {
    "cleanup.policy": ("", _same),
    "message.timestamp.type": ("", _same),
    "max.message.bytes": ("at least ", _at_least),
    "min.compaction.lag.ms": ("at least ", _at_least),
    "min.insync.replicas": ("at least ", _at_least),
}


def name(topic: Topic, prefix: str) -> str:
    """The topic as the broker knows it. UsageError: the prefix can't be part of a topic's name."""
    if not _LEGAL.fullmatch(prefix):
        raise UsageError(
            f"The prefix {prefix!r} can't be used: a topic's name takes letters, digits, '.', '_' and '-', 200 at most."
        )
    return prefix + topic.value


def check(wanted: Mapping[Topic, Layout], found: Mapping[Topic, Layout]) -> None:
    """BrokerRefused, with each difference, unless every topic is there and will do."""
    if wrong := differences(wanted, found):
        raise BrokerRefused("\n".join(wrong))


def differences(wanted: Mapping[Topic, Layout], found: Mapping[Topic, Layout]) -> list[str]:
    """A sentence for each way in which the topics would not do; retention, segments and the like are the operator's."""
    sentences = []
    for topic, layout in wanted.items():
        there = found.get(topic)
        if there is None:
            sentences.append(f"{layout.name} is missing")
            continue
        if there.partitions != layout.partitions:
            sentences.append(
                f"{layout.name} has {there.partitions} partitions, expected are {layout.partitions}: a topic in use can't change"
                " them; set kafka_partitions to what it was made with"
            )
        if layout.replication and (there.replication or 0) < layout.replication:
            sentences.append(
                f"{layout.name} has copies: {there.replication}, expected are {layout.replication}: let Kafka make more of them,"
                f" or set kafka_replication to {there.replication}"
            )
        sentences.extend(
            f"{layout.name} has {name}={there.settings.get(name)}, expected is {rule}{layout.settings[name]}: alter it in Kafka"
            for name, (rule, holds) in _MUST_HOLD.items()
            if name in layout.settings and not holds(there.settings.get(name), layout.settings[name])
        )
    if any(topic not in found for topic in wanted):
        sentences.append(_TO_MAKE)
    return sentences
