"""What a parser yields: an entry as found, or why there is none. Nothing is normalised yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from worker.model import Code, Hints, Note


@dataclass(frozen=True, slots=True)
class Media:
    """A picture, film or sound that an entry encloses or shows."""

    url: str
    content_type: str | None = None
    medium: str | None = None  # image, audio, video, document, executable
    width: int | None = None  # pixels
    height: int | None = None
    size: int | None = None  # bytes
    duration: int | None = None  # seconds
    title: str | None = None
    thumbnail: bool = False


@dataclass(slots=True)
class Entry:
    """One item found in a document; text as found, empty strings as None."""

    start: int  # position of its first byte; in a feed its ordinal
    end: int  # position just after it
    ordinal: int  # over all records of the file
    raw: bytes  # the bytes it was read from: its record, or the whole document where that has no records
    headline: str | None = None
    text: str | None = None  # plain
    html: str | None = None  # markup; both only when both were found
    markup: bool = True  # whether character references and tags in headline and text mean something
    teaser: str | None = None
    link: str | None = None
    id: object = None  # as declared: a string, a number, or nonsense
    guid: str | None = None  # a feed's
    published: str | int | float | None = None
    updated: str | None = None  # a feed's
    language: str | None = None
    authors: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    rights: str | None = None
    guessed: str | None = None  # the character encoding, where it had to be guessed
    element: Callable[[], bytes] | None = None  # of a feed: what stands in it of this entry alone
    compared: bytes = b""  # of a feed: the raw elements that make headline, body and published
    base: str | None = None  # of a feed: what links in its texts are relative to
    link_found: str | None = None  # of a feed: `link` before it was resolved
    licence: str | None = None  # of a feed: its address or words
    media: tuple[Media, ...] = ()  # of a feed


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A record that says of an article that it is no more."""

    ordinal: int
    end: int
    guid: str | None = None  # a feed's


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record or document that is no entry."""

    start: int
    end: int
    ordinal: int
    raw: bytes
    code: Code
    message: str


def own_bytes(found: Entry | Unreadable) -> bytes:
    """What it is rejected with: what stands in its feed of it alone, else the bytes that it was read from."""
    return found.element() if isinstance(found, Entry) and found.element else found.raw


@dataclass(frozen=True, slots=True)
class Feed:
    """A document that is read as a whole, as its entries are told apart by each other."""

    hints: Hints
    found: list[Entry | Unreadable | Withdrawn]
    notes: tuple[Note, ...] = ()

    def distinct(self) -> list[Entry | Unreadable | Withdrawn]:
        """What was found, entries alike in guid, link and content as one; the first stays."""
        seen = set()
        kept = []
        for one in self.found:
            if isinstance(one, Entry):
                alike = (one.guid, one.link, one.headline, one.html, one.text, one.teaser)
                if alike in seen:
                    continue
                seen.add(alike)
            kept.append(one)
        return kept
