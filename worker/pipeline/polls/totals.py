"""What a run has done so far, counted when it is committed: for logs, the closing lines of `--once` and the exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from worker.model import Code, Fate, Fault, Part


@dataclass(slots=True)
class Totals:
    """Counts of one `run`."""

    polls: Counter[str] = field(default_factory=Counter)  # by outcome: read, not_modified, same, fault
    fates: Counter[Fate] = field(default_factory=Counter)
    rejected: Counter[Code] = field(default_factory=Counter)
    faults: dict[str, Fault] = field(default_factory=dict)  # source ids whose last poll brought no document
    left: dict[str, str] = field(default_factory=dict)  # source ids that were not asked, and why
    asked: set[str] = field(default_factory=set)  # source ids that had their turn
    commits: int = 0  # grows as long as there is progress
    interrupted: bool = False

    @property
    def incomplete(self) -> bool:
        """Whether a source couldn't be read, something was rejected, or the run was cut short."""
        return self.interrupted or bool(self.faults or self.left or self.rejected)

    def adopt(self, parts: Sequence[Part]) -> None:
        """Count what was committed."""
        self.commits += 1
        for part in parts:
            self.fates.update(part.fates)
            self.rejected.update(rejection.code for rejection in part.rejected)
