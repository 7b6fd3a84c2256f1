"""A stream of unpacked bytes cut into pieces of whole records, in bounded memory whatever the stream holds.

A piece knows the digest of all bytes before it, so that the digest before any position in it can be told.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

import orjson

from worker.model import Code, Refusal
from worker.sources.files.tape import CHUNK, Tape

# How much is kept of what is refused: enough to recognise it by.
KEPT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Caps:
    """How large things may be, in bytes."""

    piece: int = 512 * 1024  # records of one document together; a longer record is a document of its own
    record: int = 8 * 1024 * 1024
    whole: int = 16 * 1024 * 1024  # a file that is one record: text, a feed


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole records that stand together, or one thing that is refused (`data` is then its first bytes)."""

    data: bytes
    start: int
    end: int
    ordinal: int
    records: int  # 0 for what is refused in such a way that it may yet become records
    before: hashlib._Hash  # over everything before `start`
    after: str  # hex digest of everything before `end`
    refused: Refusal | None = None


class Unterminated(Exception):
    """The stream ends in a line that is not complete; nothing of that line was taken."""


def lines(tape: Tape, ordinal: int, caps: Caps) -> Iterator[Piece]:
    """JSON lines. Unterminated: the last line has no end and doesn't parse. Before damage, what is no whole line stays untaken."""
    rest = b""
    while data := tape.read(min(CHUNK, caps.piece)):
        cut = data.rfind(b"\n") + 1
        if not cut:
            rest += data
            if len(rest) > caps.record:
                yield _oversized(tape, rest, ordinal, caps.record)
                ordinal += 1
                rest = b""
            continue
        complete, rest = rest + data[:cut], data[cut:]
        for part in _no_longer_than(complete, caps.piece):
            if len(part) > caps.record:
                piece = _oversized(tape, part, ordinal, caps.record)
            else:
                piece = counted(tape, part, ordinal, sum(not line.isspace() for line in BytesIO(part)))
            yield piece
            ordinal += piece.records
    if tape.damage:
        tape.give_back(rest)
    elif rest.isspace():
        yield counted(tape, rest, ordinal, 0)
    elif rest:
        if not parses(rest):
            raise Unterminated
        yield counted(tape, rest, ordinal, 1)


def whole(tape: Tape, ordinal: int, caps: Caps) -> Piece:
    """All of the stream as one record; refused when it is over the cap or damaged."""
    data = tape.peek(caps.whole + 1)
    if tape.damage:
        return untaken(tape, ordinal, Refusal(Code.DAMAGED_ARCHIVE, f"{tape.damage}: there is no whole text in it"))
    if len(data) > caps.whole:
        return refused(tape, ordinal, Refusal(Code.TOO_LARGE, f"over the {caps.whole:,} bytes that are read as one"))
    return counted(tape, tape.read(len(data)), ordinal, 1)


def counted(tape: Tape, data: bytes, ordinal: int, records: int) -> Piece:
    """What was read and found good, taken."""
    before, start = tape.digest.copy(), tape.position
    tape.take(data)
    return Piece(data, start, tape.position, ordinal, records, before, tape.digest.hexdigest())


def refused(tape: Tape, ordinal: int, refusal: Refusal) -> Piece:
    """All that is left of the stream as one thing that is refused, its digest over all of it."""
    kept, start, before = tape.peek(KEPT), tape.position, tape.digest.copy()
    digest = hashlib.sha256()
    while data := tape.read(CHUNK):
        digest.update(data)
        tape.take(data)
    told = Refusal(refusal.code, refusal.message, refusal.stage, digest.hexdigest(), tape.position - start)
    return Piece(kept, start, tape.position, ordinal, 1, before, tape.digest.hexdigest(), told)


def untaken(tape: Tape, ordinal: int, refusal: Refusal) -> Piece:
    """Likewise, but the position stays before it: what stands there one day is read then, and is no change."""
    before, start = tape.digest.copy(), tape.position
    piece = refused(tape, ordinal, refusal)
    return Piece(piece.data, start, start, ordinal, 0, before, before.hexdigest(), piece.refused)


def too_large(size: int, cap: int, digest: str) -> Refusal:
    """The refusal of a record over the cap."""
    return Refusal(Code.TOO_LARGE, f"{size:,} bytes, over the {cap:,} that a record may have", digest=digest, size=size)


def parses(line: bytes) -> bool:
    """Whether it is JSON, a byte order mark and lone surrogates allowed: whatever the reader can make something of."""
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        try:
            json.loads(line.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            return False
    return True


def _no_longer_than(data: bytes, most: int) -> Iterator[bytes]:
    """The lines in pieces of at most `most` bytes; a longer line alone."""
    start = 0
    while len(data) - start > most:
        end = data.rfind(b"\n", start, start + most) + 1 or data.index(b"\n", start) + 1
        yield data[start:end]
        start = end
    if start < len(data):
        yield data[start:]


def _oversized(tape: Tape, data: bytes, ordinal: int, cap: int) -> Piece:
    """A line that is too long; `data` is its beginning, or all of it. The rest is read without being kept."""
    before, start, kept = tape.digest.copy(), tape.position, data[:KEPT]
    digest = hashlib.sha256(data)
    tape.take(data)
    while not data.endswith(b"\n") and (data := tape.read(CHUNK)):
        end = data.find(b"\n") + 1
        if end:
            tape.give_back(data[end:])
            data = data[:end]
        digest.update(data)
        tape.take(data)
    refusal = too_large(tape.position - start, cap, digest.hexdigest())
    return Piece(kept, start, tape.position, ordinal, 1, before, tape.digest.hexdigest(), refusal)
