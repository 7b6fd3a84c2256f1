"""What a document shows and what has left it: leaving it is no withdrawal, and what left is remembered for a while."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final

from worker.core.feeds.entry import CAPPED, OWNER, glances
from worker.core.feeds.held import Held
from worker.core.feeds.siblings import Holding, holdings, settle

_KEPT_DAYS: Final = 30
_KEPT: Final = 5_000  # entries, or as many as the largest document had


def turn(held: Held, shown: AbstractSet[int], deleted: AbstractSet[int], now: int, day: int) -> int:
    """Note what the document shows, and who owns that now. How many entries left whose last change the day's cap kept back."""
    several, capped = held.site.several, 0
    to_settle = []
    for slot, (_, _, left) in enumerate(glances(held.entries)):
        shows = slot in shown
        if shows and not left and not several:
            continue
        if shows or not left:
            entry = held.get(slot)
            entry.left = 0 if shows else day
            if not shows:
                capped += entry.has(CAPPED)
            held.put(slot, entry)
            # What is deleted isn't handed over: its withdrawal is its owner's to publish.
            if several and slot not in deleted and shows != entry.has(OWNER):
                to_settle.append(slot)
    for slot in to_settle:
        entry = held.get(slot)
        if others := holdings(held, entry.article):
            settle(Holding(held, slot, entry), others, now)
    return capped


def expired(held: Held, day: int) -> set[int]:
    """What left so long ago, or so long before the others, that it is to be forgotten."""
    left = [(left, slot) for slot, (_, _, left) in enumerate(glances(held.entries)) if left]
    gone = {slot for since, slot in left if day - since >= _KEPT_DAYS}
    surplus = len(left) - len(gone) - max(_KEPT, held.opened.largest_window)
    if surplus > 0:
        gone.update(slot for _, slot in sorted(one for one in left if one[1] not in gone)[:surplus])
    return gone
