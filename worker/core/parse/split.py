"""Where JSON values end, found without parsing them: a scanner that goes on across chunks, so memory stays bounded.

It follows strings and brackets only; whether a value is good JSON is for the parser to say. Everything up to the next
bracket is passed over by one regular expression, so a flat object costs two steps however long its strings are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_SEPARATORS = re.compile(rb"[\s,]*+")
# Possessive throughout: what has matched is never given back, so neither time nor memory goes into backtracking.
_TO_BRACKET = re.compile(rb'[^"{}\[\]]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"{}\[\]]*+)*+', re.DOTALL)
_REST_OF_STRING = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_SCALAR_END = re.compile(rb"[\s,\]}]")
_QUOTE = ord('"')


class Scanner:
    """Finds the end of one value after another. `end` is called with successive chunks until it answers."""

    def __init__(self) -> None:
        self.inside = False  # whether a value has begun and not ended
        self.scalar = False  # whether it is a number or a word, which ends where something else begins
        self._depth = 0
        self._in_string = False
        self._escaped = False  # the chunk before ended in the backslash of an escape

    def end(self, data: bytes, position: int) -> int:
        """The index just past the value's last byte, or -1 where it goes on after `data`; looks on from `position`."""
        if position >= len(data):
            return -1
        if not self.inside:
            self.inside = True
            self.scalar = data[position] not in b'{["'
            self._in_string = data[position] == _QUOTE
            position += self._in_string
        if self.scalar:
            found = _SCALAR_END.search(data, position)
            return self._ended(found.start()) if found else -1
        if self._in_string:
            position = self._string_end(data, position)
            if position >= 0 and not self._depth:
                return self._ended(position)
        return self._last_bracket(data, position) if position >= 0 else -1

    def _last_bracket(self, data: bytes, position: int) -> int:
        while True:
            passed = _TO_BRACKET.match(data, position)
            position = passed.end() if passed else position
            if position == len(data):
                return -1
            token = data[position]
            position += 1
            if token == _QUOTE:  # of a string that goes on after `data`
                self._in_string = True
                return self._string_end(data, position)
            self._depth += 1 if token in b"{[" else -1
            if not self._depth:
                return self._ended(position)

    def _string_end(self, data: bytes, position: int) -> int:
        if position == len(data):
            return -1
        position += self._escaped
        found = _REST_OF_STRING.match(data, position)
        self._in_string = found is None
        if found:
            self._escaped = False
            return found.end()
        backslashes = min(len(data) - len(data.rstrip(b"\\")), len(data) - position)
        self._escaped = backslashes % 2 == 1
        return -1

    def _ended(self, position: int) -> int:
        self.inside = False
        return position


def next_value(data: bytes, position: int) -> int:
    """The index of the next byte that is neither white space nor a comma."""
    found = _SEPARATORS.match(data, position)
    return found.end() if found else position


def elements(data: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of each value in a run of whole values, separated by white space and commas; what is left is one more."""
    scanner = Scanner()
    position = next_value(data, 0)
    while position < len(data):
        end = scanner.end(data, position)
        if end <= position:  # broken off, or a bracket that closes nothing
            end = len(data)
        yield position, end
        position = next_value(data, end)
