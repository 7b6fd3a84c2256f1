"""A source as a shard holds it: definition, head, and its entries, packed, in one bytearray.

What changes is noted by page, so that a transaction writes only what it touches. An entry that is removed is replaced by the
last one, so slots hold until the next removal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from worker.core.feeds import head as heads
from worker.core.feeds import pages
from worker.core.feeds.entry import STRIDE, Entry, articles, packed, unpacked
from worker.model import Definition, Head, Record

_DAY: Final = 86_400_000


@dataclass(slots=True, eq=False)
class Held:
    """See above. Equal only to itself; `changed` collects the sources that the next transaction is to write."""

    id: str
    site: Site
    changed: dict[str, Held] = field(repr=False)
    definition: Definition | None = None
    head: Head | None = None
    entries: bytearray = field(default_factory=bytearray)
    stored: int = 0  # pages that the broker holds
    dirty: set[int] | None = None  # pages that are no more as the broker holds them
    dropped: bool = False  # all of it is to be tombstoned

    @property
    def count(self) -> int:
        """How many entries it remembers."""
        return len(self.entries) // STRIDE

    @property
    def opened(self) -> Head:
        """Its head, a new one where it has none."""
        if self.head is None:
            self.head = Head()
        return self.head

    @property
    def initial(self) -> str:
        """What is published of what its first document shows, as `Definition.initial`; once repaired: nothing."""
        if self.opened.repaired or self.definition is None:
            return "skip"
        return self.definition.initial

    def live(self, now: int) -> bool:
        """Whether it may own what it shows: defined, not paused, not gone, and not in fault for a day."""
        head = self.head
        if self.definition is None or head is None or head.paused or head.gone or head.removed_at:
            return False
        return not (head.faults and now - head.fault_since >= _DAY)

    def touch(self) -> None:
        """Its head is to be written with the next transaction."""
        self.changed[self.id] = self

    def get(self, slot: int) -> Entry:
        """The entry in that place, to be put back when it is changed."""
        return unpacked(self.entries, slot)

    def put(self, slot: int, entry: Entry) -> None:
        """Remember it so from now on."""
        new, start = packed(entry), slot * STRIDE
        if self.entries[start : start + STRIDE] != new:
            self.entries[start : start + STRIDE] = new
            self._spoil(slot)

    def add(self, entry: Entry) -> int:
        """Remember a new one; its slot."""
        slot = self.count
        self.entries += packed(entry)
        self._spoil(slot)
        self.site.note(entry.article, self)
        return slot

    def remove(self, slot: int) -> None:
        """Forget it; the last one takes its slot."""
        last = self.count - 1
        self.site.drop(self.get(slot).article, self)
        if slot != last:
            self.entries[slot * STRIDE : (slot + 1) * STRIDE] = self.entries[last * STRIDE :]
            self._spoil(slot)
        del self.entries[last * STRIDE :]
        self._spoil(last)

    def slots(self) -> dict[bytes, int]:
        """Where each article is."""
        return {article: slot for slot, article in enumerate(articles(self.entries))}

    def find(self, article: bytes) -> int | None:
        """The slot of an article."""
        at = self.entries.find(article)
        while at >= 0 and at % STRIDE:
            at = self.entries.find(article, at + 1)
        return at // STRIDE if at >= 0 else None

    def _spoil(self, slot: int) -> None:
        if self.dirty is None:
            self.dirty = set()
        self.dirty.add(slot // pages.CAPACITY)
        self.touch()

    def written(self, token: str, at: int) -> list[Record]:
        """What is to be committed of it: head and spoilt pages; from now on the broker is taken to hold that."""
        site = self.site.name
        count = 0 if self.dropped else pages.pages_of(self.entries)
        numbers = [number for number in sorted(self.dirty or ()) if number < count]
        records = [
            pages.record(pages.page_key(self.id, number), pages.dumped(self.entries, number), site, at)
            for number in numbers
        ]
        records += [
            pages.record(pages.page_key(self.id, number), None, site, at) for number in range(count, self.stored)
        ]
        self.stored, self.dirty = count, None
        value = None
        if not self.dropped:
            self.opened.token, self.opened.count = token, self.opened.count + 1
            value = heads.dumped(self.opened, site, self.count)
        return [pages.record(pages.head_key(self.id), value, site, at), *records]


@dataclass(slots=True, eq=False)
class Site:
    """The sources of a site. Where there are several: which of them remember an article, by the first 7 bytes of its id."""

    name: str
    sources: dict[str, Held] = field(default_factory=dict)
    _holders: dict[int, Held | tuple[Held, ...]] | None = None

    @property
    def several(self) -> bool:
        """Whether an article may be remembered by more than one source."""
        return self._holders is not None

    def join(self, held: Held) -> None:
        """One more source; only now, if it is the second, articles are looked at."""
        self.sources[held.id] = held
        if self._holders is not None:
            self._note_all(held)
        elif len(self.sources) > 1:
            self._holders = {}
            for one in self.sources.values():
                self._note_all(one)

    def leave(self, held: Held) -> None:
        """The source is no more."""
        del self.sources[held.id]
        for article in articles(held.entries):
            self.drop(article, held)

    def note(self, article: bytes, held: Held) -> None:
        """The source remembers the article."""
        if self._holders is None:
            return
        short = int.from_bytes(article[:7])
        found = self._holders.get(short)
        if found is None:
            self._holders[short] = held
        else:
            self._holders[short] = (*found, held) if isinstance(found, tuple) else (found, held)

    def drop(self, article: bytes, held: Held) -> None:
        """The source remembers it no more."""
        if self._holders is None:
            return
        short = int.from_bytes(article[:7])
        found = self._holders.get(short)
        rest = [one for one in found if one is not held] if isinstance(found, tuple) else []
        if len(rest) > 1:
            self._holders[short] = tuple(rest)
        elif rest:
            self._holders[short] = rest[0]
        else:
            self._holders.pop(short, None)

    def holders(self, article: bytes) -> tuple[Held, ...]:
        """The sources that remember it; () where that is but one, or the site has but one."""
        if self._holders is None:
            return ()
        found = self._holders.get(int.from_bytes(article[:7]))
        return found if isinstance(found, tuple) else () if found is None else (found,)

    def _note_all(self, held: Held) -> None:
        for article in articles(held.entries):
            self.note(article, held)
