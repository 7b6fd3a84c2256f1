"""A file met again: is it what was published, more of it, or something else? What is remembered decides, then the digest."""

from __future__ import annotations

from enum import Enum, auto

from worker.model import FileState, Format, Refusal
from worker.sources.files.cut import Tape
from worker.sources.files.sniff import HEAD


class Step(Enum):
    """What to do with a file that was met before."""

    SAME = auto()  # all of it was published
    GO_ON = auto()  # it was begun and is still what it was: from the position
    GROWN = auto()  # JSON lines were added: from the position
    CHANGED = auto()  # it is something else now


def skipped_unread(state: FileState, now: FileState) -> bool:
    """Whether nothing that fstat tells has changed since all of it was published."""
    return state.done and (state.location, state.inode, state.size, state.mtime_ns) == (
        now.location,
        now.inode,
        now.size,
        now.mtime_ns,
    )


def compare(tape: Tape, found: Format | Refusal, state: FileState) -> Step:
    """Read what was published and compare its digest; of lines and values the tape then stands at the position."""
    if found not in (Format.JSONL, Format.JSON):
        return _compare_whole(tape, state)
    if not tape.skip_to(state.position) or tape.digest.hexdigest() != state.digest:
        return Step.CHANGED
    if not state.done:
        return Step.GO_ON
    rest = tape.peek(HEAD).strip()
    if found is Format.JSONL:
        return Step.GROWN if rest else Step.SAME
    return Step.SAME if rest in (b"", b"]") else Step.CHANGED


def _compare_whole(tape: Tape, state: FileState) -> Step:
    while data := tape.read(HEAD):
        tape.take(data)
    if tape.digest.hexdigest() != state.digest:
        return Step.CHANGED
    return Step.SAME if state.done else Step.GO_ON
