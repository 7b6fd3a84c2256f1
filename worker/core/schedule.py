"""When a source is polled next: slots that its id fixes, so that no restart polls everything at once, and pauses after faults.

A slot is at phase(id) + k · interval since the epoch, whoever owns the source. All times in ms since the epoch, UTC.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Final

from worker.model import Definition, FaultKind, Head

MINUTE: Final = 60_000
DAY: Final = 86_400_000

# How long a first fault of a kind keeps from asking again, in ms; doubled with each that follows, up to a day. What is not
# listed: until the next slot.
_FIRST_PAUSE: Final = {
    FaultKind.ADDRESS: 60 * MINUTE,
    FaultKind.DNS: 10 * MINUTE,
    FaultKind.TLS: 60 * MINUTE,
    FaultKind.THROTTLED: 30 * MINUTE,
    FaultKind.NOT_A_FEED: 60 * MINUTE,
    FaultKind.TOO_LARGE: 120 * MINUTE,
    FaultKind.UNREADABLE: 120 * MINUTE,
    FaultKind.INTERNAL: 60 * MINUTE,  # its shard is restored each time
}
_OWN: Final = (FaultKind.ADDRESS, FaultKind.UNCONFIGURED)
_FOR_GOOD: Final = (401, 402, 403, 404, 451)  # such a status seldom goes away by itself
_FOR_GOOD_PAUSE: Final = 60 * MINUTE
_APART: Final = 100  # ms between two polls that are made up for, about
_LONGEST_EXPONENT: Final = 20  # a day is reached long before


def phase(source_id: str, interval: int) -> int:
    """Where in its interval (ms) a source's slots lie: the first 8 bytes of SHA-256 of its id, big-endian, mod interval."""
    return _number(source_id) % interval


def slot_after(definition: Definition, instant: int) -> int:
    """The first slot after the instant."""
    interval = definition.interval_s * 1000
    first = phase(definition.id, interval)
    return instant - (instant - first) % interval + interval


def first_due(definition: Definition, head: Head | None, owned_at: int, sources: int) -> int | None:
    """When a source is due that this owner, who fenced at `owned_at`, has not polled; None: never (410, or paused).

    A slot of the minute before that isn't known to have been polled, and a source that never was, are made up for, spread over
    the minute after, or less where there are few `sources`. So is one that a worker's own settings kept from being asked: this
    one's may be others.
    """
    if head is not None and (head.gone or head.paused):
        return None
    made_up = owned_at + _number(definition.id) % min(MINUTE, sources * _APART + 1)
    if head is None or not head.polled_at or (head.fault and head.fault.kind in _OWN):
        return made_up
    if head.polled_at > owned_at + definition.interval_s * 1000:  # by a clock that was wrong, or this one is
        ahead = head.polled_at - owned_at
        head = replace(head, polled_at=owned_at, not_before=max(0, head.not_before - ahead))
    slot = slot_after(definition, max(owned_at - MINUTE, head.polled_at))
    due = made_up if slot <= owned_at else slot
    return _allowed(definition, head, due, head.polled_at)


def next_due(definition: Definition, head: Head, polled_at: int) -> int | None:
    """When it is due again after a poll that ended at `polled_at`; None: never (410, or paused)."""
    return (
        None if head.gone or head.paused else _allowed(definition, head, slot_after(definition, polled_at), polled_at)
    )


def pause(head: Head) -> int:
    """How long the faults in a row keep from asking again, in ms; 0: until the next slot."""
    fault = head.fault
    if fault is None:
        return 0
    first = _FIRST_PAUSE.get(fault.kind, 0)
    if fault.kind is FaultKind.STATUS and fault.status in _FOR_GOOD:
        first = _FOR_GOOD_PAUSE
    # Even what is tried at its next slot is tried ever less often once it has failed a few times.
    first = first or MINUTE
    return min(first << min(head.faults - 1, _LONGEST_EXPONENT), DAY) if head.faults else 0


def _allowed(definition: Definition, head: Head, due: int, polled_at: int) -> int:
    """The slot, put off as long as faults or the server itself ask for."""
    earliest = max(head.not_before, polled_at + pause(head) if head.fault else 0)
    return due if due >= earliest else slot_after(definition, earliest - 1)


def _number(source_id: str) -> int:
    return int.from_bytes(hashlib.sha256(source_id.encode()).digest()[:8], "big")
