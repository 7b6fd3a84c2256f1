"""JSON values one after another, or the elements of one array, cut into pieces of whole ones.

Where the stream is no JSON any more, all that came before is given, and the rest is one thing that is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from worker.core.parse.split import Scanner, next_value
from worker.model import Code, Refusal
from worker.sources.files.cut import KEPT, Caps, Piece, counted, refused, too_large
from worker.sources.files.tape import CHUNK, Tape

_BOM = b"\xef\xbb\xbf"
_CLOSING = (b"]", b"}")


def values(tape: Tape, ordinal: int, caps: Caps, *, array: bool) -> Iterator[Piece]:
    """From the start of the stream, or from just after any value. Before damage, what is no whole value stays untaken.

    `array`: whether the stream started with a bracket, which then has to be closed.
    """
    if not tape.position:
        _take_opening(tape)
    scanner = Scanner()
    held = b""
    begun = seen = 0  # where in it the value begins that has not ended, and up to where the scanner has seen it
    closed = False
    while not closed and (data := tape.read(min(CHUNK, caps.piece))):
        held += data
        ended, records, begun, seen, closed = _scan(scanner, held, begun, seen, caps.record)
        if records:
            yield counted(tape, held[:ended], ordinal, records)
            held, begun, seen, ordinal = held[ended:], begun - ended, seen - ended, ordinal + records
        if seen - begun > caps.record:
            tape.take(held[:begun])
            tape.give_back(held[seen:])
            yield _oversized(tape, scanner, held[begun:seen], ordinal, caps.record)
            if scanner.inside:
                return  # it never ends
            held, begun, seen, ordinal = b"", 0, 0, ordinal + 1
        elif not scanner.inside and not closed:  # separators, however many
            tape.take(held)
            held, begun, seen = b"", 0, 0
    if scanner.inside and scanner.scalar and not array and not tape.damage:  # the end of the stream is its end
        yield counted(tape, held, ordinal, 1)
        return
    tape.give_back(held)
    if not tape.damage and not _ends_well(tape, caps, array=array, closed=closed, inside=scanner.inside):
        yield refused(tape, ordinal, Refusal(Code.INVALID_JSON, "from here on it is not JSON, or it breaks off"))


def _ends_well(tape: Tape, caps: Caps, *, array: bool, closed: bool, inside: bool) -> bool:
    if array:
        return tape.peek(caps.record).strip(b" \t\r\n,") == b"]"
    return not closed and not inside


def _scan(scanner: Scanner, held: bytes, begun: int, seen: int, cap: int) -> tuple[int, int, int, int, bool]:
    """Where the last whole value ends and how many there are, where the next begins and is seen to, whether a bracket closes.

    Stops after a value over the cap, which isn't counted.
    """
    ended = records = 0
    while seen < len(held):
        if not scanner.inside:
            begun = seen = next_value(held, seen)
            if held[seen : seen + 1] in _CLOSING:
                return ended, records, begun, seen, True
        end = scanner.end(held, seen)
        seen = end if end >= 0 else len(held)
        if end < 0 or end - begun > cap:
            break
        ended, records, begun = end, records + 1, end
    return ended, records, begun, seen, False


def _oversized(tape: Tape, scanner: Scanner, data: bytes, ordinal: int, cap: int) -> Piece:
    """A value that is too large; the scanner has seen its beginning (`data`), or all. The rest is read without being kept."""
    before, start, kept = tape.digest.copy(), tape.position, data[:KEPT]
    digest = hashlib.sha256(data)
    tape.take(data)
    while scanner.inside and (data := tape.read(CHUNK)):
        end = scanner.end(data, 0)
        if end >= 0:
            tape.give_back(data[end:])
            data = data[:end]
        digest.update(data)
        tape.take(data)
    refusal = too_large(tape.position - start, cap, digest.hexdigest())
    return Piece(kept, start, tape.position, ordinal, 1, before, tape.digest.hexdigest(), refusal)


def _take_opening(tape: Tape) -> None:
    """Everything up to and including the bracket that opens an array, if there is one."""
    while (head := tape.peek(CHUNK)).isspace():
        tape.take(tape.read(len(head)))
    inner = head.removeprefix(_BOM).lstrip()
    tape.take(tape.read(len(head) - len(inner) + inner.startswith(b"[")))
