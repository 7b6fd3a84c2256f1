"""Files to documents: each opened once, looked at, compared with what is remembered, cut from where it was left.

Blocking, and lazy: nothing is read before it is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from worker.model import FileState, Format, Source
from worker.sources.files.cut import Caps, Tape
from worker.sources.files.found import Found, Opened, found
from worker.sources.files.resume import Step, compare, skipped_unread
from worker.sources.files.said import Outcome, Said
from worker.sources.files.sniff import HEAD, sniff
from worker.sources.files.unpack import unpacked
from worker.sources.files.walk import Place, open_regular, path_key, reason, walk

STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a replay wants of files."""

    run: str | None = None  # with --again: what is done or begun counts only if it was in this run
    only: frozenset[str] = frozenset()  # path keys; empty: all
    changed: bool = False  # also what was changed since it was published


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
    caps: Caps | None = None,
) -> Iterator[Found | Said]:
    """What there is to publish under the roots, and what is to be said of the rest. `clock`: ms since the epoch, UTC."""
    reading = _Reading(source, wanted, clock, caps or Caps())
    missing = set(wanted.only)
    for place in walk(roots):
        key = place.path if isinstance(place, Said) else place.key
        if wanted.only and key not in wanted.only:
            continue
        missing.discard(key)
        if isinstance(place, Said):
            yield place
        else:
            yield from _file(place, remembered.get(key), reading)
    for key in sorted(missing):
        yield Said(key, Outcome.UNREADABLE, "there is no such file: --only takes a path as it stands in provenance.file")


def documents_of_stream(
    stream: BinaryIO, source: Source, clock: Callable[[], int], caps: Caps | None = None
) -> Iterator[Found | Said]:
    """The documents in standard input, of which nothing can be remembered."""
    tape = Tape(unpacked(stream.read))
    file = FileState(STANDARD_INPUT, "", 0, 0, 0, "", 0, 0, done=False, run=None)
    opened = Opened(tape, sniff(tape.peek(HEAD)), 0, file, source, clock, unchanged=lambda: True)
    yield from found(opened, caps or Caps())


def _file(place: Place, state: FileState | None, reading: _Reading) -> Iterator[Found | Said]:
    try:
        descriptor, stat = open_regular(place.path)
    except OSError as error:
        yield Said(place.key, Outcome.UNREADABLE, reason(error))
        return
    except ValueError:
        yield Said(place.key, Outcome.NOT_A_FILE, "not a regular file (a FIFO, socket or device): not opened")
        return
    wanted = reading.wanted
    with open(descriptor, "rb", buffering=0) as stream:
        location, run = path_key(place.path), wanted.run
        now = FileState(place.key, location, stat.st_ino, stat.st_size, stat.st_mtime_ns, "", 0, 0, done=False, run=run)
        if state and wanted.run is not None and state.run != wanted.run:
            state = None
        if state and skipped_unread(state, now):
            yield Said(place.key, Outcome.ALREADY, "nothing about it changed")
            return
        try:
            yield from _stream(stream, now, state, reading)
        except OSError as error:
            yield Said(place.key, Outcome.UNREADABLE, reason(error))


def _stream(stream: BinaryIO, now: FileState, state: FileState | None, reading: _Reading) -> Iterator[Found | Said]:
    tape = Tape(unpacked(stream.read))
    content = sniff(tape.peek(HEAD))
    ordinal = 0
    step = compare(tape, content, state) if state else None
    if state and step is Step.SAME:
        yield Said(now.path, Outcome.ALREADY, "its content is what was published", _moved(state, now))
        return
    if step is Step.CHANGED and not reading.wanted.changed:
        yield Said(now.path, Outcome.CHANGED, "not what was published under this path: --changed publishes it")
        return
    if state and step in (Step.GO_ON, Step.GROWN):
        ordinal = state.position if content is Format.FEED else state.records
        if step is Step.GROWN:
            yield Said(now.path, Outcome.GROWN, f"goes on at byte {state.position:,}")
    if step is Step.CHANGED or (step is Step.GO_ON and content not in (Format.JSONL, Format.JSON)):
        stream.seek(0)
        tape = Tape(unpacked(stream.read))

    def unchanged() -> bool:
        stat = os.fstat(stream.fileno())
        return (stat.st_size, stat.st_mtime_ns) == (now.size, now.mtime_ns)

    yield from found(Opened(tape, content, ordinal, now, reading.source, reading.clock, unchanged), reading.caps)


def _moved(state: FileState, now: FileState) -> FileState:
    """What is remembered, at the place and with the times of now, so that it is skipped unread next time."""
    return replace(state, location=now.location, inode=now.inode, size=now.size, mtime_ns=now.mtime_ns)
