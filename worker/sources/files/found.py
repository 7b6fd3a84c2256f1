"""A document of a file, and what to remember of the file once it is published."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from worker.model import Document, FileState, Format, Refusal, Source
from worker.sources.files.cut import Caps, Run, Tape, Unterminated, cut, damaged, refused
from worker.sources.files.said import Outcome, Said


@dataclass(frozen=True, slots=True)
class Found:
    """A document, and the file it is from."""

    document: Document
    last: bool  # nothing of the file comes after it
    file: FileState  # as it was opened; what depends on the position is filled in by `state_at`
    run: Run

    def state_at(self, position: int, records: int, *, done: bool) -> FileState:
        """What to remember when all before `position` is published. `records`: of the file, up to there."""
        run = self.run
        digest = run.after
        if self.document.format.counts_bytes and position < run.end:
            prefix = run.before.copy()
            prefix.update(run.data[: position - run.start])
            digest = prefix.hexdigest()
        if not run.records:  # where packed data breaks off: no record, so what comes there one day has its ordinal
            records = run.ordinal
        return replace(self.file, digest=digest, position=position, records=records, done=done)


@dataclass(frozen=True, slots=True)
class Opened:
    """A stream that stands where reading is to begin, and what goes into every document of it."""

    tape: Tape
    content: Format | Refusal
    ordinal: int  # of the next record, or of a feed's first entry that counts
    file: FileState
    source: Source
    clock: Callable[[], int]  # ms since the epoch, UTC
    unchanged: Callable[[], bool]  # whether the file still is what it was when it was opened

    @property
    def format(self) -> Format:
        """A refused whole is handled as text: one record, counted in bytes."""
        return self.content if isinstance(self.content, Format) else Format.TEXT


def found(opened: Opened, caps: Caps) -> Iterator[Found | Said]:
    """The documents from there on. Each is given when the next is known, so that the last one can say that it is."""
    waiting: Found | None = None
    complaint: Said | None = None
    ordinal = opened.ordinal
    runs = _runs(opened, caps)
    while complaint is None:
        try:
            run = next(runs, None)
        except Unterminated:
            complaint = _said(opened, Outcome.UNTERMINATED, "its last line is not complete: call again when it is")
            break
        if run is None:
            break
        if waiting:
            yield waiting
        waiting = _found(opened, run)
        ordinal = run.ordinal + run.records
    if opened.format is not Format.JSONL and not opened.unchanged():
        complaint = _said(opened, Outcome.CHANGING, "it changed while it was read: call again when it is whole")
        if opened.format is not Format.JSON:
            waiting = None
    if waiting:
        yield replace(waiting, last=complaint is None)
    elif complaint is None:
        # All of it was published before, but not said to be done: an interruption just there.
        digest, position = opened.tape.digest.hexdigest(), opened.tape.position
        done = replace(opened.file, digest=digest, position=position, records=ordinal, done=True)
        yield replace(_said(opened, Outcome.ALREADY, "all of it was published"), state=done)
    if complaint:
        yield complaint


def _runs(opened: Opened, caps: Caps) -> Iterator[Run]:
    tape = opened.tape
    if isinstance(opened.content, Refusal):
        yield refused(tape, opened.content, opened.ordinal)
        return
    ordinal = opened.ordinal
    for run in cut(tape, opened.content, ordinal, caps):
        yield run
        ordinal = run.ordinal + run.records
    if tape.damage and opened.content in (Format.JSONL, Format.JSON):
        # The position stays before the damage: when the file is replaced by a whole one, it goes on there.
        digest = tape.digest.hexdigest()
        yield Run(b"", tape.position, tape.position, ordinal, 0, tape.digest.copy(), digest, damaged(tape))


def _found(opened: Opened, run: Run) -> Found:
    form, start, end = opened.format, run.start, run.end
    if form is Format.FEED and not run.refused:
        start, end = opened.ordinal, -1  # positions are ordinals of entries; how many there are is not yet known
    elif form is Format.FEED:
        form = Format.TEXT
    document = Document(
        opened.source, opened.file.path, form, run.data, start, end, run.ordinal, opened.clock(), run.refused
    )
    return Found(document, last=False, file=opened.file, run=run)


def _said(opened: Opened, outcome: Outcome, message: str) -> Said:
    return Said(opened.file.path, outcome, message)
