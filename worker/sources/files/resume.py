"""A file met again: is it what was published, more of it, or something else? What is remembered decides, then the digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from enum import Enum, auto

from worker.model import Code, FileState, Format, Refusal
from worker.sources.files.tape import CHUNK, Tape

_BLANK = b" \t\r\n,"


class Step(Enum):
    """What to do with a file that was met before."""

    SAME = auto()  # all of it was published
    GO_ON = auto()  # it was begun, or broke off, and is still what it was: from the position
    GROWN = auto()  # JSON lines were added: from the position
    ANEW = auto()  # it is something else now, but not one record of it was published: from the start
    CHANGED = auto()  # it is something else now


def in_run(state: FileState | None, run: str | None) -> FileState | None:
    """What counts for a replay under this run id; without one, what was published outside any run, else in whichever."""
    of_run = next((one for one in _remembered(state) if one.run == run), None)
    return of_run if of_run or run is not None else state


def carried(state: FileState | None, run: str | None) -> FileState | None:
    """What is to be kept beneath a state of this run: that of no run, and the newest of another one."""
    others = [one for one in _remembered(state) if one.run != run]
    outside = next((replace(one, before=None) for one in others if one.run is None), None)
    inside = next((one for one in others if one.run is not None), None)
    return replace(inside, before=outside) if inside else outside


def _remembered(state: FileState | None) -> Iterator[FileState]:
    while state:
        yield state
        state = state.before


def skipped_unread(state: FileState, now: FileState) -> bool:
    """Whether nothing that fstat tells has changed since all of it was published."""
    return state.done and (state.location, state.inode, state.size, state.mtime_ns) == (
        now.location,
        now.inode,
        now.size,
        now.mtime_ns,
    )


def refusal(code: Code, digest: str | None) -> str:
    """What is remembered of a rejection whose bytes were not taken. `digest`: hex SHA-256 of them."""
    return f"{code} {digest}"


def still_refused(tape: Tape, content: Format | Refusal, state: FileState) -> bool:
    """Read all there is: whether what comes after the position is what was rejected there, for the same reason."""
    if not tape.skip_to(state.position) or tape.digest.hexdigest() != state.digest:
        return False
    rest = hashlib.sha256()
    while data := tape.read(CHUNK):
        rest.update(data)
    if tape.damage:
        return state.refused == refusal(Code.DAMAGED_ARCHIVE, rest.hexdigest())
    return isinstance(content, Refusal) and state.refused == refusal(content.code, rest.hexdigest())


def compare(tape: Tape, content: Format | Refusal, state: FileState) -> Step:
    """Read what was published and compare its digest; for GO_ON (of lines and values) and GROWN the tape stands at the position."""
    records = content in (Format.JSONL, Format.JSON)
    same = tape.skip_to(state.position) if records else _skip_all(tape)
    if not same or tape.digest.hexdigest() != state.digest:
        return Step.CHANGED if state.records else Step.ANEW
    if not state.done or state.refused:
        return Step.GO_ON
    if content is Format.JSONL and tape.peek(1):
        return Step.GROWN
    if content is Format.JSON and tape.peek(CHUNK).strip(_BLANK) not in (b"", b"]"):
        return Step.CHANGED if state.records else Step.ANEW
    return Step.SAME


def _skip_all(tape: Tape) -> bool:
    while data := tape.read(CHUNK):
        tape.take(data)
    return True
