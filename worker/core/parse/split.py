"""Where JSON values end, found without parsing them: a scanner that goes on across chunks, so memory stays bounded.

It follows strings and brackets only; whether a value is good JSON is for the parser to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_SEPARATORS = re.compile(rb"[\s,]*+")
# Possessive throughout: what has matched is never given back, so neither time nor memory goes into backtracking.
_TO_BRACKET = re.compile(rb'[^"{}\[\]]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"{}\[\]]*+)*+', re.DOTALL)
_REST_OF_STRING = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_TRAILING_BACKSLASHES = re.compile(rb"\\*+\Z")
_SCALAR_END = re.compile(rb"[\s,\]}]")


class Scanner:
    """Finds the end of one value after another. `end` is called with successive chunks until it answers."""

    def __init__(self) -> None:
        self.inside = False  # whether a value has begun and not ended
        self.scalar = False  # that value is a number or a word, which ends where something else begins
        self._depth = 0
        self._in_string = False
        self._escaped = False  # the chunk before ended in the backslash of an escape

    def end(self, data: bytes, position: int) -> int:
        """The index just past the value's last byte, or -1 where it goes on after `data`; `position`: where to look on."""
        if position >= len(data):
            return -1
        if not self.inside:
            self.inside = True
            self.scalar = data[position] not in b'{["'
        if self.scalar:
            found = _SCALAR_END.search(data, position)
            return self._ended(found.start()) if found else -1
        while True:
            if self._in_string:
                position = self._string_end(data, position)
                if position < 0:
                    return -1
                self._in_string = False
                if not self._depth:
                    return self._ended(position)
            if self._depth:  # all whole strings up to the next bracket in one step
                passed = _TO_BRACKET.match(data, position)
                position = passed.end() if passed else position
            if position >= len(data):
                return -1
            token = data[position]
            position += 1
            if token in b'"':
                self._in_string = True
            elif token in b"{[":
                self._depth += 1
            else:
                self._depth -= 1
                if self._depth <= 0:
                    return self._ended(position)

    def _string_end(self, data: bytes, position: int) -> int:
        if self._escaped and position < len(data):
            position += 1
            self._escaped = False
        found = _REST_OF_STRING.match(data, position)
        if found:
            return found.end()
        backslashes = _TRAILING_BACKSLASHES.search(data, position)
        self._escaped = bool(backslashes and len(backslashes[0]) % 2)
        return -1

    def _ended(self, position: int) -> int:
        self.inside = self.scalar = self._in_string = self._escaped = False
        self._depth = 0
        return position


def next_value(data: bytes, position: int) -> int:
    """The index of the next byte that is neither white space nor a comma."""
    found = _SEPARATORS.match(data, position)
    return found.end() if found else position


def elements(data: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of each value in a run of whole values, separated by white space and commas."""
    scanner = Scanner()
    position = next_value(data, 0)
    while position < len(data):
        end = scanner.end(data, position)
        if end <= position:
            yield position, len(data)
            return
        yield position, end
        position = next_value(data, end)
