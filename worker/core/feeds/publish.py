"""The records that a document comes to, and how its entries are remembered once they are published."""

from __future__ import annotations

import hashlib
from collections.abc import Set as AbstractSet

from worker.core import event, identity
from worker.core.feeds.answered import Answered
from worker.core.feeds.entry import MARKED, OWNER, REJECTED, SKIPPED, WITHDRAWN, Entry
from worker.core.feeds.match import Seen
from worker.core.feeds.versions import changed, shown
from worker.model import Article, Code, Fate, Mode, Record, Rejection, Source, Stage, Withdrawal


class Publisher:
    """Collects the records of a document; an entry that it is given is changed to what it is once they are committed.

    `refused`: positions (ends) of articles that the broker has been seen to refuse; they become rejections.
    """

    def __init__(
        self, source: Source, answered: Answered, observed_at: int, mode: Mode, refused: AbstractSet[int]
    ) -> None:
        self._source = source
        self._answered = answered
        self._observed = observed_at
        self._mode = mode
        self._refused = refused
        self.records: list[Record] = []
        self.rejected: list[Rejection] = []
        self.dated: list[int] = []
        self.bytes = 0

    def version(self, entry: Entry, seen: Seen, article: Article, day: int) -> Fate:
        """Publish the next version of an article, which this source owns from now on. `day`: today's, for the cap."""
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
        self._add(event.polled(article, known, self._source.id, self._observed))
        entry.version, entry.content = known.version, bytes.fromhex(article.content_hash)
        if previous and not entry.has(WITHDRAWN):
            entry.count_update(day)
        if not previous and self._mode is Mode.LIVE and seen.traits.dated is not None:
            self.dated.append(seen.traits.dated)
        entry.flag(MARKED | SKIPPED | WITHDRAWN, on=False)
        entry.flag(OWNER)
        shown(entry, seen.traits, entry.content)
        return Fate.UPDATED if previous else Fate.CREATED

    def withdrawal(self, entry: Entry, found: Withdrawal) -> Fate:
        """Publish that the article is no more; it keeps its last content."""
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
        self._add(event.withdrawn(known, self._source, document, self._observed))
        entry.version += 1
        entry.flag(WITHDRAWN)
        return Fate.WITHDRAWN

    def rejection(self, entry: Entry, rejection: Rejection) -> Fate:
        """Publish a rejection, unless it is the one that is remembered."""
        raw = bytes.fromhex(rejection.digest)[: len(entry.raw)]
        if entry.raw == raw:
            return Fate.UNCHANGED
        entry.raw = raw
        entry.flag(REJECTED)
        self.rejected.append(rejection)
        self._add(event.rejected(rejection, self._source, self._observed))
        return Fate.REJECTED

    def taken(self) -> tuple[tuple[Record, ...], tuple[Rejection, ...], tuple[int, ...]]:
        """The records since they were taken last, what was rejected, and the dates of what is new (`Part.dated`)."""
        taken = tuple(self.records), tuple(self.rejected), tuple(self.dated)
        self.records, self.rejected, self.dated, self.bytes = [], [], [], 0
        return taken

    def _refuse(self, entry: Entry, seen: Seen, article: Article) -> Fate:
        """Read again it would be refused again: it is remembered as what it says, so that only a change is tried anew."""
        shown(entry, seen.traits, bytes.fromhex(article.content_hash))
        raw = article.item + b"}"
        message = "the broker refused the event although it was checked; kept is its item"
        digest, name = hashlib.sha256(raw).hexdigest(), identity.entry_key(seen.key[1])
        return self.rejection(
            entry, Rejection(Code.REFUSED, Stage.PUBLISH, message, name, raw, digest, len(raw), article.end)
        )

    def _add(self, record: Record) -> None:
        self.records.append(record)
        self.bytes += len(record.value or b"")
