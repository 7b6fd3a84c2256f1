"""What to replay and how: one data set, from files that can be opened again or from a stream that can't."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from worker.core.event import LONGEST_DATASET
from worker.core.identity import split_of
from worker.errors import UsageError
from worker.model import STANDARD_INPUT, WHOLE, Decision, FileState, Source, Split
from worker.pipeline.clocks import wall_clock
from worker.pipeline.replays.claims import Intent
from worker.pipeline.replays.summary import Summary
from worker.sources.files import Found, Held, Said, Wanted, documents, documents_of_stream

# Given what is remembered, the run and the split.
Open = Callable[[Mapping[str, FileState], str | None, Split], Iterator[Found | Said]]


@dataclass(frozen=True, slots=True)
class Options:
    """How to replay, whatever the source."""

    again: bool = False  # publish anew, under a run id
    limit: int | None = None  # articles to publish at most
    rate: float | None = None  # articles a second
    give_up_after: float = 300.0  # seconds without a commit after which a lost broker ends the replay


@dataclass(frozen=True, slots=True)
class Job:
    """A replay of one data set."""

    dataset: str
    open: Open
    options: Options
    only: frozenset[str] = frozenset()  # path keys; empty: all
    split: Split | None = None  # None: all of the data set, in whatever splits it was begun
    committed: Callable[[FileState], None] = lambda _state: None  # told what is remembered from now on

    @property
    def source(self) -> Source:
        """The data set as a source of articles."""
        return _source(self.dataset)

    @property
    def intent(self) -> Intent:
        """What its claims are to say."""
        return Intent(self.dataset, self.options.again, self.only, self.split)


def _source(dataset: str) -> Source:
    name = f"dataset:{dataset}"
    return Source(name, "dataset", name)


def from_files(  # noqa: PLR0913 (what the command line says)
    roots: Sequence[Path],
    dataset: str,
    options: Options,
    *,
    only: frozenset[str] = frozenset(),
    changed: bool = False,
    split: Split | None = None,
) -> Job:
    """A replay of files and folders. `only`: path keys.

    UsageError: the data set can't have that name, or what is wanted only lies in another split.
    """
    _check_name(dataset)
    elsewhere = next((path for path in sorted(only) if split and not falls_to(split)(path)), None)
    if split and elsewhere:
        raise UsageError(
            f"--only {elsewhere} lies in --split {split_of(elsewhere, split.count)}/{split.count}, not in {split}"
        )

    def opened(remembered: Mapping[str, FileState], run: str | None, part: Split) -> Iterator[Found | Said]:
        return documents(roots, _source(dataset), remembered, Wanted(run, only, changed, falls_to(part)), wall_clock)

    return Job(dataset, opened, options, only=only, split=split)


def falls_to(split: Split) -> Callable[[str], bool]:
    """Whether a file, by its path key, belongs to the split."""
    return lambda path: split_of(path, split.count) == split.index


def from_stream(stream: BinaryIO, dataset: str, options: Options) -> Job:
    """A replay of standard input. UsageError: the data set can't have that name.

    Its state is written like a file's, under a token of this call: so that after a fault the same call, and no other, knows
    from where what it still holds is to be published. It is no file that falls to a split: it wants the data set as a whole.
    """
    _check_name(dataset)
    token = secrets.token_hex(8)
    held = Held(documents_of_stream(stream, _source(dataset), wall_clock, location=token))

    def opened(remembered: Mapping[str, FileState], _run: str | None, _split: Split) -> Iterator[Found | Said]:
        state = remembered.get(STANDARD_INPUT)
        return held.again(state if state and state.location == token else None)

    return Job(dataset, opened, options, split=WHOLE, committed=held.committed)


def adopt(job: Job, summary: Summary, decisions: Sequence[Decision]) -> None:
    """What is to be done once these are committed."""
    summary.adopt(job.dataset, decisions)
    for decision in decisions:
        if decision.state:
            job.committed(decision.state)


def _check_name(dataset: str) -> None:
    try:
        size = len(dataset.encode())
    except UnicodeEncodeError:
        raise UsageError(f"the data set's name {dataset!r} is not UTF-8: give --dataset another NAME") from None
    if size > LONGEST_DATASET:
        raise UsageError(
            f"the data set's name has {size:,} bytes of UTF-8, {LONGEST_DATASET} at most can be: give a shorter --dataset NAME"
            f" ({dataset[:20]}…)"
        )
