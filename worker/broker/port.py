"""What a broker promises the pipeline: records only, never articles.

The one decision: a shard is claimed, and its claim both restores and commits, so nobody can commit who hasn't fenced the
owner before and read what that owner left.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

from worker.model import Record, Topic


@dataclass(frozen=True, slots=True)
class Shard:
    """The unit of ownership. `name` is frozen for ever: behind the prefix it is Kafka's transactional.id."""

    name: str
    state: Topic  # the compacted topic that holds what the shard remembers
    partition_by: bytes | int  # of `state`: what the records of its partition are partitioned by, or that partition

    def __hash__(self) -> int:
        """By its name alone: whose a record is, is asked for each that is restored."""
        return hash(self.name)


@dataclass(frozen=True, slots=True)
class Stored:
    """A record as read back."""

    topic: str
    partition: int
    offset: int
    timestamp: int  # milliseconds since the Unix epoch, UTC
    key: bytes
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Start:
    """Where reading begins, in each partition: at an offset, at a time (ms), at what comes next, else at the earliest.

    `offsets`: by partition; in those that aren't there, at what comes next.
    """

    offset: int | None = None
    offsets: Mapping[int, int] | None = None
    since: int | None = None
    latest: bool = False


EARLIEST = Start()


def shard_of_sources(partition: int) -> Shard:
    """The shard that owns the sources whose definitions are in this partition."""
    return Shard(f"news-worker/shard/{partition}", Topic.CHECKPOINTS, partition)


@dataclass(frozen=True, slots=True)
class Span:
    """The offsets of a partition: from the earliest still kept to the one that the next record gets."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Layout:
    """How a topic is laid out, or is to be."""

    name: str
    partitions: int
    replication: int | None  # copies of each partition; None where the broker makes none
    settings: Mapping[str, str]  # Kafka's names: cleanup.policy, retention.ms, max.message.bytes, …


@dataclass(frozen=True, slots=True)
class TopicInfo:
    """A topic as it is: its layout, and what each of its partitions holds."""

    layout: Layout
    partitions: tuple[Span, ...]


class Claim(Protocol):
    """A shard as its owner holds it: nobody else can commit to it until the next claim of it."""

    async def commit(self, records: Sequence[Record]) -> None:
        """Make all the records visible together, in this order within a partition, or none of them. One at a time.

        Returns only once they are durable. ClaimLost: another owner has the shard, or the broker took it back after a
        pause. RecordRefused, BrokerAway: nothing happened. Unsure: it may or may not have happened. From all of them the
        way back is the same: claim anew, restore (which shows what did happen), decide again, never send again. After
        any of them, and after cancellation, the claim is of no more use.
        """
        ...

    async def release(self) -> None:
        """Give back what the claim holds (connections, threads); never raises, commits nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Share:
    """What falls to a worker of the shards of the sources. Not `settled`: it is being shared out anew, and may fall to others."""

    shards: frozenset[Shard]
    settled: bool = True
    stay: int = 0  # grows whenever it was no member for a while: what it had before may have been another's since
    why: str | None = field(
        default=None, compare=False
    )  # it isn't settled, for people; may change while it stays the same


NONE_YET = Share(frozenset(), settled=False)


class Member(Protocol):
    """One worker among all that share the sources. Who owns a shard is told by its claim alone."""

    @property
    def share(self) -> Share:
        """As it is now; not settled where the broker has not answered for so long that others may soon be given it."""
        ...

    @property
    def quiet_seconds(self) -> float:
        """How long its former owner may still be at a shard's sites after it has been fenced."""
        ...

    async def changed(self, share: Share) -> Share:
        """Return the share once it is no more this one. BrokerRefused: this worker can't be a member."""
        ...

    async def confirmed(self) -> None:
        """Return once the broker has answered that this worker is a member: later than now, so that `share` is true now."""
        ...


class Broker(Protocol):
    """A place for topics. Opened by `async with`; BrokerRefused and BrokerAway as errors.py tells, at opening too."""

    async def claim(self, shard: Shard) -> Claim:
        """Fence every former owner of the shard: once this returns, none of them can commit."""
        ...

    def restore(self, shards: Sequence[Shard], *, wait: bool = True) -> AsyncGenerator[tuple[Shard, Stored]]:
        """Every record still kept in the shards' state partitions, oldest first, up to an end taken at the call.

        By who has claimed them before: holds all that any owner of these shards committed. Shards that share a partition
        get each record of it, those of other shards too; a key may come more than once, its newest last. BrokerAway:
        claim anew. Without `wait` for transactions that are open, what lies behind the first of them is not seen: for who
        looks on without having claimed, as the open one may be its own.
        """
        ...

    def read(
        self, topic: Topic, start: Start = EARLIEST, *, partition: int | None = None, follow: bool = False
    ) -> AsyncGenerator[Stored]:
        """Committed records, in order within a partition; of all partitions unless one is named.

        Ends at the end as it was when called, or, with `follow`, never: it then sleeps until more is committed. Who
        leaves it earlier closes it (contextlib.aclosing).
        """
        ...

    async def append(self, records: Sequence[Record]) -> None:
        """Store the records durably, in this order within a partition; fenced by nobody, and several may at a time.

        RecordRefused: one is too large, and nothing was stored. BrokerAway, Unsure: of each partition's any first part
        may be stored, and what was already may come again, so this is for what does no harm twice.
        """
        ...

    def membership(self) -> AbstractAsyncContextManager[Member]:
        """Join the workers that share the sources, until it is left. BrokerRefused: here one worker alone may run."""
        ...

    def partitions(self, topic: Topic) -> int:
        """How many the topic has."""
        ...

    def partition_of(self, topic: Topic, partition_by: bytes) -> int:
        """The one, from 0, that holds what is partitioned so."""
        ...

    async def describe(self, topic: Topic) -> TopicInfo:
        """What the topic holds and how it is set."""
        ...

    def is_own(self, cluster: str, name: str) -> bool:
        """Whether the topic of this full name, in the Kafka cluster of this id, is one of this broker's own."""
        ...

    def max_record_bytes(self, topic: Topic) -> int:
        """The most that key, value and headers of one record of the topic may have together."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Administration(Protocol):
    """The topics as a whole, before any of them is used: which there are, which there should be. Opened by `async with`."""

    async def layouts(self) -> Mapping[Topic, Layout]:
        """How each topic is to be on this broker."""
        ...

    async def found(self) -> Mapping[Topic, Layout]:
        """The topics that there are, as they are."""
        ...

    async def create(self, missing: Collection[Layout]) -> None:
        """Make these topics. BrokerRefused: the broker won't."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
