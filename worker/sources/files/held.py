"""A stream as something that can be opened again: what was read of it and is not yet committed stays in hand.

A thread that waits for input may be left behind by a fault; what it reads then is there for the next who opens.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import replace

from worker.model import FileState
from worker.sources.files.found import Found
from worker.sources.files.said import Said


class Held:
    """The documents of a stream. Bounded by what may be read ahead, as long as `committed` is told."""

    def __init__(self, found: Iterator[Found | Said]) -> None:
        self._found = found
        self._reading = threading.Lock()
        self._kept: deque[Found | Said] = deque()
        self._gone = 0  # how many came before what is kept
        self._keeping = threading.Lock()  # over the two
        self._state: FileState | None = None

    def committed(self, state: FileState) -> None:
        """What came before the position needs to be kept no longer."""
        self._state = state

    def again(self, state: FileState | None) -> Iterator[Found | Said]:
        """Everything after the position, what is kept first. None: nothing is committed."""
        self._state = state
        with self._keeping:
            self._let_go()
            index = self._gone
        while one := self._at(index):
            yield one if state is None or isinstance(one, Said) else _after(one, state)
            index += 1

    def _at(self, index: int) -> Found | Said | None:
        if one := self._kept_at(index):
            return one
        with self._reading:
            if one := self._kept_at(index):
                return one
            one = next(self._found, None)
            if one:
                with self._keeping:
                    self._kept.append(one)
            return one

    def _kept_at(self, index: int) -> Found | Said | None:
        with self._keeping:
            self._let_go()
            place = index - self._gone
            return self._kept[place] if 0 <= place < len(self._kept) else None

    def _let_go(self) -> None:
        while self._state and self._kept and _published(self._kept[0], self._state):
            self._kept.popleft()
            self._gone += 1


def _published(one: Found | Said, state: FileState) -> bool:
    if isinstance(one, Said):
        return False
    # What was refused untaken has no length; it is the last there is.
    ended = one.document.format.counts_bytes and one.piece.start < one.piece.end <= state.position
    return ended or state.done


def _after(found: Found, state: FileState) -> Found:
    """The document without its records that are committed."""
    document = found.document
    if state.position <= document.start:
        return found
    data = document.data[state.position - document.start :] if document.format.counts_bytes else document.data
    return replace(found, document=replace(document, data=data, start=state.position, ordinal=state.records))
