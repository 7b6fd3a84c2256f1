"""What to replay and how: one data set, from files that can be opened again or from a stream that can't."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from worker.core.event import LONGEST_DATASET
from worker.errors import UsageError
from worker.model import FileState, Source
from worker.sources.files import Found, Said, Wanted, documents, documents_of_stream

Open = Callable[[Mapping[str, FileState], str | None], Iterator[Found | Said]]


def wall_clock() -> int:
    """Milliseconds since the epoch, UTC."""
    return time.time_ns() // 1_000_000


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
    partial: bool = False  # --only: takes up no unfinished run, is never all
    remembers: bool = True  # False for standard input: it can't be opened again

    @property
    def source(self) -> Source:
        """The data set as a source of articles."""
        name = f"dataset:{self.dataset}"
        return Source(name, "dataset", name)


def from_files(
    roots: Sequence[Path], dataset: str, options: Options, *, only: frozenset[str] = frozenset(), changed: bool = False
) -> Job:
    """A replay of files and folders. `only`: path keys. UsageError: the data set can't have that name."""
    _check_name(dataset)

    def opened(remembered: Mapping[str, FileState], run: str | None) -> Iterator[Found | Said]:
        return documents(roots, job.source, remembered, Wanted(run, only, changed), wall_clock)

    job = Job(dataset, opened, options, partial=bool(only))
    return job


def from_stream(stream: BinaryIO, dataset: str, options: Options) -> Job:
    """A replay of standard input. UsageError: the data set can't have that name, or it is opened again after a fault."""
    _check_name(dataset)
    opened_before = False

    def opened(_remembered: Mapping[str, FileState], _run: str | None) -> Iterator[Found | Said]:
        nonlocal opened_before
        if opened_before:
            raise UsageError("the broker was away and standard input can't be read again: call again from the start")
        opened_before = True
        return documents_of_stream(stream, job.source, wall_clock)

    job = Job(dataset, opened, options, remembers=False)
    return job


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
