"""decide for polled feeds: what a reading comes to, given all that its shard remembers. Serial, no clock and no await.

A long document comes to several parts. What says that it is done (validators, body hash, the end of `initial`) is changed with the
last of them, and only if nothing in it is to be retried; the parts before drop it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from typing import Final

from worker.core import event, identity
from worker.core.feeds.answered import BODY, Answered, well
from worker.core.feeds.entry import MARKED, OWNER, REJECTED, SKIPPED, WITHDRAWN, Entry
from worker.core.feeds.match import Seen, matched
from worker.core.feeds.memory import ShardMemory
from worker.core.feeds.siblings import Holding, holdings, let_go, owner, settle
from worker.core.feeds.versions import changed, judged, shown
from worker.core.feeds.window import expired, turn
from worker.core.normalise import links
from worker.model import (
    Article,
    Code,
    Definition,
    Fate,
    Mode,
    Part,
    Reading,
    Record,
    Rejection,
    Source,
    Stage,
    Withdrawal,
)

_DAY: Final = 86_400_000
# A part ends when it has so many records, or so many bytes of them.
MOST_RECORDS: Final = 256
_MOST_BYTES: Final = 1024 * 1024


def decide(  # noqa: PLR0913 (a reading, and what is known besides)
    reading: Reading,
    definition: Definition,
    memory: ShardMemory,
    answered: Answered,
    now: int,
    *,
    refused: AbstractSet[int] = frozenset(),
    most: int = MOST_RECORDS,
) -> Iterator[Part]:
    """The parts that a polled document comes to, at least one; each is decided, and memory changed, as it is asked for.

    Between two parts nothing else of the shard may be decided. `refused`: positions (ends) of articles that the broker has
    been seen to refuse. `most`: records a part may have.
    """
    document = _Document(definition, memory, answered, reading.observed_at, now, refused)
    found = matched(reading.items, document.held, document.source)
    deleted = {item for item in found.items if isinstance(item, int)}
    capped = turn(document.held, found.shown, deleted, now, document.day)
    document.fates[Fate.CAPPED] += capped
    for item, what in zip(reading.items, found.items, strict=True):
        if isinstance(what, Seen):
            document.entry(what)
        elif isinstance(item, Withdrawal):
            document.withdrawal(item, what)
        if len(document.records) >= most or document.bytes >= _MOST_BYTES:
            document.begun()
            yield document.part(item.end)
    document.done(reading, sum(isinstance(what, Seen) for what in found.items))
    yield document.part(reading.end, reading)


class _Document:
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
        self.source = Source(
            definition.id,
            definition.kind,
            f"source:{definition.id}",
            definition.site,
            links.without_secrets(definition.url),
        )
        self.day = now // _DAY
        self._definition = definition
        self._memory = memory
        self._answered = answered
        self._observed = observed_at
        self._now = now
        self._refused = refused
        self._mode = Mode.LIVE if self.held.opened.initial_done else Mode.INITIAL
        self._retried = False
        self._removed: set[int] = set()
        self.records: list[Record] = []
        self.bytes = 0
        self.fates: Counter[Fate] = Counter()
        self._rejected: list[Rejection] = []

    def entry(self, seen: Seen) -> None:
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

    def withdrawal(self, found: Withdrawal, slot: int | None) -> None:
        """Decide one deletion."""
        self.fates[self._withdrawn(found, slot)] += 1

    def part(self, end: int, reading: Reading | None = None) -> Part:
        """What was decided since the last part."""
        part = Part(
            self.source.id,
            tuple(self.records),
            +self.fates,
            tuple(self._rejected),
            reading.notes if reading else (),
            end,
        )
        self.records, self.bytes, self.fates, self._rejected = [], 0, Counter(), []
        return part

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
        well(head, self._answered, self._now)
        if reading.hints:
            head.title, head.ttl_s = reading.hints.title, reading.hints.ttl_s
        if self._retried:
            self.begun()
            return
        head.validators, head.body, head.initial_done = self._answered.validators, self._answered.digest[:BODY], True
        self.held.touch()

    def _new(self, seen: Seen, article: Article) -> Fate:
        if self._forgotten(seen):
            return Fate.SKIPPED
        entry = self._remembered(seen, bytes.fromhex(article.content_hash))
        others = holdings(self.held, entry.article)
        if owner(others):
            settle(Holding(self.held, self.held.add(entry), entry), others, self._now)
            return Fate.UNCHANGED
        if any(holding.entry.has(WITHDRAWN) for holding in others):
            entry.flag(WITHDRAWN)
            fate = Fate.UNCHANGED
        elif self._passed_over(seen):
            entry.flag(SKIPPED)
            fate = Fate.SKIPPED
        else:
            entry.first = min([entry.first, *(holding.entry.first for holding in others)])
            fate = self._published(entry, seen, article, Fate.CREATED)
        self.held.add(entry)
        return fate

    def _known(self, seen: Seen, article: Article, slot: int) -> Fate:
        entry, content = self._named(seen, slot), bytes.fromhex(article.content_hash)
        current = None
        if entry.raw != seen.traits.raw and not entry.has(OWNER):
            current = owner(holdings(self.held, entry.article))
        owned_as = current.entry.content if current else None
        fate = judged(entry, seen.traits, content, owned_as, self._definition, day=self.day)
        if fate in (Fate.CREATED, Fate.UPDATED):
            fate = self._published(entry, seen, article, fate)
        self.held.put(slot, entry)
        return fate

    def _published(self, entry: Entry, seen: Seen, article: Article, fate: Fate) -> Fate:
        """The next version, now owned by this source."""
        if article.end in self._refused:
            return self._refuse(entry, seen, article)
        previous = (entry.version, entry.content.hex()) if entry.version else None
        known = event.Known(
            identity.written(entry.article),
            entry.version + 1,
            article.content_hash,
            entry.first,
            self._mode,
            identity.entry_key(seen.key[1]),
            previous,
            changed(entry, seen.traits) if previous else (),
        )
        self._add(event.polled(article, known, self.source.id, self._observed))
        entry.version, entry.content = known.version, bytes.fromhex(article.content_hash)
        if previous and not entry.has(WITHDRAWN):
            entry.count_update(self.day)
        entry.flag(MARKED | SKIPPED | WITHDRAWN, on=False)
        entry.flag(OWNER)
        shown(entry, seen.traits, entry.content)
        for holding in holdings(self.held, entry.article):
            # What it had changed to is published now.
            if holding.entry.has(MARKED) and holding.entry.variant == entry.variant:
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
        content = entry.content.hex()
        known = event.Known(
            identity.written(entry.article),
            entry.version + 1,
            content,
            entry.first,
            self._mode,
            identity.entry_key(found.keys[0][1]),
            (entry.version, content),
        )
        answered = self._answered
        document = (answered.url, answered.status, answered.digest.hex())
        self._add(event.withdrawn(known, self.source, document, self._observed))
        entry.version += 1
        entry.flag(WITHDRAWN)
        entry.flag(MARKED, on=False)
        self.held.put(slot, entry)
        return Fate.WITHDRAWN

    def _unreadable(self, seen: Seen, rejection: Rejection) -> Fate:
        raw = bytes.fromhex(rejection.digest)[:8]
        if seen.slot is None:
            if self._forgotten(seen):
                return Fate.SKIPPED
            entry = self._remembered(seen, bytes(16))
            self._reject(entry, rejection, raw)
            self.held.add(entry)
            return Fate.REJECTED
        entry = self._named(seen, seen.slot)
        known = entry.raw == raw
        if not known:
            self._reject(entry, rejection, raw)
        self.held.put(seen.slot, entry)
        return Fate.UNCHANGED if known else Fate.REJECTED

    def _refuse(self, entry: Entry, seen: Seen, article: Article) -> Fate:
        """Read again it would be refused again: it is remembered as what it says, so that only a change is tried anew."""
        shown(entry, seen.traits, bytes.fromhex(article.content_hash))
        raw = article.item + b"}"
        digest = hashlib.sha256(raw)
        message = "the broker refused the event although it was checked; kept is its item"
        name = identity.entry_key(seen.key[1])
        rejection = Rejection(
            Code.REFUSED, Stage.PUBLISH, message, name, raw, digest.hexdigest(), len(raw), article.end, seen.traits
        )
        self._reject(entry, rejection, digest.digest()[:8])
        return Fate.REJECTED

    def _reject(self, entry: Entry, rejection: Rejection, raw: bytes) -> None:
        entry.raw = raw
        entry.flag(REJECTED)
        self._rejected.append(rejection)
        self._add(event.rejected(rejection, self.source, self._observed))

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
        initial = self._definition.initial
        if self._mode is Mode.LIVE or initial == "publish":
            return False
        if initial == "skip":
            return True
        since = datetime.fromisoformat(initial).replace(tzinfo=UTC).timestamp() * 1000
        return seen.traits.dated is not None and seen.traits.dated < since

    def _add(self, record: Record) -> None:
        self.records.append(record)
        self.bytes += len(record.value or b"")
