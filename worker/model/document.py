"""Where documents come from, and their bytes as found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# The path key of standard input, which can't be opened again.
STANDARD_INPUT = "-"


class Format(StrEnum):
    """What a document's bytes are, as found by looking at them; never by the file's name."""

    TEXT = "text"  # one article, perhaps behind a `date` marker
    JSONL = "jsonl"  # a JSON object a line; the only format that grows
    JSON = "json"  # an array of objects, or objects one after another
    FEED = "feed"  # RSS, RDF or Atom
    JSON_FEED = "json_feed"  # JSON Feed 1.0 or 1.1
    RECORDS = "records"  # records of a topic of another system, framed (core/parse/records.py)

    @property
    def counts_bytes(self) -> bool:
        """Whether a position in it is a byte offset (it has record boundaries), not an entry's ordinal or a record's offset."""
        return self not in (Format.FEED, Format.JSON_FEED, Format.RECORDS)


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


@dataclass(frozen=True, slots=True)
class Source:
    """Where documents come from. Identity is scoped by it: `scope` is the first member of every articleId."""

    id: str  # `dataset:<name>` for a replay
    kind: str  # dataset | feed | topic
    # `dataset:<name>` for a replay; `source:<id>` for a feed, whose keys that are URLs on its site have that as scope;
    # `topic:<id, without share>` for a topic.
    scope: str
    site: str | None = None  # of a feed: the registrable domain, fixed when it was added
    url: str | None = None  # of a feed or topic: as it is defined, secrets out


@dataclass(frozen=True, slots=True)
class Document:
    """Bytes as found, with where, when and how: a whole small file, or whole records of a larger one that stand together.

    `start` and `end` are positions: offsets in the unpacked bytes, for a feed ordinals of entries (`end` is then not known
    before it is read and is -1), for records of a topic, whose `path` is <topic>/<partition>, their offsets in it. `refused`:
    it is beyond reading before anyone tried; `data` then holds its first bytes.
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
    fetched: Fetched | None = None  # of a feed that was polled; `path` is then ""
    only: str | None = None  # of a topic's record that holds a feed: hex SHA-256 of the one entry that is wanted


@dataclass(frozen=True, slots=True)
class Fetched:
    """How a polled document came, as far as reading it needs to know."""

    url: str  # where it was found in the end: what relative links are relative to
    status: int | None  # None: it isn't known any more
    content_type: str | None
    zone: str | None  # the source's zone setting: what its zone-less times are in
    digest: str | None = None  # hex SHA-256 of what was found; None: that of the document's bytes


@dataclass(frozen=True, slots=True)
class UpstreamRecord:
    """A record of another system's topic as it was consumed."""

    partition: int
    offset: int
    timestamp: int  # ms since the epoch, UTC, as the topic has it
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something can't become an article: a closed code, a sentence for people."""

    code: Code
    message: str
    stage: Stage = Stage.READ
    digest: str | None = None  # hex SHA-256 of all of it, where only a part is kept
    size: int | None = None  # bytes of all of it, likewise
