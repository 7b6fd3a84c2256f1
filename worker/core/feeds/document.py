"""A document of a polled feed while it is decided, entry by entry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from typing import Final

from worker.core.feeds.answered import BODY, Answered
from worker.core.feeds.entry import MARKED, OWNER, SKIPPED, WITHDRAWN, Entry, says
from worker.core.feeds.match import Seen
from worker.core.feeds.memory import ShardMemory
from worker.core.feeds.publish import Publisher
from worker.core.feeds.siblings import Holding, holdings, let_go, owner, settle
from worker.core.feeds.versions import judged, parts_of, shown
from worker.core.feeds.window import expired
from worker.core.sources.definitions import source_of
from worker.model import Article, Definition, Fate, Mode, Note, Part, Reading, Rejection, Withdrawal

_DAY: Final = 86_400_000
# A part ends when its records have so many bytes.
_MOST_BYTES: Final = 1024 * 1024
_LONGEST_TITLE: Final = 500  # characters


class FeedDocument:
    """A document while it is decided: what the part under way holds so far."""

    def __init__(  # noqa: PLR0913, PLR0917 (as decide)
        self,
        definition: Definition,
        memory: ShardMemory,
        answered: Answered,
        observed_at: int,
        now: int,
        refused: AbstractSet[int],
    ) -> None:
        self.held = memory.held(definition.id)
        self.source = source_of(definition)
        self.day = now // _DAY
        self._definition = definition
        self._memory = memory
        self._answered = answered
        self._observed = observed_at
        self._now = now
        self._mode = Mode.LIVE if self.held.opened.initial_done else Mode.INITIAL
        self._publisher = Publisher(self.source, answered, observed_at, self._mode, refused)
        self._retried = False
        self._removed: set[int] = set()
        self.fates: Counter[Fate] = Counter()

    def entry(self, seen: Seen) -> Fate:
        """Decide one entry."""
        if seen.again:
            fate = Fate.UNCHANGED
        elif isinstance(seen.found, Rejection):
            fate = self._unreadable(seen, seen.found)
        elif seen.slot is None:
            fate = self._new(seen, seen.found)
        else:
            fate = self._known(seen, seen.found, seen.slot)
        self.fates[fate] += 1
        self._retried |= fate is Fate.RETRIED
        return fate

    def withdrawal(self, found: Withdrawal, slot: int | None) -> None:
        """Decide one deletion."""
        self.fates[self._withdrawn(found, slot)] += 1

    def part(self, end: int, entries: int, notes: tuple[Note, ...] = ()) -> Part:
        """What was decided since the last part, of so many entries and deletions."""
        records, rejected, dated = self._publisher.taken()
        fates, self.fates = +self.fates, Counter()
        return Part(self.source.id, records, fates, rejected, notes, end, entries, dated)

    def full(self, most: int) -> bool:
        """Whether the part under way is to end, having so many records or too many bytes."""
        return len(self._publisher.records) >= most or self._publisher.bytes >= _MOST_BYTES

    def begun(self) -> None:
        """A part ends, the document does not: until it is done, nothing may say so."""
        self.held.opened.validators, self.held.opened.body = None, b""
        self.held.touch()

    def done(self, reading: Reading, entries: int) -> None:
        """Nothing is left of the document: forget what is to be forgotten, and remember the document, if it is done."""
        head = self.held.opened
        head.largest_window = max(head.largest_window, entries)
        for slot in sorted(self._removed | expired(self.held, self.day), reverse=True):
            entry = self.held.get(slot)
            let_go(Holding(self.held, slot, entry), holdings(self.held, entry.article), self._now)
            self.held.remove(slot)
        if reading.hints:
            head.title, head.ttl_s = (reading.hints.title or "")[:_LONGEST_TITLE] or None, reading.hints.ttl_s
        if self._retried:
            self.begun()
            return
        head.validators, head.body, head.initial_done = self._answered.validators, self._answered.digest[:BODY], True
        head.repaired = False
        self.held.touch()

    def _new(self, seen: Seen, article: Article) -> Fate:
        if self._forgotten(seen):
            return Fate.SKIPPED
        entry = self._remembered(seen, bytes.fromhex(article.content_hash))
        others = holdings(self.held, entry.article)
        if current := owner(others):
            return self._joined(seen, article, Holding(self.held, self.held.add(entry), entry), others, current)
        if any(holding.entry.has(WITHDRAWN) for holding in others):
            entry.flag(WITHDRAWN)
            fate = Fate.UNCHANGED
        elif self._passed_over(seen):
            entry.flag(SKIPPED)
            fate = Fate.SKIPPED
        else:
            entry.first = min([entry.first, *(holding.entry.first for holding in others)])
            fate = self._published(entry, seen, article)
        self.held.add(entry)
        return fate

    def _joined(self, seen: Seen, article: Article, own: Holding, others: list[Holding], current: Holding) -> Fate:
        """A sibling owns it. What is seen here for the first time is no change, unless the owner has stopped to show it."""
        settle(own, others, self._now)
        if not own.entry.has(OWNER) or self._passed_over(seen):
            return Fate.UNCHANGED
        before = current.entry
        own.entry.headline, own.entry.body, own.entry.published = before.headline, before.body, before.published
        own.entry.flag(MARKED)
        return self._judged(own.entry, seen, article, own.slot, None)

    def _known(self, seen: Seen, article: Article, slot: int) -> Fate:
        traits, variant = seen.traits, bytes.fromhex(article.content_hash)[:8]
        # Nearly all entries of nearly all documents: nothing about them is new.
        said = b"".join((variant, seen.hash, seen.link, traits.raw, *parts_of(traits)))
        if says(self.held.entries, slot, said, traits.updated):
            return Fate.UNCHANGED
        entry = self._named(seen, slot)
        current = None
        if entry.raw != seen.traits.raw and not entry.has(OWNER):
            current = owner(holdings(self.held, entry.article))
        return self._judged(entry, seen, article, slot, current.entry.content if current else None)

    def _judged(self, entry: Entry, seen: Seen, article: Article, slot: int, owned_as: bytes | None) -> Fate:
        content = bytes.fromhex(article.content_hash)
        fate = judged(entry, seen.traits, content, owned_as, self._definition, day=self.day)
        if fate in (Fate.CREATED, Fate.UPDATED):
            fate = self._published(entry, seen, article)
        self.held.put(slot, entry)
        return fate

    def _published(self, entry: Entry, seen: Seen, article: Article) -> Fate:
        fate = self._publisher.version(entry, seen, article, self.day)
        for holding in holdings(self.held, entry.article):
            # What it had changed to is published now.
            if holding.entry.has(MARKED) and holding.entry.variant == entry.content[: len(entry.variant)]:
                holding.entry.flag(MARKED, on=False)
                holding.keep()
        return fate

    def _withdrawn(self, found: Withdrawal, slot: int | None) -> Fate:
        if slot is None:
            return Fate.UNCHANGED
        entry = self.held.get(slot)
        if entry.has(WITHDRAWN):
            return Fate.UNCHANGED
        if not entry.has(OWNER):
            self._removed.add(slot)
            return Fate.UNCHANGED
        fate = self._publisher.withdrawal(entry, found)
        self.held.put(slot, entry)
        return fate

    def _unreadable(self, seen: Seen, rejection: Rejection) -> Fate:
        if seen.slot is not None:
            entry = self._named(seen, seen.slot)
            fate = self._publisher.rejection(entry, rejection)
            self.held.put(seen.slot, entry)
            return fate
        if self._forgotten(seen):
            return Fate.SKIPPED
        entry = Entry(seen.article, key=seen.hash, link=seen.link, first=self._observed // 1000)
        fate = self._publisher.rejection(entry, rejection)
        self.held.add(entry)
        return fate

    def _remembered(self, seen: Seen, content: bytes) -> Entry:
        entry = Entry(seen.article, key=seen.hash, link=seen.link, first=self._observed // 1000)
        shown(entry, seen.traits, content)
        return entry

    def _named(self, seen: Seen, slot: int) -> Entry:
        entry = self.held.get(slot)
        entry.key = seen.named(entry.key)
        entry.link = seen.link
        return entry

    def _forgotten(self, seen: Seen) -> bool:
        link = seen.link if any(kind == "link" for kind, _ in seen.usable) else b""
        return self._memory.forgot(seen.article, link)

    def _passed_over(self, seen: Seen) -> bool:
        """Whether `initial` passes over what the first document has."""
        initial = self.held.initial
        if self._mode is Mode.LIVE or initial == "publish":
            return False
        if initial == "skip":
            return True
        since = datetime.fromisoformat(initial).replace(tzinfo=UTC).timestamp() * 1000
        return seen.traits.dated is not None and seen.traits.dated < since
