"""What a poll without a document comes to, and a source that is no more: parts, none where nothing is worth a commit.

What a restart may forget (when it was last asked) rides along with the source's next commit; what it must not forget is
committed at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from worker.core.feeds.answered import BODY, Answered, well
from worker.core.feeds.held import Held
from worker.core.feeds.inbox import State
from worker.core.feeds.memory import REMOVAL_GRACE, Asked, ShardMemory
from worker.core.feeds.siblings import Holding, holdings, let_go, yielded
from worker.model import Definition, Fault, FaultKind, Part

# After so many faults in a row the URL that it moved to is given up; a power of two, so that it is committed.
_LOST_AT: Final = 4
_DAY: Final = 86_400_000
# So many entries a part; what siblings are handed lies in pages that may be all over.
_MOST: Final = 2_000
_LONGEST: Final = 500  # characters of what a fault says
_REMOVED: Final = "the source was removed meanwhile"


def is_known(asked: Asked, digest: bytes) -> bool:
    """Whether a body is, by its SHA-256, the one that was wholly decided before."""
    return bool(asked.body) and digest[:BODY] == asked.body


def unchanged(
    definition: Definition, memory: ShardMemory, asked: Asked, answered: Answered, now: int
) -> Iterator[Part]:
    """A 304, or bytes that `is_known`. Validators are renewed only if those asked by are still remembered."""
    held = memory.held(definition.id)
    head = held.opened
    worth = well(head, answered, definition.url, now)
    current = head.validators == asked.validators and head.body == asked.body and bool(head.body)
    if current and answered.validators is not None and answered.validators != head.validators:
        head.validators = answered.validators
        worth = True
    if worth:
        held.touch()
        yield Part(definition.id, ())


def faulted(definition: Definition, memory: ShardMemory, fault: Fault, now: int) -> Iterator[Part]:
    """No document. Committed are the first fault of a series and each doubling, 410, what the server asked for, and a day in fault.

    Gone, or a day in fault, it yields its articles to siblings.
    """
    held = memory.held(definition.id)
    head = held.opened
    in_fault_before = head.polled_at - head.fault_since if head.faults else 0
    head.polled_at, head.faults = now, head.faults + 1
    head.fault = replace(fault, message=fault.message[:_LONGEST])
    if head.faults == 1:
        head.fault_since = now
    lost = in_fault_before < _DAY <= now - head.fault_since or (fault.kind is FaultKind.GONE and not head.gone)
    if fault.kind is FaultKind.GONE:
        head.gone, head.url_of = True, definition.url
    if head.faults == _LOST_AT and not head.gone:
        head.url = head.url_of = head.moving = None  # where it moved to is no more: ask where it was defined
    asked_for = fault.retry_after_s or 0
    if asked_for > 0:
        head.not_before = now + int(min(asked_for * 1000, _DAY))
    if lost:
        yield from settled_anew(held, now)
    elif asked_for > 0 or head.faults.bit_count() == 1:
        held.touch()
        yield Part(definition.id, ())


def removed(source: str, memory: ShardMemory, now: int) -> Iterator[Part]:
    """A source that is defined no more: its articles go to siblings; after the grace all of it is forgotten."""
    held = memory.held(source)
    head = held.opened
    if head.removed_at and now - head.removed_at >= REMOVAL_GRACE:
        yield from _forgotten(held, memory, now)
        return
    if not head.removed_at:
        yield from settled_anew(held, now)
        if held.definition is None:  # it may be added again between two parts
            head.removed_at = now
            memory.poll_is_through(held, State.REFUSED, _REMOVED, now)
            for wanted in head.redrives:
                memory.redrive_is_through(held, wanted, State.REFUSED, _REMOVED, now)
            held.touch()
            yield Part(source, ())


def settled_anew(held: Held, now: int) -> Iterator[Part]:
    """Whose its articles are, now that it is live or isn't any more, in as many parts as that takes. Harmless if done again."""
    for slot in yielded(held, now):
        if slot % _MOST == _MOST - 1:
            yield Part(held.id, ())
    held.touch()
    yield Part(held.id, ())


def _forgotten(held: Held, memory: ShardMemory, now: int) -> Iterator[Part]:
    for slot in range(held.count):
        entry = held.get(slot)
        let_go(Holding(held, slot, entry), holdings(held, entry.article), now)
        if slot % _MOST == _MOST - 1:
            yield Part(held.id, ())
    if held.definition is None:
        memory.forget(held.id)
    yield Part(held.id, ())
