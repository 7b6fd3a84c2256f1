"""All that a shard remembers of its sources: restored from news.checkpoints.v1, changed in place, written with each transaction.

It is what was committed and all that was decided since; after any fault it is thrown away and restored.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from worker.core.feeds import pages
from worker.core.feeds.entry import NOTHING
from worker.core.feeds.held import Held, Site
from worker.core.feeds.inbox import SHARD_KEY, Inbox, Outcome, State
from worker.core.feeds.restore import Restoring
from worker.errors import BrokerRefused
from worker.model import Definition, Head, Record, Redrive, Topic, Validators

# How long what is remembered of a removed source is kept, in ms.
REMOVAL_GRACE: Final = 7 * 86_400_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What a source was remembered by when it was asked: what goes into the request, and the head it is asked under."""

    token: str = ""
    count: int = 0
    validators: Validators | None = None
    body: bytes = b""  # as in Head
    url: str | None = None  # where it has moved for good


class ShardMemory:
    """What the sources of one shard remember. `token`: random, of this process; it stands in every head that it writes.

    First `absorb` every record, then `restored`, then `define` what is defined; `records` whenever a transaction is put
    together. `refused`: the sources that are to be left alone, and why; nothing of them is held or written.
    """

    def __init__(self, token: str) -> None:
        self.token = token
        self.refused: dict[str, str] = {}
        self._held: dict[str, Held] = {}
        self._sites: dict[str, Site] = {}
        self._changed: dict[str, Held] = {}
        self._undefined: dict[str, Held] = {}  # those of them that have a head
        self._restoring: Restoring = Restoring()
        self._marked: dict[bytes, pages.Mark] = {}  # by articleId
        self._forgotten: set[bytes] = set()
        self._forgotten_links: set[bytes] = set()
        self._marks: list[Record] = []  # to be stored
        self.inbox = Inbox()
        self._own_record: bytes | int | None = None  # by what the shard's record is partitioned, if it is to be stored

    def absorb(self, key: bytes, value: bytes | None) -> None:
        """Take in one record, in the order they were committed."""
        self._restoring.absorb(key, value)

    def restored(self) -> None:
        """All records have come. BrokerRefused: the shard as a whole can't be read."""
        restoring, self._restoring = self._restoring, Restoring()
        if restoring.unreadable:
            why = next(iter(restoring.unreadable.values()))
            raise BrokerRefused(f"{Topic.CHECKPOINTS}, {why}; it is not taken for empty (see `news-worker repair`)")
        self.inbox = restoring.inbox
        for stored in restoring.sources():
            held = Held(stored.id, self._site(stored.site), self._changed, head=stored.head, entries=stored.entries)
            held.stored = stored.pages
            if not stored.even:
                held.dirty = set(range(pages.pages_of(stored.entries)))
            self._join(held)
            self._undefined[held.id] = held
        for source, wreck in restoring.refused.items():
            self.refused[source] = (
                f"{Topic.CHECKPOINTS}, source {source}: {wreck.why}; it is not taken for empty (see `news-worker repair`)"
            )
        for article, mark in restoring.forgotten.items():
            self._note_mark(article, mark)

    @property
    def has_marks(self) -> bool:
        """Whether any article was forgotten for good."""
        return bool(self._forgotten)

    def forgot(self, article: bytes, link: bytes) -> bool:
        """Whether an article was forgotten for good, under the id that its key makes, or by its link."""
        return self.has_marks and (
            article in self._forgotten or article[:8] in self._forgotten or link in self._forgotten_links
        )

    def marked(self, article: bytes) -> pages.Mark | None:
        """The mark of just this article, by all 16 bytes of its id; None: it was not forgotten for good."""
        return self._marked.get(article)

    def mark(self, article: bytes, mark: pages.Mark, site: str | int, at: int) -> None:
        """It is forgotten for good: under its id, under the one whose beginning is the mark's key, and by its link.

        Stored with the next `records`, as of the site, or in the partition of that number. `at`: in ms.
        """
        self._note_mark(article, mark)
        self._marks.append(pages.record(pages.mark_key(article), pages.dumped_mark(mark), site, at))

    def _note_mark(self, article: bytes, mark: pages.Mark) -> None:
        self._marked[article] = mark
        self._forgotten.update({article, mark.key} - {NOTHING})
        self._forgotten_links.update({mark.link} - {NOTHING})

    def answer(self, offset: int, outcome: Outcome | None, shard: bytes | int) -> None:
        """The command at that offset of the inbox is through. Stored with the next `records`, in that partition."""
        self.inbox.answered(offset, outcome)
        self._own_record = shard

    def poll_is_through(
        self, held: Held, state: State, message: str, now: int, ids: Collection[str] | None = None
    ) -> bool:
        """These commands to poll the source (None: all that wait) came to this; whether there was one.

        Stored with the next `records`.
        """
        head = held.opened
        answered = [one for one in head.polls_asked if ids is None or one in ids]
        if not answered:
            return False
        head.polls_asked = tuple(one for one in head.polls_asked if one not in answered)
        held.touch()
        for one in answered:
            self.inbox.came_to(Outcome(one, state, message, now))
        self._own_record = held.site.name.encode()
        return True

    def redrive_is_through(self, held: Held, wanted: Redrive, state: State, message: str, now: int) -> None:
        """It came to this. Stored with the next `records`."""
        head = held.opened
        head.redrives = tuple(one for one in head.redrives if one != wanted)
        held.touch()
        self.inbox.came_to(Outcome(wanted.command, state, message, now))
        self._own_record = held.site.name.encode()

    def of_site(self, site: str) -> list[Held]:
        """Its sources that are held, defined or not, by the order of their ids."""
        found = self._sites.get(site)
        return [] if found is None else [held for _, held in sorted(found.sources.items())]

    def define(self, definition: Definition) -> None:
        """The source is there, or is defined otherwise than before. For another site than it is remembered for, it is refused."""
        held = self._held.get(definition.id)
        if held is None:
            if definition.id in self.refused:
                return
            held = Held(definition.id, self._site(definition.site), self._changed)
            if definition.id in self._changed:  # dropped, and not yet written so
                held.stored = self._changed[definition.id].stored
            self._join(held)
        elif held.site.name != definition.site:
            self.refused[definition.id] = (
                f"source {definition.id} is remembered for the site {held.site.name}: remove it, and add it under another id"
            )
            return
        held.definition = definition
        self._undefined.pop(definition.id, None)
        head = held.head
        if head is not None and head.removed_at:
            head.removed_at, head.paused = 0, False
            held.touch()
        if head is not None and (head.url is not None or head.gone) and head.url_of != definition.url:
            head.url = head.url_of = head.moving = None
            if head.gone:
                head.fault, head.faults, head.fault_since, head.not_before, head.gone = None, 0, 0, 0, False
            held.touch()

    def undefine(self, source: str) -> None:
        """The source is no more; what it remembers is kept for now (see `removed`)."""
        held = self._held.get(source)
        if held is not None:
            held.definition = None
            self.refused.pop(source, None)  # it was for its site
            if held.head is None:
                self._leave(held)
            else:
                self._undefined[source] = held

    def to_remove(self, now: int) -> list[str]:
        """The sources for which `removed` has something to do. To be asked once all definitions are known."""
        return [
            held.id
            for held in self._undefined.values()
            if not held.opened.removed_at or now - held.opened.removed_at >= REMOVAL_GRACE
        ]

    def head(self, source: str) -> Head | None:
        """The source's head; None: it was never polled."""
        held = self._held.get(source)
        return None if held is None else held.head

    def paused(self, source: str) -> bool:
        """Whether it is not to be polled, as somebody asked for that."""
        head = self.head(source)
        return head is not None and head.paused

    def asked(self, source: str) -> Asked:
        """What it is to be asked by."""
        head = self.head(source)
        return Asked(head.token, head.count, head.validators, head.body, head.url) if head else Asked()

    def remembered(self, source: str) -> int:
        """How many entries it remembers."""
        held = self._held.get(source)
        return 0 if held is None else held.count

    def sources(self) -> Collection[str]:
        """All that are held, defined or not."""
        return self._held.keys()

    def held(self, source: str) -> Held:
        """The source, which is held."""
        return self._held[source]

    def forget(self, source: str) -> None:
        """Tombstone all that is remembered of a source."""
        held = self._held[source]
        held.dropped = True
        held.touch()
        self._leave(held)

    def records(self, at: int) -> list[Record]:
        """What is to be committed of all that changed since the last call. `at`: the records' time."""
        changed, marks = list(self._changed.values()), self._marks
        self._changed.clear()
        self._marks = []
        records = [*(record for held in changed for record in held.written(self.token, at)), *marks]
        if self._own_record is not None:
            records.append(Record(Topic.CHECKPOINTS, SHARD_KEY, self.inbox.dumped(), (), at, self._own_record))
            self._own_record = None
        return records

    def _site(self, name: str) -> Site:
        return self._sites.setdefault(name, Site(name))

    def _join(self, held: Held) -> None:
        self._held[held.id] = held
        held.site.join(held)

    def _leave(self, held: Held) -> None:
        del self._held[held.id]
        self._undefined.pop(held.id, None)
        held.site.leave(held)
        if not held.site.sources:
            del self._sites[held.site.name]
