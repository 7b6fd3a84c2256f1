"""What a broker promises the pipeline: records only, never articles.

The one decision: a shard is claimed, and its claim both restores and commits, so nobody can commit who hasn't fenced the
owner before and read what that owner left.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from worker.model import Record, Topic


@dataclass(frozen=True, slots=True)
class Shard:
    """The unit of ownership. `name` is frozen for ever: behind the prefix it is Kafka's transactional.id."""

    name: str
    state: Topic  # the compacted topic that holds what the shard remembers
    partition_by: bytes  # of `state`: the partition that holds it


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
class TopicInfo:
    """A topic as it is: from the earliest offset still kept (`start`) to the one the next record gets (`end`)."""

    name: str
    partitions: int
    start: int
    end: int
    settings: tuple[tuple[str, str], ...]  # Kafka's names: cleanup.policy, retention.ms, max.message.bytes, …


class Claim(Protocol):
    """A shard as its owner holds it: nobody else can commit to it until the next claim of it."""

    def restore(self) -> AsyncIterator[Stored]:
        """Every record still kept in the state partition, oldest first, up to the end as it was after fencing.

        Holds all that any owner of this shard committed before. Records of other shards that share the partition come
        too; a key may come more than once, its newest last. BrokerAway: claim anew.
        """
        ...

    async def commit(self, records: Sequence[Record]) -> None:
        """Make all the records visible together, in this order within a partition, or none of them.

        Returns only once they are durable. ClaimLost: another owner has the shard; forget it. RecordRefused, BrokerAway:
        nothing happened; claim anew, restore, decide again. Unsure: it may or may not have happened; the same way back.
        After any of them, and after cancellation, the claim is of no more use.
        """
        ...

    async def release(self) -> None:
        """Give back what the claim holds (connections, threads); never raises, commits nothing."""
        ...


class Broker(Protocol):
    """A place for topics. Opened by `async with`; BrokerRefused and BrokerAway as errors.py tells, at opening too."""

    async def claim(self, shard: Shard) -> Claim:
        """Fence every former owner of the shard: once this returns, none of them can commit."""
        ...

    def read(
        self, topic: Topic, *, start: int | None = None, since: int | None = None, follow: bool = False
    ) -> AsyncIterator[Stored]:
        """Committed records in order from an offset (`start`) or a time (`since`, ms), else from the earliest.

        Ends at the end as it was when called, or, with `follow`, never: it then sleeps until more is committed.
        """
        ...

    async def describe(self, topic: Topic) -> TopicInfo:
        """What the topic holds and how it is set."""
        ...

    def max_record_bytes(self, topic: Topic) -> int:
        """The most that key, value and headers of one record of the topic may have together."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
