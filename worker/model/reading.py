"""What a document says: articles, rejections and deletions, each with what it is compared by."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cache
from operator import attrgetter
from typing import Any

from worker.model.document import Code, Refusal, Stage

# What names an entry: its kind of key and the key (the contract, "Ids").
Key = tuple[str, str]


class Mode(StrEnum):
    """How an article came to be read (`provenance.mode`)."""

    INITIAL = "initial"
    LIVE = "live"
    BACKFILL = "backfill"
    REPLAY = "replay"


@cache
def _members(cls: Any) -> attrgetter[tuple[Any, ...]]:
    return attrgetter(*(field.name for field in fields(cls)))


class _Packed:
    """Pickles as constructor and values, two at least: a reading crosses a process boundary with thousands of these."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        cls = type(self)
        return cls, _members(cls)(self)  # type: ignore[arg-type]  # mypy takes a dataclass for unhashable


@dataclass(frozen=True, slots=True)
class Traits(_Packed):
    """What an entry of a polled feed is matched and compared by. A hash is the first bytes of a SHA-256, b"" of nothing."""

    keys: tuple[Key, ...]  # all that could name it, whether unique or not: guid, link, headline, text, in this order
    home: bool  # its link is a front page, which identifies nothing
    raw: bytes  # 8: of the raw elements that make headline, body and published
    headline: bytes  # 4
    body: bytes  # 4: of the folded text
    published: bytes  # 4: of the declared date's value
    updated: int  # its own `updated`, in seconds since the epoch; 0: none
    dated: int | None  # the earliest instant that its date allows, ms


@dataclass(frozen=True, slots=True)
class Article(_Packed):
    """An entry normalised, encoded and validated as far as memory isn't needed: `decide` adds the rest by splicing bytes.

    `article_id` of a polled entry is the one it gets by its document alone; memory may know it by another, which then
    replaces it in `item`, whose first member it is. The provenance of such an entry has no `entryKey` yet either.
    """

    article_id: str
    content_hash: str
    entry_key: str
    item: bytes  # the ninjs object without its closing brace, without `version` and `firstCreated`
    rest: bytes  # the members published, language and source, without braces
    provenance: bytes  # the provenance object without its closing brace, without `mode` and `run`
    end: int  # the position just after it
    traits: Traits | None = None  # of a polled entry


@dataclass(frozen=True, slots=True)
class Rejection(_Packed):
    """An entry or document that can't become an article, with its bytes as found (capped, see `size`)."""

    code: Code
    stage: Stage
    message: str
    entry_key: str
    raw: bytes
    digest: str  # hex SHA-256 of all its bytes
    size: int  # of all its bytes
    end: int  # the position just after it
    traits: Traits | None = None  # of a polled entry


@dataclass(frozen=True, slots=True)
class Withdrawal(_Packed):
    """An explicit deletion. A replay counts and shows it, no more."""

    end: int  # the position just after it
    keys: tuple[Key, ...] = ()  # what the entry is named by, as in `Traits`


@dataclass(frozen=True, slots=True)
class Note(_Packed):
    """Something said about an article that was published all the same: a date that is none, an encoding that was guessed."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Hints(_Packed):
    """What a feed says of itself."""

    title: str | None = None
    ttl_s: int | None = None  # how long it asks to be left alone (RSS ttl, sy:updatePeriod)


@dataclass(frozen=True, slots=True)
class Reading(_Packed):
    """What a document says, in its order. It can be cut between any two items."""

    items: tuple[Article | Rejection | Withdrawal, ...]
    start: int
    end: int
    observed_at: int
    notes: tuple[Note, ...] = ()
    hints: Hints | None = None  # of a feed
    fault: Refusal | None = None  # a polled document that can't be read as a whole; `items` is then empty
