"""What is remembered of an entry, and its packed form: 97 bytes, the same in memory and in a page.

Little-endian, without padding; what is absent is zero:

    articleId 16, contentHash as last published 16;
    variant (of the contentHash as this source shows it), key, link, raw: 8 each;
    headline, body, published: 4 each; version, first observation, own `updated`: 4 each, times in seconds;
    day it left the window, day of the cap, updates on that day: 2 each, days since the epoch; stale polls 1; flags 2.

A later release may append to it: a page says how far apart its entries are (`pages.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from operator import attrgetter
from struct import Struct
from typing import Final

from worker.core.identity import canonical
from worker.model import Key

_FORM: Final = Struct("<16s16s8s8s8s8s4s4s4sIIIHHHBH")
# Of each entry what is looked at whenever a document is decided: key, link, day it left.
_GLANCE: Final = Struct("<40x8s8s32xH7x")
# What it says of its entry as it was last seen, from `variant` to `published`, and what else would have to be looked at.
_SAID: Final = slice(32, 76)
_STATE: Final = Struct("<84xI6xBH")
_ARTICLE: Final = Struct("<16s81x")
STRIDE: Final = _FORM.size

OWNER: Final = 1  # its source first published the article, or was handed it
MARKED: Final = 2  # it has changed while another source owned the article
REJECTED: Final = 4  # as it last was, it could not become an article
SKIPPED: Final = 8  # passed over by `initial` or `updates`, so far
WITHDRAWN: Final = 16
CAPPED: Final = 32  # it has changed, and waits for the day's cap to end

NOTHING: Final = bytes(8)  # of a key, link or content: there is none
_MOST_COUNTED: Final = 0xFFFF


@dataclass(slots=True)
class Entry:
    """An entry unpacked; the members in their packed order."""

    article: bytes
    content: bytes = bytes(16)
    variant: bytes = NOTHING
    key: bytes = NOTHING
    link: bytes = NOTHING
    raw: bytes = NOTHING
    headline: bytes = bytes(4)
    body: bytes = bytes(4)
    published: bytes = bytes(4)
    version: int = 0
    first: int = 0
    updated: int = 0
    left: int = 0
    cap_day: int = 0
    cap_count: int = 0
    stale: int = 0
    flags: int = 0

    def has(self, flag: int) -> bool:
        """Whether it is so flagged."""
        return bool(self.flags & flag)

    def flag(self, flag: int, *, on: bool = True) -> None:
        """Set or clear a flag."""
        self.flags = self.flags | flag if on else self.flags & ~flag

    def count_update(self, day: int) -> None:
        """One more update of the article on that day."""
        self.cap_count = min(self.cap_count + 1, _MOST_COUNTED) if self.cap_day == day else 1
        self.cap_day = day


_members = attrgetter(*(member.name for member in fields(Entry)))


def hashed(key: Key) -> bytes:
    """A key as it is remembered: the first 8 bytes of SHA-256 of J([kind, key])."""
    return hashlib.sha256(canonical(key)).digest()[:8]


def packed(entry: Entry) -> bytes:
    """The entry's stored form."""
    return _FORM.pack(*_members(entry))


def unpacked(entries: bytes | bytearray, slot: int) -> Entry:
    """The entry in that place."""
    return Entry(*_FORM.unpack_from(entries, slot * STRIDE))


def says(entries: bytearray, slot: int, said: bytes, updated: int) -> bool:
    """Whether the entry is remembered just so, and nothing is left to do. `said`: its members from `variant` to `published`."""
    start = slot * STRIDE
    if entries[start + _SAID.start : start + _SAID.stop] != said:
        return False
    newest, stale, flags = _STATE.unpack_from(entries, start)
    return bool(updated <= newest and not stale and not flags & ~(OWNER | SKIPPED))


def articles(entries: bytes | bytearray) -> Iterator[bytes]:
    """Of all entries in their order: the article."""
    return (article for (article,) in _ARTICLE.iter_unpack(entries))


def glances(entries: bytes | bytearray) -> list[tuple[bytes, bytes, int]]:
    """Of all entries in their order: key, link, day it left."""
    return list(_GLANCE.iter_unpack(entries))
