"""The broker on Apache Kafka. Opening it checks the topics: one that is missing or set otherwise is refused, never mended."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from types import TracebackType
from typing import Final, Self

from aiokafka import AIOKafkaProducer, TopicPartition

from worker.broker.kafka.administration import KafkaAdministration
from worker.broker.kafka.claim import KafkaClaim
from worker.broker.kafka.consumers import committed, following, spans, stored
from worker.broker.kafka.ends import Ends
from worker.broker.kafka.membership import KafkaMember, joined
from worker.broker.kafka.sending import append
from worker.broker.kafka.topics import Topics
from worker.broker.port import EARLIEST, Shard, Start, Stored, TopicInfo
from worker.broker.topics import check
from worker.errors import UsageError
from worker.kafka.connection import REQUEST_MS, Connection
from worker.kafka.contained import Contained
from worker.model import Record, Topic

_GROUP: Final = "news-worker"
_BACKOFF_MS: Final = 100
_OF_A_COMMIT: Final = 2 / 3
_APPEND_SECONDS: Final = 15.0


class KafkaBroker:
    """See `port.Broker`."""

    def __init__(self, connection: Connection, prefix: str) -> None:
        self._connection = connection
        self._prefix = prefix
        self._topics = Topics({})
        self._cluster = ""
        self._contained = Contained()
        self._ends = Ends()

    async def claim(self, shard: Shard) -> KafkaClaim:
        """See `port.Broker.claim`: InitProducerId under the shard's name."""
        seconds = self._connection.options.transaction_timeout / 2
        producer = self._producer(
            seconds,
            transactional_id=self._prefix + shard.name,
            transaction_timeout_ms=round(self._connection.options.transaction_timeout * 1000),
        )
        claim = KafkaClaim(shard, self._topics, producer, self._ends, commit_seconds=seconds)
        try:
            await claim.fence()
        except BaseException:
            await claim.release()
            raise
        return claim

    async def restore(self, shards: Sequence[Shard], *, wait: bool = True) -> AsyncGenerator[tuple[Shard, Stored]]:
        """See `port.Broker.restore`."""
        owners: dict[TopicPartition, list[Shard]] = {}
        for shard in shards:
            partition = self._topics.partition_of(shard.state, shard.partition_by)
            owners.setdefault(TopicPartition(self._topics.name(shard.state), partition), []).append(shard)
        # Without waiting the end is where the first transaction that is open begins.
        held = await spans(self._connection, list(owners), "read_uncommitted" if wait else "read_committed")
        if wait:
            for one, span in held.items():
                self._ends.check(one, span.end)
        async with aclosing(committed(self._connection, held, EARLIEST)) as records:
            async for record in records:
                found = stored(record)
                for shard in owners[TopicPartition(record.topic, record.partition)]:
                    yield shard, found

    async def read(
        self, topic: Topic, start: Start = EARLIEST, *, partition: int | None = None, follow: bool = False
    ) -> AsyncGenerator[Stored]:
        """See `port.Broker.read`."""
        held = await spans(self._connection, self._partitions(topic, partition))
        reading = following if follow else committed
        async with aclosing(reading(self._connection, held, start)) as records:
            async for record in records:
                yield stored(record)

    async def append(self, records: Sequence[Record]) -> None:
        """See `port.Broker.append`."""
        producer = self._producer(_APPEND_SECONDS, enable_idempotence=True)
        await append(producer, records, self._topics, seconds=_APPEND_SECONDS)

    def membership(self) -> AbstractAsyncContextManager[KafkaMember]:
        """See `port.Broker.membership`."""
        return joined(self._connection, f"{self._prefix}{_GROUP}", self._topics.name(Topic.SOURCES))

    def partitions(self, topic: Topic) -> int:
        """See `port.Broker.partitions`."""
        return self._topics.partitions(topic)

    def partition_of(self, topic: Topic, partition_by: bytes) -> int:
        """See `port.Broker.partition_of`."""
        return self._topics.partition_of(topic, partition_by)

    async def describe(self, topic: Topic) -> TopicInfo:
        """See `port.Broker.describe`."""
        partitions = self._partitions(topic, None)
        held = await spans(self._connection, partitions)
        return TopicInfo(self._topics.layouts[topic], tuple(held[one] for one in partitions))

    def is_own(self, cluster: str, name: str) -> bool:
        """See `port.Broker.is_own`."""
        return cluster == self._cluster and any(name == self._topics.name(topic) for topic in Topic)

    def max_record_bytes(self, topic: Topic) -> int:
        """See `port.Broker.max_record_bytes`."""
        return self._topics.max_record_bytes(topic)

    async def __aenter__(self) -> Self:
        async with KafkaAdministration(self._connection, self._prefix) as administration:
            found = await administration.found()
            check(await administration.layouts(), found)
            self._cluster = await administration.cluster()
        self._topics = Topics(found)
        self._contained.begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._contained.end()

    def _producer(self, seconds: float, **of_its_kind: object) -> AIOKafkaProducer:
        """One whose commits, or appends, have so many seconds."""
        # A topic that is missing is waited for so long: they are not to give up before they have heard of that.
        request_ms = min(REQUEST_MS, round(seconds * 1000 * _OF_A_COMMIT))
        return AIOKafkaProducer(
            **{**self._connection.arguments(), "request_timeout_ms": request_ms},
            **of_its_kind,
            compression_type="zstd",
            max_batch_size=max(self._topics.max_batch_bytes(topic) for topic in Topic),
            retry_backoff_ms=_BACKOFF_MS,
        )

    def _partitions(self, topic: Topic, partition: int | None) -> list[TopicPartition]:
        name, count = self._topics.name(topic), self._topics.partitions(topic)
        if partition is None:
            return [TopicPartition(name, number) for number in range(count)]
        if partition >= count:
            raise UsageError(f"{name} has partitions 0 to {count - 1}, and no {partition}.")
        return [TopicPartition(name, partition)]
