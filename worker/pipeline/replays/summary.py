"""What a replay has done so far, counted when it is committed: for progress, the closing lines and the exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from worker.model import Code, Decision, Rejection
from worker.sources.files import Outcome, Said

# How many single things are kept to be shown; all of them are counted.
SHOWN = 50


@dataclass(slots=True)
class Summary:
    """Counts of one `replay` call, over all its data sets."""

    published: int = 0
    rejected: Counter[Code] = field(default_factory=Counter)
    rejections: list[tuple[str, Rejection]] = field(default_factory=list)  # path and why, the first SHOWN
    files: int = 0  # read to their end in this call
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    left: list[Said] = field(default_factory=list)  # the first SHOWN
    notes: Counter[str] = field(default_factory=Counter)
    noted: list[str] = field(default_factory=list)  # the first SHOWN
    withdrawals: int = 0
    commits: int = 0  # grows as long as there is progress
    decided: int = 0  # published, or decided and on the way
    bytes_finished: int = 0  # of files that are read, as on disk
    bytes_begun: int = 0  # likewise of the file that is being read; of a packed one an upper bound
    interrupted: bool = False
    # By data set, path and outcome, so that a restored shard says nothing twice.
    _said: set[tuple[str, str, Outcome]] = field(default_factory=set)

    @property
    def committed(self) -> int:
        """Articles and rejections committed."""
        return self.published + self.rejected.total()

    @property
    def bytes_done(self) -> int:
        """How far it is, in bytes as on disk."""
        return self.bytes_finished + self.bytes_begun

    @property
    def nothing_new(self) -> bool:
        """Whether there was something, and all of it had been published before."""
        return bool(self.outcomes) and not (self.committed or self.left or self.interrupted)

    @property
    def incomplete(self) -> bool:
        """Whether something was rejected or left, or the replay was interrupted."""
        return self.interrupted or bool(self.rejected) or any(outcome.left for outcome in self.outcomes)

    def adopt(self, dataset: str, decisions: Sequence[Decision]) -> None:
        """Count what was committed."""
        self.commits += 1
        for decision in decisions:
            self.published += decision.published
            self.withdrawals += decision.withdrawals
            for rejection in decision.rejected:
                self.rejected[rejection.code] += 1
                if len(self.rejections) < SHOWN:
                    self.rejections.append((decision.path, rejection))
            for note in decision.notes:
                self.notes[note.code] += 1
                if len(self.noted) < SHOWN:
                    self.noted.append(note.message)
            if decision.state and decision.state.done:
                self.files += bool(decision.records)
                self.bytes_finished += decision.state.size
                self.bytes_begun = 0
                self._said.add((dataset, decision.path, Outcome.ALREADY))
            elif decision.state:
                self.bytes_begun = min(decision.state.position, decision.state.size)

    def said(self, dataset: str, said: Said) -> None:
        """Count what the file source says of a file, once."""
        key = (dataset, said.path, said.outcome)
        if key in self._said:
            return
        self._said.add(key)
        self.outcomes[said.outcome] += 1
        if said.outcome.left and len(self.left) < SHOWN:
            self.left.append(said)

    def forget_uncommitted(self) -> None:
        """A transaction failed: what was decided on top of it didn't happen."""
        self.decided = self.published
