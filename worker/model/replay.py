"""What a replay remembers and decides: files, the splits of a data set, who may replay them."""

from __future__ import annotations

from dataclasses import dataclass

from worker.model.reading import Note, Rejection
from worker.model.record import Record


@dataclass(frozen=True, slots=True)
class FileState:
    """What a replay remembers of one file. Digest and position count unpacked bytes (a feed: its entries)."""

    path: str  # path key
    location: str  # absolute path where it lay, percent-encoded like the path key
    inode: int
    size: int  # packed, as on disk
    mtime_ns: int
    digest: str  # hex SHA-256 of the unpacked bytes before `position`; of the whole for a feed
    position: int
    records: int  # how many lie before `position`, rejected ones too
    done: bool
    run: str | None  # the run id of a replay with --again
    before: FileState | None = None  # what is remembered of it outside that run, so that no other run forgets its own
    refused: str | None = (
        None  # what stood after `position` and was rejected: code, blank, hex SHA-256 (`resume.refusal`)
    )


@dataclass(frozen=True, slots=True)
class Split:
    """A part of a data set's files, those whose path falls to it (`identity.split_of`)."""

    index: int  # from 0
    count: int

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


WHOLE = Split(0, 1)


@dataclass(frozen=True, slots=True)
class SplitClaim:
    """Who may replay a split of a data set: the newest claim's token counts."""

    dataset: str
    split: Split
    token: str
    run: str | None  # of the replay with --again that is not at its end: the next one takes it up, others carry it on


@dataclass(frozen=True, slots=True)
class Decision:
    """What to publish, and what the source then remembers: both in one transaction, or neither."""

    path: str
    records: tuple[Record, ...]  # events and rejections, in the document's order
    published: int
    rejected: tuple[Rejection, ...]
    notes: tuple[Note, ...]
    withdrawals: int
    state: FileState | None  # None: nothing changes in it
