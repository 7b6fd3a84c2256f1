"""What a run has done so far and how it stands: counted as it is committed, for logs, metrics, health and the exit code."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from worker.model.document import Code
from worker.model.feed import Fate, Fault, FaultKind, Part


class Histogram:
    """How often a value was at most each bound; the last count is of what was above all of them."""

    def __init__(self, *bounds: float) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


def _commit_seconds() -> Histogram:
    return Histogram(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


def _late_seconds() -> Histogram:
    return Histogram(0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600)


def _fresh_seconds() -> Histogram:
    return Histogram(60, 300, 900, 1800, 3600, 7200, 21_600, 86_400)


@dataclass(slots=True)
class Standing:
    """How a shard that falls to this worker stands."""

    waits_for: str | None = "its owner's fence"  # None: it is owned; else why it isn't, for people
    sources: int = 0
    due: int = 0
    late: int = 0  # ms, as in ShardReport
    failing: int = 0
    refused: int = 0
    committing_since: Callable[[], float | None] = lambda: None  # time.monotonic(), while a commit is under way


@dataclass(slots=True)
class Totals:
    """Of one `run`."""

    polls: Counter[str] = field(default_factory=Counter)  # by outcome: read, not_modified, same, fault
    poll_faults: Counter[FaultKind] = field(default_factory=Counter)
    entries: int = 0  # in the documents that were read; each of them has a fate
    fates: Counter[Fate] = field(default_factory=Counter)
    rejected: Counter[Code] = field(default_factory=Counter)
    faults: dict[str, Fault] = field(default_factory=dict)  # source ids whose last poll brought no document
    left: dict[str, str] = field(default_factory=dict)  # source ids that were not asked, and why
    urls: dict[str, str] = field(default_factory=dict)  # of `faults` and `left`, at the end
    unusable: int = 0  # entries of lists that could not be applied
    asked: set[str] = field(default_factory=set)  # source ids that had their turn
    commits: int = 0  # grows as long as there is progress
    commit_seconds: Histogram = field(default_factory=_commit_seconds)
    late_seconds: Histogram = field(default_factory=_late_seconds)  # from when a poll was due to when it began
    fresh_seconds: Histogram = field(default_factory=_fresh_seconds)  # from an article's date to its commit, live
    behind: dict[str, int] = field(default_factory=dict)  # by upstream topic, its source's id: records not yet decided
    lost: int = 0  # offsets of upstream topics that retention had passed before they were read
    restores: int = 0  # of a shard
    fences: int = 0  # a shard's claim was lost to another owner, or given up by the broker
    settled: bool = False  # what falls to this worker is known
    waits_for: str | None = None  # why that can't be known yet, for people
    unsettled: Callable[[], str | None] = lambda: None  # why the group doesn't say it just now, likewise
    standing: dict[str, Standing] = field(default_factory=dict)  # by the shard's name
    interrupted: bool = False
    draining: bool = False  # it is to stop

    @property
    def incomplete(self) -> bool:
        """Whether a source couldn't be read, an entry of a list used, something was rejected, or the run was cut short."""
        return self.interrupted or bool(self.faults or self.left or self.rejected or self.unusable)

    def adopt(self, parts: Sequence[Part], seconds: float, now: int) -> None:
        """Count what a commit that took so long has brought. `now`: ms since the epoch."""
        self.commits += 1
        self.commit_seconds.observe(seconds)
        for part in parts:
            self.entries += part.entries
            self.fates.update(part.fates)
            self.rejected.update(rejection.code for rejection in part.rejected)
            for dated in part.dated:
                self.fresh_seconds.observe(max(0, now - dated) / 1000)
