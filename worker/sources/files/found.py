"""A document of a file, and what to remember of the file once it is published."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from worker.model import Code, Document, FileState, Format, Refusal, Source
from worker.sources.files.cut import Caps, Piece, Unterminated, lines, refused, untaken, whole
from worker.sources.files.resume import refusal
from worker.sources.files.said import Outcome, Said
from worker.sources.files.tape import Tape
from worker.sources.files.values import values


@dataclass(frozen=True, slots=True)
class Found:
    """A document, and the file it is from."""

    document: Document
    last: bool  # nothing of the file comes after it
    file: FileState  # as it was opened; what depends on the position is filled in by `state_at`
    piece: Piece

    def state_at(self, position: int, records: int, *, done: bool) -> FileState:
        """What to remember when all before `position` is published. `records`: of the file, up to there."""
        piece = self.piece
        digest = piece.after
        if self.document.format.counts_bytes and position < piece.end:
            prefix = piece.before.copy()
            prefix.update(piece.data[: position - piece.start])
            digest = prefix.hexdigest()
        refused = None
        if not piece.records:  # its rejection counts as none: what comes there one day has its ordinal
            records = piece.ordinal
            refused = refusal(piece.refused.code, piece.refused.digest) if piece.refused else None
        return replace(self.file, digest=digest, position=position, records=records, done=done, refused=refused)


@dataclass(frozen=True, slots=True)
class Opened:
    """A stream that stands where reading is to begin, and what goes into every document of it."""

    tape: Tape
    content: Format | Refusal
    array: bool  # JSON in brackets
    entries: int  # a feed's entries that are published already
    records: int  # how many lie before
    file: FileState
    source: Source
    clock: Callable[[], int]  # ms since the epoch, UTC
    unchanged: Callable[[], bool]  # whether what was read still is what the file holds

    def said(self, outcome: Outcome, message: str) -> Said:
        """Something to tell about this file."""
        return Said(self.file.path, outcome, message)


def found(opened: Opened, caps: Caps) -> Iterator[Found | Said]:
    """The documents from there on. Each is given when the next is known, so that the last one can say that it is.

    A whole file that changed while it was read is not given at all; of others only what comes after the change is missing.
    """
    waiting: Found | None = None
    complaint: Said | None = None
    try:
        for piece in _pieces(opened, caps):
            if waiting:
                yield waiting
            waiting = _found(opened, piece)
    except Unterminated:
        complaint = opened.said(
            Outcome.UNTERMINATED,
            "its last line is not complete, or no JSON: call again when it is; one that ends in a line feed is read, or rejected",
        )
    if not opened.unchanged():
        complaint = opened.said(Outcome.CHANGING, "it changed while it was read: call again when it is whole")
        if opened.content not in (Format.JSONL, Format.JSON):
            waiting = None
    if waiting:
        yield replace(waiting, last=complaint is None)
    elif not complaint:
        complaint = _nothing_more(opened)
    if complaint:
        yield complaint


def _nothing_more(opened: Opened) -> Said:
    """There are no records at all, or an interruption came just between the last of them and saying that it is the last."""
    digest, position = opened.tape.digest.hexdigest(), opened.tape.position
    done = replace(opened.file, digest=digest, position=position, records=opened.records, done=True)
    if opened.records:
        return replace(opened.said(Outcome.ALREADY, "all of it was published"), state=done)
    return replace(opened.said(Outcome.NO_RECORDS, "there is not one record in it"), state=done)


def _pieces(opened: Opened, caps: Caps) -> Iterator[Piece]:
    tape, content, ordinal = opened.tape, opened.content, opened.records
    if isinstance(content, Refusal):
        nothing_yet = content.code in (Code.EMPTY, Code.DAMAGED_ARCHIVE)
        yield (untaken if nothing_yet else refused)(tape, ordinal, content)
        return
    if content not in (Format.JSONL, Format.JSON):
        yield whole(tape, ordinal, caps)
        return
    cut = lines(tape, ordinal, caps) if content is Format.JSONL else values(tape, ordinal, caps, array=opened.array)
    for piece in cut:
        yield piece
        ordinal = piece.ordinal + piece.records
    if tape.damage:
        # When the file is replaced by a whole one, it goes on there.
        yield untaken(tape, ordinal, Refusal(Code.DAMAGED_ARCHIVE, f"{tape.damage}: what came before is read"))


def _found(opened: Opened, piece: Piece) -> Found:
    form = Format.TEXT if isinstance(opened.content, Refusal) else opened.content
    start, end = piece.start, piece.end
    if not form.counts_bytes and piece.refused:
        form = Format.TEXT  # one record, counted in bytes
    elif not form.counts_bytes:
        start, end = opened.entries, -1  # positions are ordinals of entries; how many there are is not yet known
    at = opened.clock()
    document = Document(opened.source, opened.file.path, form, piece.data, start, end, piece.ordinal, at, piece.refused)
    return Found(document, last=False, file=opened.file, piece=piece)
