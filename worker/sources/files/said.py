"""What is said of a file that gives no document: closed outcomes, and a sentence for people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from worker.model import FileState


class Outcome(StrEnum):
    """What became of a file, or of the rest of it. The value reads after a number of files."""

    ALREADY = "already there"
    GROWN = "grown: went on at the end"
    HIDDEN = "hidden: skipped"
    NO_RECORDS = "without a record"
    CHANGED = "changed since it was published"
    CHANGING = "changed while it was read"
    UNTERMINATED = "with a last line that is not complete"
    UNREADABLE = "could not be read"
    NOT_A_FILE = "no regular file"
    NOT_FOLLOWED = "a link that is not followed"
    SAME_PATH = "with the path of another file"

    @property
    def left(self) -> bool:
        """Whether something of it is not published: the exit code says so."""
        return self not in (Outcome.ALREADY, Outcome.GROWN, Outcome.HIDDEN, Outcome.NO_RECORDS)


@dataclass(frozen=True, slots=True)
class Said:
    """Something to tell about a file; `state` is to be remembered, where what is remembered of it is out of date."""

    path: str
    outcome: Outcome
    message: str
    state: FileState | None = None
