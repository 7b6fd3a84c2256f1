"""Another package's logs, few enough to read: a client whose broker is away says the same hundreds of times a second."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass


@dataclass(slots=True)
class _Said:
    until: float
    left_out: int = 0


class Quiet(logging.Filter):
    """Of what loggers named so say at most one record of a kind (its text before values are put in) in `seconds`.

    The next one that passes says how many were left out. `monotonic`: seconds. `said`: kinds that are told in other words.
    """

    def __init__(self, name: str, seconds: float, monotonic: Callable[[], float], said: Collection[str] = ()) -> None:
        super().__init__(name)
        self._said_otherwise = said
        self._seconds = seconds
        self._monotonic = monotonic
        self._said: dict[tuple[str, str], _Said] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is to be seen."""
        if not super().filter(record):
            return True  # another package's
        if record.msg in self._said_otherwise:
            return False
        now, kind = self._monotonic(), (record.name, str(record.msg))
        said = self._said.get(kind)
        if said and now < said.until:
            said.left_out += 1
            return False
        if said and said.left_out:
            record.msg, record.args = f"{record.getMessage()} (and {said.left_out} more like it)", None
        self._said[kind] = _Said(now + self._seconds)
        return True
