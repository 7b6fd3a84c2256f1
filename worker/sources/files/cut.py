"""A stream of unpacked bytes cut into runs of whole records, in bounded memory whatever the stream holds.

Every byte belongs to exactly one run, so the digest of all bytes before any position can be told from the run it lies in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from worker.core.parse.split import Scanner, next_value
from worker.model import Code, Format, Refusal
from worker.sources.files.unpack import Damaged, Unpacked

_READ = 256 * 1024
# How much is kept of what is too large: enough to recognise it by.
_KEPT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Caps:
    """How large things may be, in bytes."""

    run: int = 512 * 1024  # records of one document together; a longer record is a document of its own
    record: int = 8 * 1024 * 1024
    whole: int = 16 * 1024 * 1024  # a file that is one record: text, a feed


class Tape:
    """The stream with its position, the digest of all that was taken from it, and a look at its start."""

    def __init__(self, stream: Unpacked) -> None:
        self._stream = stream
        self._ahead = b""
        self.position = 0
        self.digest = hashlib.sha256()
        self.damage: Damaged | None = None

    def peek(self, size: int) -> bytes:
        """The next `size` bytes, fewer only at the end; they are not taken."""
        while len(self._ahead) < size and (data := self._more(size - len(self._ahead))):
            self._ahead += data
        return self._ahead[:size]

    def read(self, size: int) -> bytes:
        """At most `size` bytes, b"" at the end or where the data is damaged; taken only once `take` is told so."""
        if self._ahead:
            data, self._ahead = self._ahead[:size], self._ahead[size:]
            return data
        return self._more(size)

    def take(self, data: bytes) -> None:
        """Count bytes that were read into position and digest, in their order."""
        self.digest.update(data)
        self.position += len(data)

    def skip_to(self, position: int) -> bool:
        """Take everything before `position`; False when the stream ends before."""
        while self.position < position:
            data = self.read(min(_READ, position - self.position))
            if not data:
                return False
            self.take(data)
        return True

    def give_back(self, data: bytes) -> None:
        """Read this again next; it was not taken."""
        self._ahead = data + self._ahead

    def _more(self, size: int) -> bytes:
        if self.damage:
            return b""
        try:
            return self._stream.read(size)
        except Damaged as damage:
            self.damage = damage
            return b""


@dataclass(frozen=True, slots=True)
class Run:
    """A run of whole records, or one thing that is refused (`data` is then its first bytes)."""

    data: bytes
    start: int
    end: int
    ordinal: int
    records: int
    before: hashlib._Hash  # over everything before `start`
    after: str  # hex digest of everything before `end`
    refused: Refusal | None = None


class Unterminated(Exception):
    """The stream ends in a line that is not complete; nothing of that line was taken."""


def lines(tape: Tape, ordinal: int, caps: Caps) -> Iterator[Run]:
    """JSON lines. Unterminated: the last line has no end and doesn't parse."""
    rest = b""
    while data := tape.read(caps.run):
        cut = data.rfind(b"\n") + 1
        if cut:
            whole, rest = rest + data[:cut], data[cut:]
            for part in _no_longer_than(whole, caps.run):
                if len(part) > caps.record:
                    yield _oversized(tape, part, b"", ordinal, caps.record)
                    ordinal += 1
                elif run := _run(tape, part, ordinal):
                    yield run
                    ordinal += run.records
            continue
        rest += data
        if len(rest) > caps.record:
            yield _oversized(tape, rest, b"\n", ordinal, caps.record)
            ordinal += 1
            rest = b""
    if tape.damage:
        return
    if rest and not rest.isspace() and not _parses(rest):
        raise Unterminated
    if rest and (run := _run(tape, rest, ordinal)):
        yield run


def values(tape: Tape, ordinal: int, caps: Caps) -> Iterator[Run]:
    """JSON values one after another, or the elements of one array; broken from somewhere on, that is the last run, refused."""
    held = _opened(tape)
    scanner = Scanner()
    at = 0  # up to here the scanner has seen what is held
    begun = closed = False
    while not closed:
        ended = records = 0
        while at < len(held):
            if not begun:
                at = next_value(held, at)
                closed = held[at : at + 1] in (b"]", b"}")
                if closed or at == len(held):
                    break
            end = scanner.end(held, at)
            begun = end < 0
            at = len(held) if begun else end
            if not begun:
                ended, records = end, records + 1
        if records:
            yield _counted(tape, held[:ended], ordinal, records)
            held, at, ordinal = held[ended:], at - ended, ordinal + records
        if begun and len(held) > caps.record:
            held, run = _skipped(tape, scanner, held, ordinal, caps.record)
            yield run
            at, begun, ordinal = 0, False, ordinal + 1
            continue
        more = b"" if closed else tape.read(caps.run)
        if not more:
            break
        held += more
    if tape.damage:
        return
    if begun and scanner.scalar:  # a number or a word, ended by the end
        yield _counted(tape, held, ordinal, 1)
        return
    tape.give_back(held)
    if begun or (closed and tape.peek(_KEPT)[at:].strip() != b"]"):
        yield refused(tape, Refusal(Code.INVALID_JSON, "from here on it is not JSON, or it breaks off"), ordinal)


def whole(tape: Tape, caps: Caps) -> Run:
    """All of the stream as one record; refused when it is over the cap or damaged."""
    data = bytearray()
    before = tape.digest.copy()
    while len(data) <= caps.whole and (more := tape.read(_READ)):
        data += more
        tape.take(more)
    kept = bytes(data)
    refusal = None
    if len(data) > caps.whole:
        while more := tape.read(_READ):
            tape.take(more)
        refusal = _too_large(tape.position, caps.whole, tape.digest.hexdigest())
        kept = kept[:_KEPT]
    if tape.damage:
        refusal = damaged(tape, tape.digest.hexdigest(), tape.position)
        kept = kept[:_KEPT]
    return Run(kept, 0, tape.position, 0, 1, before, tape.digest.hexdigest(), refusal)


def damaged(tape: Tape, digest: str | None = None, size: int | None = None) -> Refusal:
    """The refusal of packed data that breaks off."""
    return Refusal(Code.DAMAGED_ARCHIVE, f"{tape.damage}; what came before is read", digest=digest, size=size)


def refused(tape: Tape, refusal: Refusal, ordinal: int = 0) -> Run:
    """All that is left of the stream as one thing that is refused, its digest over all of it."""
    kept = tape.peek(_KEPT)
    start, before = tape.position, tape.digest.copy()
    while more := tape.read(_READ):
        tape.take(more)
    digest, size = tape.digest.hexdigest(), tape.position - start
    told = Refusal(refusal.code, refusal.message, refusal.stage, digest, size)
    return Run(kept, start, tape.position, ordinal, 1, before, digest, told)


def cut(tape: Tape, found: Format, ordinal: int, caps: Caps) -> Iterator[Run]:
    """The stream from where it stands, by its format. Unterminated as `lines` tells."""
    if found is Format.JSONL:
        yield from lines(tape, ordinal, caps)
    elif found is Format.JSON:
        yield from values(tape, ordinal, caps)
    else:
        yield whole(tape, caps)


def _run(tape: Tape, data: bytes, ordinal: int) -> Run | None:
    records = sum(1 for line in data.split(b"\n") if line and not line.isspace())
    return _counted(tape, data, ordinal, records)


def _counted(tape: Tape, data: bytes, ordinal: int, records: int) -> Run:
    before, start = tape.digest.copy(), tape.position
    tape.take(data)
    return Run(data, start, tape.position, ordinal, records, before, tape.digest.hexdigest())


def _no_longer_than(data: bytes, most: int) -> Iterator[bytes]:
    """The lines in runs of at most `most` bytes; a longer line alone."""
    start = 0
    while len(data) - start > most:
        end = data.rfind(b"\n", start, start + most) + 1 or data.index(b"\n", start) + 1
        yield data[start:end]
        start = end
    if start < len(data):
        yield data[start:]


def _oversized(tape: Tape, data: bytes, until: bytes, ordinal: int, cap: int) -> Run:
    """A line that is too long, read to its end without being kept; `until` is empty when `data` holds all of it."""
    before, start = tape.digest.copy(), tape.position
    digest, size = hashlib.sha256(data), len(data)
    tape.take(data)
    while until and (more := tape.read(_READ)):
        end = more.find(until) + 1
        if end:
            tape.give_back(more[end:])
            more, until = more[:end], b""
        digest.update(more)
        size += len(more)
        tape.take(more)
    refusal = _too_large(size, cap, digest.hexdigest())
    return Run(data[:_KEPT], start, tape.position, ordinal, 1, before, tape.digest.hexdigest(), refusal)


def _skipped(tape: Tape, scanner: Scanner, data: bytes, ordinal: int, cap: int) -> tuple[bytes, Run]:
    """Likewise a JSON value, whose beginning (`data`) the scanner has seen; and what was read beyond its end."""
    before, start = tape.digest.copy(), tape.position
    digest, size, kept, rest = hashlib.sha256(data), len(data), data[:_KEPT], b""
    tape.take(data)
    while more := tape.read(_READ):
        end = scanner.end(more, 0)
        if end >= 0:
            more, rest = more[:end], more[end:]
        digest.update(more)
        size += len(more)
        tape.take(more)
        if end >= 0:
            break
    refusal = _too_large(size, cap, digest.hexdigest())
    return rest, Run(kept, start, tape.position, ordinal, 1, before, tape.digest.hexdigest(), refusal)


def _opened(tape: Tape) -> bytes:
    """Take the bracket that opens an array, when the stream stands at its start."""
    if tape.position:
        return b""
    head = tape.read(_READ)
    inner = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    opening = len(head) - len(inner) + inner.startswith(b"[")
    tape.take(head[:opening])
    return head[opening:]


def _too_large(size: int, cap: int, digest: str) -> Refusal:
    return Refusal(Code.TOO_LARGE, f"{size:,} bytes, over the {cap:,} that are read as one", digest=digest, size=size)


def _parses(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True
