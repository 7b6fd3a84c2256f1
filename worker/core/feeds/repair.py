"""What can't be read of a shard, and the records that take it out of the way: for `news-worker repair`, never done unasked.

A source keeps whatever of it can be read. What was lost may be anything that its next document shows, so that document publishes
nothing that isn't remembered, as if the source were defined with `initial: skip`.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import orjson

from worker.core.feeds import head as heads
from worker.core.feeds import pages
from worker.core.feeds.entry import STRIDE, articles
from worker.core.feeds.inbox import SHARD_KEY, Inbox
from worker.core.feeds.restore import Restoring, Wreck
from worker.model import Head, Record, Topic


@dataclass(frozen=True, slots=True)
class Damage:
    """Of a shard: the sources that can't be read, by id, and why of records that belong to none, by key."""

    sources: dict[str, Wreck]
    records: dict[bytes, str]
    forgotten: AbstractSet[bytes] = frozenset()  # articles; no source is to remember one of them


def damage(restoring: Restoring) -> Damage:
    """What is wrong with what was absorbed, which is given away by that."""
    for _ in restoring.sources():
        pass
    return Damage(restoring.refused, restoring.unreadable, restoring.forgotten.keys())


def left_of(found: Damage, source: str) -> bytearray:
    """The entries of a source that can be read, packed, each article once."""
    wreck, left, seen = found.sources[source], bytearray(), set(found.forgotten)
    for number in sorted(wreck.pages):
        page = wreck.pages[number]
        for slot, article in enumerate(articles(page)):
            if article not in seen:
                seen.add(article)
                left += page[slot * STRIDE : (slot + 1) * STRIDE]
    return left


def mended(found: Damage, source: str, site: str | None, shard: int, at: int) -> list[Record]:
    """The records by which the source is remembered as what can be read of it. `site`: as it is defined; None: it isn't, and goes.

    `shard`: the partition of news.checkpoints.v1. `at`: the records' time, ms.
    """
    wreck = found.sources[source]
    entries = bytearray() if site is None else left_of(found, source)
    count = pages.pages_of(entries)
    value = None
    if site is not None:
        head = wreck.head[0] if wreck.head else Head()
        head.repaired, head.initial_done = True, False
        head.validators, head.body, head.count = None, b"", head.count + 1
        value = heads.dumped(head, wreck.head[1] if wreck.head else site, len(entries) // STRIDE)
    return [
        _record(pages.head_key(source), value, shard, at),
        *(_record(pages.page_key(source, number), pages.dumped(entries, number), shard, at) for number in range(count)),
        *(
            _record(pages.page_key(source, number), None, shard, at)
            for number in sorted(wreck.numbers)
            if number >= count
        ),
    ]


def cleared(keys: Collection[bytes], shard: int, at: int, inbox_end: int) -> list[Record]:
    """The records that take out what belongs to no source.

    Of a forgotten mark the articleId stays, which its key says. Where the shard's own record is lost, so is how far its inbox was
    read: nothing in it is carried out, up to its end, lest it be for the second time.
    """
    return [_record(key, _instead_of(key, inbox_end), shard, at) for key in keys]


def _instead_of(key: bytes, inbox_end: int) -> bytes | None:
    if key == SHARD_KEY:
        return Inbox(inbox_end).dumped()
    return pages.dumped_mark(pages.Mark()) if _is_mark(key) else None


def _is_mark(key: bytes) -> bool:
    try:
        kind, article, *_ = orjson.loads(key)
        return bool(kind == "forgotten" and uuid.UUID(article))
    except (ValueError, TypeError, AttributeError):
        return False


def _record(key: bytes, value: bytes | None, shard: int, at: int) -> Record:
    return Record(Topic.CHECKPOINTS, key, value, (), at, shard)


def said(found: Damage) -> Iterator[tuple[str, str]]:
    """For people: what can't be read, and why."""
    for source, wreck in sorted(found.sources.items()):
        yield f"source {source}", wreck.why
    for why in found.records.values():
        yield "no source", why
