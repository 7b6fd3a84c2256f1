"""Which remembered entry each entry of a document is, and what names those that are new (design.md, section 5).

By the key that names it; else by its link, if what it was named by has left the document and headline or body is the same.
Where a document shares no guid and no link at all with what is remembered, headline and body together tell its entries: so a
feed that makes up ids at every poll publishes nothing twice. What has no key of its own is named by its digest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from worker.core import identity
from worker.core.feeds.entry import NOTHING, glances, hashed
from worker.core.feeds.held import Held
from worker.model import Article, Head, Key, Rejection, Source, Traits, Withdrawal

# So many entries must agree before guids or links are taken for unusable, and so many documents in a row.
_PROOF: Final = 3
_IN_A_ROW: Final = 2

_Content = tuple[bytes, bytes]


@dataclass(slots=True)
class Seen:
    """An entry of a document. `slot`: the remembered entry that it is; else `article` is the id that it gets.

    `again`: it is one that stands earlier in the document too.
    """

    found: Article | Rejection
    traits: Traits
    usable: tuple[Key, ...]  # that could name it in this document, the best first
    key: Key  # that does
    hash: bytes  # of `key`
    link: bytes  # hash of its link, usable or not
    slot: int | None = None
    article: bytes = b""
    again: bool = False

    def named(self, before: bytes) -> bytes:
        """What it is remembered by from now on: what it was `before`, as long as that still names it."""
        return before if before == self.hash or any(hashed(key) == before for key in self.usable) else self.hash


@dataclass(frozen=True, slots=True)
class Matched:
    """What the items of a document are, in their order, and the remembered entries that it shows."""

    items: list[
        Seen | int | None
    ]  # an int: a remembered entry said to be deleted; None: said so of one that is not known
    shown: set[int]


def matched(found: Sequence[Article | Rejection | Withdrawal], held: Held, source: Source) -> Matched:
    """What each of them is. What proves unusable is flagged in the head, for the documents to come."""
    head = held.opened
    traits = [_traits(item) for item in found if not isinstance(item, Withdrawal)]
    _flag_what_is_all_the_same(head, traits)
    named = iter(_named([item for item in found if not isinstance(item, Withdrawal)], traits, head))
    items = [item if isinstance(item, Withdrawal) else next(named) for item in found]
    seen = [item for item in items if isinstance(item, Seen)]
    memory = _Memory(held)
    by_key = _take(((one, memory.by_key(one.hash)) for one in seen), memory.taken)
    by_link = _take(((one, memory.by_link(one)) for one in _left(seen)), memory.taken)
    by_other = _take(((one, memory.by_other_keys(one)) for one in _left(seen)), memory.taken)
    by_content = [] if by_key or by_link or by_other else memory.by_content(seen)
    if held.count:
        _flag_what_is_always_new(head, by_key, [*by_link, *by_content], memory.links)
    _name_the_new(_left(seen), held, source, memory.taken)
    shown = memory.taken
    return Matched([memory.deleted(one, shown) if isinstance(one, Withdrawal) else one for one in items], shown)


class _Memory:
    """The remembered entries by what names them."""

    def __init__(self, held: Held) -> None:
        self._held = held
        self._keys: dict[bytes, int] = {}
        self._links: dict[bytes, int | None] = {}  # None where several entries stood side by side with it
        self.taken: set[int] = set()
        self.links: list[bytes] = []  # by slot
        for slot, (key, link, _) in enumerate(glances(held.entries)):
            self.links.append(link)
            self._keys[key] = slot
            if link != NOTHING:
                self._links[link] = None if link in self._links else slot

    def by_key(self, key: bytes) -> int | None:
        return self._keys.get(key)

    def by_link(self, one: Seen) -> int | None:
        """By then the keys of the document have found theirs: what is left was named by something that has left it."""
        slot = self._links.get(one.link)
        if slot is None or not any(kind == "link" for kind, _ in one.usable):
            return None
        entry = self._held.get(slot)
        alike = _alike(entry.headline, one.traits.headline) or _alike(entry.body, one.traits.body)
        return slot if alike else None

    def by_other_keys(self, one: Seen) -> int | None:
        """It has got a better key than it was named by; a link that two entries with guids may share is none of these."""
        if not self._keys:
            return None
        others = (self._keys.get(hashed(key)) for key in one.usable[1:] if key[0] != "link")
        return next((slot for slot in others if slot is not None), None)

    def by_content(self, seen: Sequence[Seen]) -> list[Seen]:
        """Matches entries of the last window by headline and body, if enough of them agree to prove that keys do not."""
        window: dict[_Content, int | None] = {}
        for place, (_, _, left) in enumerate(glances(self._held.entries)):
            if not left:
                entry = self._held.get(place)
                content = entry.headline, entry.body
                window[content] = None if content in window else place
        window.pop((bytes(4), bytes(4)), None)
        contents = [(_part(one.traits.headline), _part(one.traits.body)) for one in seen]
        times = Counter(contents)
        agreeing = [
            (one, slot)
            for one, content in zip(seen, contents, strict=True)
            if times[content] == 1 and (slot := window.get(content)) is not None
        ]
        return _take(agreeing, self.taken) if len(agreeing) >= _PROOF else []

    def deleted(self, withdrawal: Withdrawal, shown: set[int]) -> int | None:
        """The entry that is said to be deleted; a document that shows it doesn't say so."""
        for key in withdrawal.keys:
            name = hashed(key)
            slot = self._keys.get(name)
            if slot is None and key[0] == "link":
                slot = self._links.get(name)
            if slot is not None:
                return None if slot in shown else slot
        return None


def _traits(item: Article | Rejection) -> Traits:
    """What had no keys to be read, has none."""
    if item.traits is not None:
        return item.traits
    raw = bytes.fromhex(item.digest if isinstance(item, Rejection) else item.content_hash)[:8]
    return Traits((), home=False, raw=raw, headline=b"", body=b"", published=b"", updated=0, dated=None)


def again(found: Article | Rejection, slot: int, head: Head) -> Seen:
    """An entry that stands alone, and is known to be the remembered one in that place."""
    (seen,) = _named([found], [_traits(found)], head)
    seen.slot = slot
    return seen


def _named(found: Sequence[Article | Rejection], all_traits: Sequence[Traits], head: Head) -> Iterator[Seen]:
    """Each entry with what can name it: what no other entry of the document has and the feed is not known to misuse."""
    times = Counter(key for traits in all_traits for key in traits.keys)
    unusable = {kind for kind, known in (("guid", head.guids_unusable), ("link", head.links_unusable)) if known}
    for item, traits in zip(found, all_traits, strict=True):
        usable = tuple(
            key
            for key in traits.keys
            if times[key] == 1 and key[0] not in unusable and not (traits.home and key[0] == "link")
        )
        key = usable[0] if usable else ("digest", item.digest if isinstance(item, Rejection) else item.content_hash)
        link = next((one for one in traits.keys if one[0] == "link"), None)
        name = hashed(key)
        of_link = NOTHING if link is None or traits.home else name if link == key else hashed(link)
        yield Seen(item, traits, usable, key, name, of_link)


def _left(seen: Sequence[Seen]) -> list[Seen]:
    return [one for one in seen if one.slot is None]


def _take(pairs: Iterable[tuple[Seen, int | None]], taken: set[int]) -> list[Seen]:
    """Match each entry with the slot it was found in, unless that is taken; those that were matched."""
    found = []
    for one, slot in pairs:
        if slot is not None and slot not in taken:
            taken.add(slot)
            one.slot = slot
            found.append(one)
    return found


def _name_the_new(new: Sequence[Seen], held: Held, source: Source, taken: set[int]) -> None:
    """The id of first sight, by the best key whose id no other entry of the document has.

    An entry that has come to another key since still has the id that its first key made: that is the same article.
    """
    given: set[bytes] = set()
    slots = held.slots() if new else {}
    for one in new:
        digest = one.found.digest if isinstance(one.found, Rejection) else one.found.content_hash
        for key in (*one.usable, ("digest", digest)):
            article = identity.binary(identity.article_id(identity.scope(source, key), *key))
            slot = slots.get(article)
            if article in given or slot in taken:
                continue
            if key is not one.key:
                one.key, one.hash = key, hashed(key)
            one.article, one.slot = article, slot
            if slot is not None:
                taken.add(slot)
            given.add(article)
            break
        else:
            one.again = True


def _flag_what_is_all_the_same(head: Head, all_traits: Sequence[Traits]) -> None:
    guids = [key for traits in all_traits for key in traits.keys if key[0] == "guid"]
    links = [key for traits in all_traits for key in traits.keys if key[0] == "link" and not traits.home]
    head.guids_unusable |= len(guids) >= _PROOF and len(set(guids)) == 1
    head.links_unusable |= len(links) >= _PROOF and len(set(links)) == 1


def _flag_what_is_always_new(
    head: Head, by_key: Sequence[Seen], otherwise: Sequence[Seen], links: Sequence[bytes]
) -> None:
    """Entries that are known, though by nothing that should name them: once, a feed has moved; again, it makes them up."""
    if any(one.key[0] == "guid" for one in by_key):
        head.guids_new = 0
    elif sum(one.key[0] == "guid" for one in otherwise) >= _PROOF:
        head.guids_new += 1
    pairs = [(one.link, links[one.slot]) for one in (*by_key, *otherwise) if one.slot is not None]
    same = [link == before for link, before in pairs if NOTHING not in (link, before)]
    if any(same):
        head.links_new = 0
    elif len(same) >= _PROOF:
        head.links_new += 1
    head.guids_unusable |= head.guids_new >= _IN_A_ROW
    head.links_unusable |= head.links_new >= _IN_A_ROW


def _part(found: bytes) -> bytes:
    return found.ljust(4, b"\0")


def _alike(remembered: bytes, found: bytes) -> bool:
    return bool(found) and remembered == found
