"""Files to documents: each opened once, looked at, compared with what is remembered, cut from where it was left.

Blocking, and lazy: nothing is read before it is asked for.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from worker.model import STANDARD_INPUT, Code, FileState, Format, Refusal, Source
from worker.sources.files.cut import Caps
from worker.sources.files.found import Found, Opened, found
from worker.sources.files.resume import Step, carried, compare, in_run, skipped_unread, still_refused
from worker.sources.files.said import Outcome, Said
from worker.sources.files.sniff import HEAD, is_array, sniff
from worker.sources.files.tape import Tape
from worker.sources.files.unpack import unpacked
from worker.sources.files.walk import Place, open_regular, path_key, reason, walk


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a replay wants of files."""

    run: str | None = None  # with --again: what is done or begun counts only if it was in this run
    only: frozenset[str] = frozenset()  # path keys; empty: all
    changed: bool = False  # also what was changed since it was published
    within: Callable[[str], bool] = lambda _path: True  # which files are this split's, by path key


@dataclass(frozen=True, slots=True)
class _Reading:
    source: Source
    wanted: Wanted
    clock: Callable[[], int]
    caps: Caps


def documents(  # noqa: PLR0913 (each a thing of its own)
    roots: Sequence[Path],
    source: Source,
    remembered: Mapping[str, FileState],
    wanted: Wanted,
    clock: Callable[[], int],
    *,
    caps: Caps | None = None,
) -> Iterator[Found | Said]:
    """What there is to publish under the roots, and what is to be said of the rest. `clock`: ms since the epoch, UTC."""
    reading = _Reading(source, wanted, clock, caps or Caps())
    missing = set(wanted.only)
    met: dict[str, bytes] = {}  # by path key, for what two roots may have in common
    for place in walk(roots):
        key = place.path if isinstance(place, Said) else place.key
        if wanted.only and key not in wanted.only:
            continue
        missing.discard(key)
        if isinstance(place, Said):
            yield place
        elif not wanted.within(key):
            continue
        elif len(roots) == 1 or key not in met:
            if len(roots) > 1:
                met[key] = place.path
            yield from _file(place, remembered.get(key), reading)
        elif met[key] != place.path:
            other = path_key(met[key])
            yield Said(
                key,
                Outcome.SAME_PATH,
                f"{other} has the same path in this data set: replay each root under a --dataset of its own",
            )
    for key in sorted(missing):
        yield Said(
            key, Outcome.UNREADABLE, "there is no such file: --only takes a path as it stands in provenance.file"
        )


def documents_of_stream(
    stream: BinaryIO, source: Source, clock: Callable[[], int], *, caps: Caps | None = None, location: str = ""
) -> Iterator[Found | Said]:
    """The documents in standard input. `location`: what its state is told by from that of any other stream."""
    caps = caps or Caps()
    file = FileState(STANDARD_INPUT, location, 0, 0, 0, "", 0, 0, done=False, run=None)
    try:
        tape = Tape(unpacked(stream.read))
        content, array = _look(tape, caps)
        yield from found(Opened(tape, content, array, 0, 0, file, source, clock, unchanged=lambda: True), caps)
    except OSError as error:
        yield Said(STANDARD_INPUT, Outcome.UNREADABLE, reason(error))


def _file(place: Place, remembered: FileState | None, reading: _Reading) -> Iterator[Found | Said]:
    run = reading.wanted.run
    state, before = in_run(remembered, run), carried(remembered, run)
    try:
        met = os.stat(place.path)
        if state and skipped_unread(state, _as_opened(place, met, run, before)):
            yield Said(place.key, Outcome.ALREADY, "nothing about it changed")
            return
        opened = open_regular(place.path) if stat.S_ISREG(met.st_mode) else None
        if not opened:
            yield Said(place.key, Outcome.NOT_A_FILE, "not a regular file (a FIFO, socket or device): not read")
            return
        descriptor, at_open = opened
        with open(descriptor, "rb", buffering=0) as stream:
            yield from _stream(stream, _as_opened(place, at_open, run, before), state, reading)
    except OSError as error:
        yield Said(place.key, Outcome.UNREADABLE, reason(error))


def _as_opened(place: Place, found: os.stat_result, run: str | None, before: FileState | None) -> FileState:
    location, size, changed = path_key(place.path), found.st_size, found.st_mtime_ns
    return FileState(place.key, location, found.st_ino, size, changed, "", 0, 0, done=False, run=run, before=before)


def _stream(stream: BinaryIO, now: FileState, state: FileState | None, reading: _Reading) -> Iterator[Found | Said]:
    tape = Tape(unpacked(stream.read))
    content, array = _look(tape, reading.caps)
    tape, step = _compared(stream, tape, content, state)
    if state and step is Step.SAME:
        yield Said(now.path, Outcome.ALREADY, "its content is what was published, or rejected", _moved(state, now))
        return
    if step is Step.CHANGED and not reading.wanted.changed:
        yield Said(now.path, Outcome.CHANGED, "not what was published under this path: --changed publishes it")
        return
    entries = records = 0
    if state and step in (Step.GO_ON, Step.GROWN):
        entries, records = state.position, state.records
    if state and (content not in (Format.JSONL, Format.JSON) or step in (Step.ANEW, Step.CHANGED)):
        tape = _from_the_start(stream)

    def unchanged() -> bool:
        after = os.fstat(stream.fileno())
        if content is Format.JSONL:
            return after.st_size >= now.size
        return (after.st_size, after.st_mtime_ns) == (now.size, now.mtime_ns)

    opened = Opened(tape, content, array, entries, records, now, reading.source, reading.clock, unchanged)
    for one in found(opened, reading.caps):
        if step is Step.GROWN and state and isinstance(one, Found):
            yield Said(now.path, Outcome.GROWN, f"goes on at byte {state.position:,}")
            step = Step.GO_ON
        yield one


def _compared(stream: BinaryIO, tape: Tape, content: Format | Refusal, state: FileState | None) -> tuple[Tape, Step]:
    """What to do with the file, and the tape where `compare` leaves it."""
    if not state:
        return tape, Step.ANEW
    if state.refused:
        if still_refused(tape, content, state):
            return tape, Step.SAME
        tape = _from_the_start(stream)
    return tape, compare(tape, content, state)


def _from_the_start(stream: BinaryIO) -> Tape:
    stream.seek(0)
    return Tape(unpacked(stream.read))


def _look(tape: Tape, caps: Caps) -> tuple[Format | Refusal, bool]:
    """What the stream is, by its first bytes that are not white space, and whether it is an array."""
    head = tape.peek(HEAD)
    while head.isspace() and HEAD <= len(head) < caps.whole:
        longer = tape.peek(2 * len(head))
        if len(longer) == len(head):
            break
        head = longer
    if tape.damage and not head.strip():
        return Refusal(Code.DAMAGED_ARCHIVE, f"{tape.damage}: nothing can be had from it"), False
    return sniff(head), is_array(head)


def _moved(state: FileState, now: FileState) -> FileState:
    """What is remembered, at the place and with the times of now, so that it is skipped unread next time."""
    return replace(
        state, location=now.location, inode=now.inode, size=now.size, mtime_ns=now.mtime_ns, before=now.before
    )
