"""Polled feeds: how a source is defined, what is remembered of it, what a poll came to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from worker.model.reading import Note, Rejection
from worker.model.record import Record


@dataclass(frozen=True, slots=True)
class Definition:
    """A source as `news-worker sources` defines it: a record of news.sources.v1.

    Of a topic of another system the URL is kafka://HOST:PORT[,HOST:PORT]/TOPIC; how often it is asked, what its first document
    does and the like mean nothing to it.
    """

    id: str
    url: str
    site: str  # fixed when it is added: registrable domain, address or localhost; topic:… of a topic
    added_at: int
    kind: str = "feed"  # feed | topic
    title: str | None = None  # what a person or an OPML file calls it
    folder: tuple[str, ...] = ()  # where an OPML file has it, outermost first; of no meaning to the worker
    interval_s: int = 1800
    initial: str = "publish"  # publish | skip | a date, YYYY-MM-DD: what is older is skipped
    updates: str = "all"  # all | none
    daily_updates: int = 24  # of one article and UTC day
    zone: str | None = None  # IANA name or ±HH:MM: what its zone-less times are in
    headers: tuple[tuple[str, str], ...] = ()  # a header's name, and the name of the secret that holds its value
    credentials: str | None = None  # the name of the secret that holds `user:password`
    ca_file: str | None = None  # PEM, on the worker's machine
    format: str = "auto"  # of a topic's records: articles | feed | auto
    share: tuple[int, int] | None = None  # of a topic: the partitions p where p mod n = i; None: all
    security: str | None = (
        None  # of a topic: plaintext | ssl | sasl_plaintext | sasl_ssl; None: as the own broker where it names that, else plaintext
    )
    sasl_mechanism: str | None = None  # of a topic: PLAIN | SCRAM-SHA-256 | SCRAM-SHA-512
    certificate_file: str | None = None  # of a topic: PEM, with which the worker says who it is; on its machine
    key_file: str | None = None  # of a topic: PEM, of that certificate


class FaultKind(StrEnum):
    """Why a poll brought no document: a closed list, also a metric's label."""

    ADDRESS = "address"  # not public, and not opened by --allow-net
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"  # what came is no HTTP, or breaks off, or has too many headers
    REDIRECT = "redirect"  # too many, in a loop, or to what is no http(s)
    STATUS = "status"
    THROTTLED = "throttled"  # 429, 503
    GONE = "gone"  # 410
    TOO_LARGE = "too_large"
    ENCODING = "encoding"  # the Content-Encoding is unknown or a lie
    UNCONFIGURED = (
        "unconfigured"  # a secret or file that its definition names is not there, or a topic that is the worker's own
    )
    NOT_A_FEED = "not_a_feed"
    UNREADABLE = "unreadable"  # reading it took too long, too much memory, or failed
    MISSING = "missing"  # there is no such upstream topic
    DENIED = "denied"  # an upstream cluster doesn't let the worker in, or not read the topic
    INTERNAL = "internal"  # a defect of the worker's own


@dataclass(frozen=True, slots=True)
class Validators:
    """What the server gave to ask again by, to be echoed verbatim (RFC 9110, section 8.8), and by which URL."""

    url: str
    etag: str | None = None
    modified: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a poll brought no document, for people, and until when its server asks to be left alone."""

    kind: FaultKind
    message: str
    status: int | None = None
    retry_after_s: float | None = None  # as asked for, not yet bounded


class Extent(StrEnum):
    """How much of an upstream record was rejected, and what a `Redrive` knows it by."""

    RECORD = "record"  # all of it; the hex SHA-256 of its value
    ENTRY = "entry"  # an entry of the feed that it holds; the hex SHA-256 of what stands there of it alone
    ARTICLE = "article"  # an article that the broker refused; its articleId


@dataclass(frozen=True, slots=True)
class Redrive:
    """A rejection of an upstream topic that is decided once more, as a command asks."""

    command: str  # its id
    partition: int
    offset: int
    extent: Extent
    name: str


@dataclass(slots=True)
class Head:
    """What is remembered of a source besides its entries: working memory, changed in place, stored with each transaction.

    Times in ms since the epoch, 0: never.
    """

    token: str = ""  # random, of the process that wrote it last
    count: int = 0  # of its writings
    validators: Validators | None = None
    body: bytes = b""  # the first 16 bytes of SHA-256 of the last document's unpacked bytes
    initial_done: bool = False  # its first document is wholly decided
    title: str | None = None  # the feed's own
    ttl_s: int | None = None
    url: str | None = None  # where it has moved for good (301, 308, seen repeatedly)
    url_of: str | None = None  # as it was defined when that, or `gone`, was learned; of another it says nothing
    moving: tuple[str, int] | None = None  # where it says that it has moved, and how often in a row it said so
    polled_at: int = 0  # last request
    read_at: int = 0  # last document that was decided, or confirmed by 304 or its hash
    fault: Fault | None = None  # of the last poll
    faults: int = 0  # in a row
    fault_since: int = 0
    not_before: int = 0  # Retry-After, or back-off
    gone: bool = False
    guids_unusable: bool = False  # all the same, or new at every poll
    links_unusable: bool = False
    guids_new: int = 0  # documents in a row whose entries were known, but none of their guids
    links_new: int = 0
    largest_window: int = 0
    removed_at: int = 0
    paused: bool = False  # somebody asked for it: not polled until it is resumed
    polls_asked: tuple[str, ...] = ()  # commands (their ids) to poll it now that no poll has answered yet
    repaired: bool = (
        False  # of what it remembered something was lost: its next document is decided as by `initial: skip`
    )
    positions: dict[int, int] = field(default_factory=dict)  # of an upstream topic: by partition, the next offset
    positions_in: str | None = None  # the topic that they are of, with its cluster's id; of another they say nothing
    redrives: tuple[Redrive, ...] = ()  # of an upstream topic: what is to be consumed again


class Fate(StrEnum):
    """How an entry of a polled document ended; the counts of a document balance."""

    CREATED = "created"
    UPDATED = "updated"
    WITHDRAWN = "withdrawn"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    REJECTED = "rejected"
    RETRIED = "retried"  # to be decided again by the next poll
    CAPPED = "capped"  # an update over the day's cap that the feed shows no more


@dataclass(frozen=True, slots=True)
class Part:
    """What a part of a polled document comes to: records, published together with what the sources then remember."""

    source: str  # its id; of an upstream topic with the partition (`core/feeds/consumed.py`)
    records: tuple[Record, ...]
    fates: Counter[Fate] = field(default_factory=Counter)
    rejected: tuple[Rejection, ...] = ()
    notes: tuple[Note, ...] = ()
    end: int = 0  # the position just after its last item
    entries: int = 0  # how many of the document's it has, deletions included
    dated: tuple[int, ...] = ()  # the dates of articles that are new, ms: of those that a feed added since it is polled


@dataclass(frozen=True, slots=True)
class ShardReport:
    """What a shard's owner says of it. Times in ms since the epoch."""

    worker: str  # host:process
    at: int
    owned_at: int
    sources: int
    due: int  # sources whose time to be polled has come, those that are being polled included
    late: int  # by how many ms the first of them is late
    failing: int  # sources whose last poll brought no document
    refused: int  # sources that are left alone, as what is stored of them can't be read
    stopped: bool = False  # it was the last that this worker said of it
    behind: dict[str, int] = field(default_factory=dict)  # by upstream topic, its source's id: records not yet decided
    once: bool = False  # and it stopped because every source had its turn, as asked (`run --once`)
