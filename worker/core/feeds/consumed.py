"""decide for an upstream topic: each record is `created`, version 1, and what is remembered is a position in each partition.

The position moves on with every part, and a part never ends within a record: so it is never more than an offset.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

import orjson

from worker.core import event, identity
from worker.core.feeds.decide import MOST_RECORDS
from worker.core.feeds.entry import NOTHING, hashed
from worker.core.feeds.held import Held
from worker.core.feeds.memory import ShardMemory
from worker.core.normalise import links
from worker.core.replays.decide import refused_by_broker
from worker.core.sources.definitions import source_of
from worker.core.sources.urls import topic_of
from worker.model import (
    Article,
    Definition,
    Fate,
    Head,
    Mode,
    Note,
    Part,
    Reading,
    Record,
    Rejection,
    Source,
    Withdrawal,
)

_MOST_BYTES: Final = 1024 * 1024
_PASSED_OVER: Final = "a deletion: of an upstream topic none is remembered that it could withdraw"


@dataclass(frozen=True, slots=True)
class Where:
    """A partition of an upstream topic. `topic`: as `Head.positions_in`."""

    definition: Definition
    topic: str
    partition: int

    @property
    def name(self) -> str:
        """What its parts are called by: their ends are offsets, which count in one partition only."""
        return f"{self.definition.id}/{self.partition}"


@dataclass(slots=True)
class Made:
    """What records of a topic come to, item by item; `nth`: of the articles and rejections of the record at hand, the last one.

    `refused`: by the end of a record, which of them, from 1, the broker has been seen to refuse.
    """

    source: Source
    partition: int
    observed_at: int  # ms
    refused: Mapping[int, int]
    records: list[Record] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    fates: Counter[Fate] = field(default_factory=Counter)
    notes: list[Note] = field(default_factory=list)
    bytes: int = 0
    nth: int = 0

    @property
    def full(self) -> bool:
        """Whether it is enough for a part."""
        return self.bytes >= _MOST_BYTES

    def take(self, item: Article | Rejection | Withdrawal, memory: ShardMemory) -> None:
        """The next item of the record."""
        if isinstance(item, Withdrawal):
            self.fates[Fate.SKIPPED] += 1
            self.notes.append(Note("withdrawal_passed_over", _PASSED_OVER))
            return
        if isinstance(item, Article) and _forgotten(item, memory):
            self.fates[Fate.SKIPPED] += 1
            return
        self.nth += 1
        at_fault = self.refused.get(item.end) == self.nth
        found = self._refused(item) if at_fault and isinstance(item, Article) else item
        if isinstance(found, Article):
            self._add(event.created(found, self.source, self.observed_at, mode=Mode.LIVE), Fate.CREATED)
        else:
            self.rejected.append(found)
            self._add(event.rejected(found, self.source, self.observed_at), Fate.REJECTED)

    def _refused(self, article: Article) -> Rejection:
        """Its key is where it lies, as that of all rejections of a topic: which article it was, its bytes say."""
        topic = topic_of(self.source.url or "")
        place = identity.offset_key(topic, self.partition, article.end - 1)
        return replace(refused_by_broker(article), entry_key=place)

    def _add(self, record: Record, fate: Fate) -> None:
        self.records.append(record)
        self.fates[fate] += 1
        self.bytes += len(record.value or b"")


def consumed(  # noqa: PLR0913 (a reading, and what is known besides)
    reading: Reading,
    where: Where,
    memory: ShardMemory,
    now: int,
    *,
    refused: Mapping[int, int] = MappingProxyType({}),
    most: int = MOST_RECORDS,
) -> Iterator[Part]:
    """The parts that a run of records comes to, at least one; each is decided, and memory changed, as it is asked for.

    Items of one record have the same `end`, the offset after it. `refused`: as in `Made`. `most`: records a part may have, unless
    one upstream record alone comes to more.
    """
    source, items = source_of(where.definition), reading.items
    made = Made(source, where.partition, reading.observed_at, refused)
    for number, item in enumerate(items, 1):
        made.take(item, memory)
        if number < len(items) and items[number].end != item.end:
            made.nth = 0
            if len(made.records) >= most or made.full:
                yield _part(made, where, memory, item.end, now)
                made = Made(source, where.partition, reading.observed_at, refused)
    made.notes += reading.notes
    yield _part(made, where, memory, reading.end, now)


def placed(
    definition: Definition, topic: str, memory: ShardMemory, found: Mapping[int, int], now: int
) -> Iterator[Part]:
    """Reading goes on at offsets that no record led to: where these partitions begin by now, or where their ends were."""
    _move(memory.held(definition.id), topic, found, now)
    yield Part(definition.id, ())


def recovered(definition: Definition, memory: ShardMemory, now: int) -> Iterator[Part]:
    """The topic can be read again; no part where it always could."""
    held = memory.held(definition.id)
    if held.opened.faults:
        _well(held.opened, now)
        held.touch()
        yield Part(definition.id, ())


def positions(head: Head | None, topic: str) -> dict[int, int]:
    """Where reading goes on, by partition; none where nothing is remembered of this topic."""
    return dict(head.positions) if head is not None and head.positions_in == topic else {}


def _part(made: Made, where: Where, memory: ShardMemory, end: int, now: int) -> Part:
    _move(memory.held(where.definition.id), where.topic, {where.partition: end}, now)
    records, rejected, notes = tuple(made.records), tuple(made.rejected), tuple(made.notes)
    return Part(where.name, records, made.fates, rejected, notes, end, made.fates.total())


def _move(held: Held, topic: str, found: Mapping[int, int], now: int) -> None:
    head = held.opened
    if head.positions_in != topic:
        head.positions, head.positions_in = {}, topic
    head.positions.update(found)
    head.repaired = False
    _well(head, now)
    held.touch()


def _well(head: Head, now: int) -> None:
    head.polled_at = head.read_at = now
    head.fault, head.faults, head.fault_since, head.not_before = None, 0, 0, 0


def _forgotten(article: Article, memory: ShardMemory) -> bool:
    """Whether a mark says that it is not to come back: under its id, or by its link."""
    if not memory.has_marks:
        return False
    item = orjson.loads(article.item + b"}")
    link = next((one["value"] for one in item.get("altIds", ()) if one["role"] == "link"), "")
    (compared,) = links.comparison_keys([link])
    known = NOTHING if compared is None or links.is_home(compared) else hashed(("link", compared))
    return memory.forgot(identity.binary(article.article_id), known)
