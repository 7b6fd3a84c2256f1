"""Which of several sources of a site owns an article that more than one of them shows (design.md, section 5).

Version, contentHash and the day's cap belong to the article and go with ownership; each source keeps its own variant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from worker.core.feeds.entry import MARKED, OWNER, REJECTED, WITHDRAWN, Entry
from worker.core.feeds.held import Held


@dataclass(slots=True)
class Holding:
    """An article as one source remembers it."""

    held: Held
    slot: int
    entry: Entry

    def shows(self, now: int) -> bool:
        """Whether its source could own it: it is live, and its last document has the article."""
        return not self.entry.left and not self.entry.has(REJECTED) and self.held.live(now)

    def keep(self) -> None:
        """Remember it as it is now."""
        self.held.put(self.slot, self.entry)


def holdings(held: Held, article: bytes) -> list[Holding]:
    """The article as all other sources of the site remember it, by the order of their ids."""
    holders = held.site.holders(article)
    if not holders:
        return []
    found = [
        Holding(one, slot, one.get(slot))
        for one in holders
        if one is not held and (slot := one.find(article)) is not None
    ]
    return sorted(found, key=lambda holding: holding.held.id)


def owner(others: list[Holding]) -> Holding | None:
    """The one among them that owns the article."""
    return next((holding for holding in others if holding.entry.has(OWNER)), None)


def settle(own: Holding, others: list[Holding], now: int) -> None:
    """Let an owner that isn't live, or whose last document lacks the article, yield to the first that shows it."""
    everyone = sorted([own, *others], key=lambda holding: holding.held.id)
    current = owner(everyone)
    if current is None or current.entry.has(WITHDRAWN) or current.shows(now):
        return
    heir = next((holding for holding in everyone if holding.shows(now)), None)
    if heir is not None:
        hand_over(current, heir)


def hand_over(current: Holding, heir: Holding) -> None:
    """What belongs to the article goes to the heir. If that is marked, its next document is needed whole."""
    giver, taker = current.entry, heir.entry
    taker.content, taker.version, taker.first = giver.content, giver.version, giver.first
    taker.cap_day, taker.cap_count = giver.cap_day, giver.cap_count
    giver.content, giver.version = bytes(16), 0
    giver.flag(OWNER, on=False)
    taker.flag(OWNER)
    if taker.has(MARKED):
        heir.held.opened.validators, heir.held.opened.body = None, b""
        heir.held.touch()
    current.keep()
    heir.keep()


def let_go(own: Holding, others: list[Holding], now: int) -> None:
    """Before the source forgets the entry: it stays withdrawn for the others, or the first of them owns the article."""
    if not own.entry.has(OWNER) or not others:
        return
    if own.entry.has(WITHDRAWN):
        for holding in others:
            holding.entry.flag(WITHDRAWN)
            holding.keep()
        return
    hand_over(own, next((holding for holding in others if holding.shows(now)), others[0]))


def yielded(held: Held, now: int) -> Iterator[int]:
    """Settle anew who owns what several show and this source remembers, now that it is live or isn't any more.

    Yields the slots as they are gone through.
    """
    for slot in range(held.count):
        entry = held.get(slot)
        if len(held.site.holders(entry.article)) > 1:
            settle(Holding(held, slot, entry), holdings(held, entry.article), now)
        yield slot
