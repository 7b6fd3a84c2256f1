"""What came of asking a source, besides the entries, and what its head keeps of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from worker.model import Head, Validators

BODY: Final = 16  # bytes of the digest that are remembered
_MOVES: Final = 3  # so often in a row it must say where it has moved for good


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that brought a document, or said that nothing has changed."""

    url: str  # where it was found in the end, secrets out
    status: int
    digest: bytes = b""  # SHA-256 of the unpacked bytes, all 32; of a 304 b""
    validators: Validators | None = None  # to ask by next time
    moved: str | None = None  # where it says that it has moved for good


def well(head: Head, answered: Answered, defined: str, now: int) -> bool:
    """The source, `defined` by that URL, answered at `now`; whether the end of faults or a new address is worth a commit."""
    worth = bool(head.faults) or head.gone
    head.polled_at = head.read_at = now
    head.fault, head.faults, head.fault_since, head.not_before, head.gone = None, 0, 0, 0, False
    if answered.moved is None or answered.moved == head.url:
        head.moving = None
        return worth
    times = head.moving[1] + 1 if head.moving and head.moving[0] == answered.moved else 1
    if times < _MOVES:
        head.moving = (answered.moved, times)
        return True  # committed, so that a worker that is called anew for each poll counts on
    head.url, head.url_of, head.moving = answered.moved, defined, None
    return True
