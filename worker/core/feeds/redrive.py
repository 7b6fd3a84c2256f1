"""A rejected entry of a feed decided once more: its kept bytes are read again, or, where they are no entry, its feed is.

Only while it is remembered as just that rejection: whatever came since (a publisher that mended it, another state of it) has
superseded it. The feed around it is gone, and with it what an entry has from its feed: an author, a language.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass
from typing import Any, Final

import orjson

from worker.core.feeds.answered import Answered
from worker.core.feeds.document import FeedDocument
from worker.core.feeds.entry import NOTHING, REJECTED, STRIDE
from worker.core.feeds.held import Held
from worker.core.feeds.match import again
from worker.core.feeds.memory import ShardMemory
from worker.core.normalise.links import without_secrets
from worker.core.sources.definitions import source_of
from worker.model import (
    Article,
    Definition,
    Document,
    Fate,
    Fetched,
    Format,
    Head,
    Part,
    Reading,
    Rejection,
    Stage,
)

_RAW: Final = 56  # where an entry has the hash of what it was read from
_ATOM: Final = b'<feed xmlns="http://www.w3.org/2005/Atom">%b</feed>'
_RSS: Final = b'<rss version="2.0"><channel>%b</channel></rss>'


@dataclass(frozen=True, slots=True)
class Kept:
    """A rejection as news.rejects.v1 keeps it."""

    source: str
    entry_key: str
    digest: str  # hex SHA-256 of all its bytes
    raw: bytes
    whole: bool  # `raw` is all of them
    stage: str


def kept(headers: Mapping[str, str], value: bytes) -> Kept:
    """From a record's headers. KeyError: it is no rejection."""
    return Kept(
        headers["reject_source_id"],
        headers["reject_entry_key"],
        headers["reject_digest"].removeprefix("sha256:"),
        value,
        "reject_cut" not in headers,
        headers["reject_stage"],
    )


def said(found: Kept) -> dict[str, object]:
    """As a command has it."""
    return {**asdict(found), "raw": base64.b64encode(found.raw).decode()}


def kept_of(said: Mapping[str, Any]) -> Kept:
    """From a command. KeyError, TypeError, ValueError: it is none."""
    bytes.fromhex(said["digest"])
    raw = base64.b64decode(said["raw"], validate=True)
    return Kept(said["source"], said["entry_key"], said["digest"], raw, said["whole"] is True, said["stage"])


def place_of(found: Kept, held: Held) -> int | None:
    """The slot of the entry that is remembered as just this rejection; None: it is superseded."""
    raw = bytes.fromhex(found.digest)[: len(NOTHING)]
    at = held.entries.find(raw)
    while at >= 0:
        slot, offset = divmod(at, STRIDE)
        if offset == _RAW and held.get(slot).has(REJECTED):
            return slot
        at = held.entries.find(raw, at + 1)
    return None


def document_of(found: Kept, definition: Definition, head: Head | None, now: int) -> Document | None:
    """The kept bytes as a feed of one entry; None: they are cut, or no entry as its feed had it. `now`: ms, of observation."""
    data = _feed_of(found.raw) if found.whole and found.stage != Stage.PUBLISH else None
    if data is None:
        return None
    url = (head and head.validators and head.validators.url) or (head and head.url) or definition.url
    source = source_of(definition)
    shape = Format.FEED if data.startswith(b"<") else Format.JSON_FEED
    fetched = Fetched(without_secrets(url), None, None, definition.zone, found.digest)
    return Document(source, "", shape, data, 0, -1, 0, now, fetched=fetched)


def _feed_of(raw: bytes) -> bytes | None:
    if raw.startswith(b"<"):
        name = raw[1:].split(maxsplit=1)[0].rstrip(b"/>").rpartition(b":")[2].lower()
        return (_ATOM if name.startswith(b"entry") else _RSS) % raw
    try:
        item = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(item, dict) or any(name.endswith("_detail") for name in item):  # as feedparser has it
        return None
    return b'{"version":"https://jsonfeed.org/version/1.1","items":[%b]}' % raw


def redriven(  # noqa: PLR0913, PLR0917 (as decide)
    found: Kept,
    reading: Reading,
    definition: Definition,
    memory: ShardMemory,
    now: int,
    refused: AbstractSet[int] = frozenset(),
) -> tuple[Part, Fate] | str | None:
    """What its second reading comes to, memory changed to that; None: it is superseded; a sentence: it is rejected still.

    `refused`: as in decide.
    """
    held = memory.held(definition.id)
    slot = place_of(found, held)
    if slot is None:
        return None
    item = reading.items[0] if reading.items else reading.fault
    if not isinstance(item, Article):
        return f"{item.code}: {item.message}" if isinstance(item, Rejection) else "there is no entry in it"
    answered = Answered("", 0)
    document = FeedDocument(definition, memory, answered, reading.observed_at, now, refused)
    fate = document.entry(again(item, slot, held.opened))
    return document.part(item.end, 1, reading.notes), fate


def asked_anew(found: Kept, memory: ShardMemory) -> Part | None:
    """Its source is to be polled without validators, and the entry decided whatever it was; None: it is superseded."""
    held = memory.held(found.source)
    slot = place_of(found, held)
    if slot is None:
        return None
    entry = held.get(slot)
    entry.variant = NOTHING
    held.put(slot, entry)
    held.opened.validators, held.opened.body = None, b""
    held.touch()
    return Part(found.source, ())
