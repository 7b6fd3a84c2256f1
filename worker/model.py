"""The project's words as frozen data: what flows from a source through `read` and `decide` to a topic.

Nothing here does anything. Times are integers, milliseconds since the Unix epoch in UTC, unless a name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cache
from operator import attrgetter
from typing import Any

# The path key of standard input, which can't be opened again.
STANDARD_INPUT = "-"


class Topic(StrEnum):
    """The topics of the contract, without the installation's prefix (a broker adds it)."""

    ARTICLES = "news.articles.v1"
    REJECTS = "news.rejects.v1"
    SOURCES = "news.sources.v1"
    CHECKPOINTS = "news.checkpoints.v1"
    INBOX = "news.inbox.v1"
    REPLAYS = "news.replays.v1"


class Format(StrEnum):
    """What a document's bytes are, as found by looking at them; never by the file's name."""

    TEXT = "text"  # one article, perhaps behind a `date` marker
    JSONL = "jsonl"  # a JSON object a line; the only format that grows
    JSON = "json"  # an array of objects, or objects one after another
    FEED = "feed"  # RSS, RDF or Atom

    @property
    def counts_bytes(self) -> bool:
        """Whether a position in it is a byte offset (it has record boundaries), not an entry's ordinal."""
        return self is not Format.FEED


class Stage(StrEnum):
    """Where an entry was rejected."""

    FETCH = "fetch"
    READ = "read"
    ENCODE = "encode"
    PUBLISH = "publish"


class Code(StrEnum):
    """Why an entry or document was rejected: a closed list, the same as in `schemas/rejection`."""

    EMPTY = "empty"  # no text and no headline
    UNSUPPORTED_FORMAT = "unsupported_format"  # binary, an archive of files, a page, a kind of XML that is no feed
    UNDECODABLE = "undecodable"  # no character encoding fits the bytes
    INVALID_JSON = "invalid_json"
    INVALID_FEED = "invalid_feed"
    NOT_AN_ARTICLE = "not_an_article"  # well-formed, but has neither headline nor text under a known name
    DAMAGED_ARCHIVE = "damaged_archive"  # gzip or zstd data that breaks off or is corrupt
    TOO_LARGE = "too_large"  # over what one record, document or message may have
    TIMED_OUT = "timed_out"  # its reader was stopped for taking too long
    READER_DIED = "reader_died"  # its reader ran out of memory or crashed
    SCHEMA_VIOLATION = "schema_violation"  # what was made of it does not fit the published schema
    REFUSED = "refused"  # the broker would not take it


class Mode(StrEnum):
    """How an article came to be read (`provenance.mode`)."""

    INITIAL = "initial"
    LIVE = "live"
    BACKFILL = "backfill"
    REPLAY = "replay"


@cache
def _members(cls: Any) -> attrgetter[tuple[Any, ...]]:
    return attrgetter(*(field.name for field in fields(cls)))


class _Packed:
    """Pickles as constructor and values, two at least: a reading crosses a process boundary with thousands of these."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        cls = type(self)
        return cls, _members(cls)(self)  # type: ignore[arg-type]  # mypy takes a dataclass for unhashable


@dataclass(frozen=True, slots=True)
class Source:
    """Where documents come from. Identity is scoped by it: `scope` is the first member of every articleId."""

    id: str  # `dataset:<name>` for a replay
    kind: str  # dataset
    scope: str  # `dataset:<name>` for a replay, `site:<site>` or `source:<id>` for a feed


@dataclass(frozen=True, slots=True)
class Document:
    """Bytes as found, with where, when and how: a whole small file, or whole records of a larger one that stand together.

    `start` and `end` are positions: offsets in the unpacked bytes, for a feed ordinals of entries (`end` is then not known
    before it is read and is -1). `refused`: it is beyond reading before anyone tried; `data` then holds its first bytes.
    """

    source: Source
    path: str  # path key: relative to the root, `/` between, `%` and bytes outside UTF-8 percent-encoded; "-": standard input
    format: Format
    data: bytes
    start: int
    end: int
    ordinal: int  # of the first record in it, from 0 over all records of the file, rejected ones too, blank lines not
    observed_at: int
    refused: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something can't become an article: a closed code, a sentence for people."""

    code: Code
    message: str
    stage: Stage = Stage.READ
    digest: str | None = None  # hex SHA-256 of all of it, where only a part is kept
    size: int | None = None  # bytes of all of it, likewise


@dataclass(frozen=True, slots=True)
class Article(_Packed):
    """An entry normalised, encoded and validated as far as memory isn't needed: `decide` adds the rest by splicing bytes."""

    article_id: str
    content_hash: str
    entry_key: str
    item: bytes  # the ninjs object without its closing brace, without `version` and `firstCreated`
    rest: bytes  # the members published, language and source, without braces
    provenance: bytes  # the provenance object without its closing brace, without `mode` and `run`
    end: int  # the position just after it


@dataclass(frozen=True, slots=True)
class Rejection(_Packed):
    """An entry or document that can't become an article, with its bytes as found (capped, see `size`)."""

    code: Code
    stage: Stage
    message: str
    entry_key: str
    raw: bytes
    digest: str  # hex SHA-256 of all its bytes
    size: int  # of all its bytes
    end: int  # the position just after it


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """An explicit deletion. A replay counts and shows it, no more."""

    end: int  # the position just after it


@dataclass(frozen=True, slots=True)
class Note(_Packed):
    """Something said about an article that was published all the same: a date that is none, an encoding that was guessed."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Reading(_Packed):
    """What a document says, in its order. It can be cut between any two items."""

    items: tuple[Article | Rejection | Withdrawal, ...]
    start: int
    end: int
    observed_at: int
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """What a broker stores: everything is bytes but the topic. A value of None is a tombstone; b"" is none."""

    topic: Topic
    key: bytes
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    timestamp: int
    partition_by: bytes  # records of a topic with the same one share a partition and keep their order


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
