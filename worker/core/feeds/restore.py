"""From records of news.checkpoints.v1 to what they say once all have come: sources, each whole or refused, and forgotten marks."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import orjson

from worker.core.feeds import head as heads
from worker.core.feeds import pages
from worker.core.feeds.entry import STRIDE
from worker.core.feeds.inbox import Inbox, loaded_inbox
from worker.errors import BrokerRefused
from worker.model import Head

_HEAD: Final = -1


@dataclass(frozen=True, slots=True)
class Wreck:
    """A source of which something can't be read: what of it can be, and the numbers of all pages that it has, read or not."""

    why: str
    head: tuple[Head, str, int] | None  # with its site, and how many entries it speaks of
    pages: dict[int, bytes]
    numbers: frozenset[int]


@dataclass(slots=True)
class Stored:
    """A source as the broker holds it. `even`: its pages are filled as this release fills them."""

    id: str
    head: Head
    site: str
    entries: bytearray
    pages: int
    even: bool


class Restoring:
    """Records as they come.

    `refused`: the sources that can't be read; known once `sources` was gone through. `unreadable`: the records that belong to
    no source, by their keys, and what is wrong with them: as long as there is one, the shard can't be read.
    """

    def __init__(self) -> None:
        self._heads: dict[str, tuple[Head, str, int]] = {}
        self._pages: dict[str, dict[int, bytes]] = {}
        self._wrong: dict[str, dict[int, str]] = {}
        self.refused: dict[str, Wreck] = {}
        self.unreadable: dict[bytes, str] = {}
        self.inbox = Inbox()
        self.forgotten: dict[bytes, pages.Mark] = {}  # by articleId

    def absorb(self, key: bytes, value: bytes | None) -> None:
        """The last of a key counts, be it that it can't be read."""
        self.unreadable.pop(key, None)
        try:
            self._absorb_any(key, value)
        except (BrokerRefused, IndexError, ValueError, TypeError) as error:
            if value is not None:
                why = str(error) if isinstance(error, BrokerRefused) else "its key is not the worker's"
                self.unreadable[key] = f"key {key[:200].decode(errors='backslashreplace')}: {why}"

    def _absorb_any(self, key: bytes, value: bytes | None) -> None:
        kind, *names = orjson.loads(key)
        if kind == "page":
            self._absorb(str(names[0]), int(names[1]), value)
        elif kind == "head":
            self._absorb(str(names[0]), _HEAD, value)
        elif kind == "forgotten":
            self._absorb_mark(str(names[0]), value)
        elif kind == "shard":
            self.inbox = Inbox() if value is None else loaded_inbox(value)

    def _absorb(self, source: str, number: int, value: bytes | None) -> None:
        """What is wrong with a record is held against its source alone, until a newer one has come."""
        if source in self._wrong:
            self._wrong[source].pop(number, None)
        kept = self._pages.get(source)
        if kept is None:
            kept = self._pages[source] = {}
        if number == _HEAD:
            self._heads.pop(source, None)
        else:
            kept.pop(number, None)
        if value is None:
            return
        try:
            if number == _HEAD:
                self._heads[source] = heads.loaded(value)
            else:
                kept[number] = pages.loaded(value)
        except BrokerRefused as error:
            self._wrong.setdefault(source, {})[number] = f"{'head' if number == _HEAD else f'page {number}'}: {error}"

    def wrong(self) -> Iterator[tuple[str | None, str]]:
        """Of each record that can't be read by itself the source that it is of, None if it is of none, and why."""
        for source, found in self._wrong.items():
            yield from ((source, why) for why in found.values())
        yield from ((None, why) for why in self.unreadable.values())

    def _absorb_mark(self, article_id: str, value: bytes | None) -> None:
        article = uuid.UUID(article_id).bytes  # what is none was written by nobody
        self.forgotten.pop(article, None)
        if value is not None:
            self.forgotten[article] = pages.loaded_mark(value)

    def sources(self) -> Iterator[Stored]:
        """All that can be read, each given away as it is gone through."""
        while self._pages:
            source, found = self._pages.popitem()
            said, wrong = self._heads.pop(source, None), self._wrong.pop(source, {})
            if said is None and not found and not wrong:
                continue  # it was tombstoned
            own = [found[number] for number in sorted(found)]
            entries = bytearray().join(own)
            whole = said is not None and sorted(found) == list(range(len(found)))
            if said is not None and not wrong and whole and len(entries) == said[2] * STRIDE:
                even = all(len(page) == pages.FULL for page in own[:-1])
                yield Stored(source, said[0], said[1], entries, len(own), even)
                continue
            why = next(iter(wrong.values()), "its pages are not those that its head speaks of")
            self.refused[source] = Wreck(why, said, found, frozenset({*found, *wrong} - {_HEAD}))


def wrong_with(key: bytes, value: bytes | None) -> tuple[str | None, str] | None:
    """What is wrong with one record: as `Restoring.wrong` has it; None: nothing, as far as it alone can tell."""
    alone = Restoring()
    alone.absorb(key, value)
    return next(alone.wrong(), None)
