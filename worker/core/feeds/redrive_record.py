"""A rejected record of an upstream topic decided once more: its kept bytes are read again, or, where they are a part of it, it is.

Always: no articles of a topic are remembered that could supersede it. Redriven twice it comes to the same events, by their ids.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import orjson

from worker.core import identity
from worker.core.event import article_of
from worker.core.feeds.consumed import Made
from worker.core.feeds.held import Held
from worker.core.feeds.inbox import State
from worker.core.feeds.memory import ShardMemory
from worker.core.feeds.redrive import Kept
from worker.core.sources.definitions import source_of
from worker.core.sources.urls import topic_of
from worker.core.upstream import documents
from worker.model import (
    Article,
    Definition,
    Document,
    Extent,
    Fate,
    Part,
    Reading,
    Redrive,
    Rejection,
    Stage,
    UpstreamRecord,
)

_MOST_WAITING: Final = 100  # of a topic; they stand in its head
_GONE: Final = "not all of it was kept, and its topic does not have the record any more"
_ANOTHER: Final = "not all of it was kept, and where it lay in its topic another record lies now"
_FORGOTTEN: Final = "it is taken down (`news-worker forget`): it does not come back"


def redrive_of(found: Kept, command: str, definition: Definition) -> Redrive | None:
    """What is wanted by the command of that id; None: it doesn't say where in the topic of that source it lies."""
    try:
        topic, partition, offset, *entry = orjson.loads(found.entry_key)
    except (orjson.JSONDecodeError, ValueError, TypeError):
        return None
    numbers = (partition, offset, *entry)
    if topic != topic_of(definition.url) or len(entry) > 1 or not all(type(one) is int for one in numbers):
        return None
    if found.stage != Stage.PUBLISH:
        return Redrive(command, partition, offset, Extent.ENTRY if entry else Extent.RECORD, found.digest)
    article = article_of(found.raw)
    return None if article is None else Redrive(command, partition, offset, Extent.ARTICLE, article)


def document_of(found: Kept, definition: Definition, now: int) -> Document | None:
    """The kept bytes as the record that they are; None: they are a part of it. `now`: ms, of observation.

    Of its headers none is kept: a CloudEvent is known by what it says.
    """
    wanted = redrive_of(found, "", definition)
    if wanted is None or wanted.extent is not Extent.RECORD or not found.whole:
        return None
    return _document(UpstreamRecord(wanted.partition, wanted.offset, now, found.raw, ()), definition, now)


def ask_again(wanted: Redrive, held: Held) -> bool:
    """The record is to be consumed again; False: too many are."""
    head = held.opened
    if len(head.redrives) >= _MOST_WAITING:
        return False
    head.redrives = (*head.redrives, wanted)
    held.touch()
    return True


def document_again(wanted: Redrive, record: UpstreamRecord | None, definition: Definition, now: int) -> Document | str:
    """The record that lies in its place now; or why that is not the one. `now`: ms, of observation."""
    if record is None:
        return _GONE
    if wanted.extent is Extent.RECORD and hashlib.sha256(record.value or b"").hexdigest() != wanted.name:
        return _ANOTHER
    document = _document(record, definition, now)
    return replace(document, only=wanted.name) if wanted.extent is Extent.ENTRY else document


def _document(record: UpstreamRecord, definition: Definition, now: int) -> Document:
    (document,) = documents(definition, record.partition, [record], now)
    return document


def redriven(
    wanted: Redrive, reading: Reading, definition: Definition, memory: ShardMemory, refused: Mapping[int, int]
) -> tuple[State, str, Part | None]:
    """What its second reading comes to. `refused`: as in `Made`.

    What is rejected still is said, and not rejected twice; an entry of a feed that could not be read before is rejected.
    """
    made = Made(source_of(definition), wanted.partition, reading.observed_at, refused)
    still: Rejection | None = None
    place = identity.offset_key(topic_of(definition.url), wanted.partition, wanted.offset)
    for item in reading.items:
        if isinstance(item, Rejection) and (item.entry_key == place or wanted.extent is Extent.ENTRY):
            still = item
        elif wanted.extent is not Extent.ARTICLE or (isinstance(item, Article) and item.article_id == wanted.name):
            made.take(item, memory)
    if wanted.extent is Extent.ARTICLE and made.rejected:
        return State.REFUSED, _still(made.rejected[0]), None
    told = _said(made, still, wanted)
    rejected, notes = tuple(made.rejected), (*made.notes, *reading.notes)
    part = Part(definition.id, tuple(made.records), made.fates, rejected, notes, reading.end, made.fates.total())
    return *told, part if part.records else None


def _said(made: Made, still: Rejection | None, wanted: Redrive) -> tuple[State, str]:
    created, rejected = made.fates[Fate.CREATED], made.rejected
    if created:
        beside = f", {len(rejected)} of its entries rejected" if rejected else ""
        return State.DONE, ("it is created" if created == 1 else f"{created} articles of it are created") + beside
    if still or rejected:
        return State.REFUSED, _still(still or rejected[0])
    if made.fates[Fate.SKIPPED] > len(made.notes):  # each of the others is a deletion, and has a note
        return State.SUPERSEDED, _FORGOTTEN
    return State.REFUSED, "there is no article in it" if wanted.extent is Extent.RECORD else _ANOTHER


def _still(rejection: Rejection) -> str:
    return f"it is rejected still: {rejection.code}: {rejection.message}"
