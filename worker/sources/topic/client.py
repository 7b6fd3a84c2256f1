"""An upstream topic consumed: its committed records, in order within each partition, from given offsets on.

The one decision: no group, and nothing is ever written to that cluster. Who consumes keeps the positions, in the transaction of
what came of the records; so after any fault it begins again there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, NoError, OffsetOutOfRangeError, for_code

from worker.kafka.adapter import stop, topic_as_known_to
from worker.kafka.connection import Connection
from worker.model import UpstreamRecord
from worker.sources.topic.faults import of_error, of_start, unconfigured

log = structlog.get_logger()

_START_SECONDS: Final = 20.0
_ASK_SECONDS: Final = 15.0
_LOOK_EVERY: Final = 10.0  # seconds: whether it is still there, and with how many partitions
_WAIT_MS: Final = 1_000  # for records, where there are none
_OPEN_SECONDS: Final = (
    10.0  # a transaction that is open upstream is waited for so long, where only what there is is read
)
# Most that is held of one partition, and of all of them, packed; what is taken at once, in records.
_PARTITION_BYTES: Final = 1024 * 1024
_FETCH_BYTES: Final = 16 * 1024 * 1024
_MOST: Final = 256
_TAKEN_BYTES: Final = 512 * 1024  # as many records as come to about that, by the size of those before


@dataclass(frozen=True, slots=True)
class Options:
    """How a topic is consumed. `source`: the id of the source it is, for the log.

    `refused`: given the cluster's id and a topic, why that is not to be consumed.

    `in_words`: what settings of the worker's own broker are called where this is said, in a sentence that names them.
    """

    source: str
    connection: Connection
    topic: str
    share: tuple[int, int] | None  # (i, n): the partitions p of p mod n = i; None: all
    refused: Callable[[str, str], str | None]
    in_words: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Taken:
    """What comes next of a partition. Without records: reading goes on at `end`, `lost` offsets after where it was to."""

    partition: int
    records: tuple[UpstreamRecord, ...]
    end: int
    lost: int = 0


@asynccontextmanager
async def consuming(options: Options) -> AsyncIterator[TopicReader]:
    """The topic, ready to `begin`. TopicFault: it can't be read."""
    reader = TopicReader(options)
    try:
        await reader.start()
        yield reader
    finally:
        await reader.close()


class TopicReader:
    """See `consuming`. First `begin`, then `take` again and again. TopicFault: it can't be read any more, just now."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._log = log.bind(source=options.source, topic=options.topic)
        self._consumer = AIOKafkaConsumer(
            **options.connection.arguments(),
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_partition_fetch_bytes=_PARTITION_BYTES,
            fetch_max_bytes=_FETCH_BYTES,
            fetch_max_wait_ms=_WAIT_MS,
        )
        self._cluster = ""
        self._next: dict[int, int] = {}  # by partition: the offset that comes after what was taken
        self._ends: dict[int, int] | None = None  # where to end, once that was asked for
        self._most = _MOST // 8
        self._looking: asyncio.Task[set[int]] | None = None
        self._looked = self._moved = asyncio.get_running_loop().time()

    @property
    def identity(self) -> str:
        """The topic, whatever address it has: its name behind its cluster's id."""
        return f"{self._cluster}/{self._options.topic}"

    async def start(self) -> None:
        """Connect, and look at the topic."""
        try:
            async with asyncio.timeout(_START_SECONDS):
                await self._consumer.start()
        except (KafkaError, OSError) as error:
            raise await of_start(error, self._options.connection, self._options.in_words) from error
        self._next = dict.fromkeys(await self._look(), 0)

    async def close(self) -> None:
        """End at once, whatever became of the cluster."""
        if self._looking:
            self._looking.cancel()
        await stop(self._consumer)

    async def begin(self, positions: Mapping[int, int]) -> None:
        """Go on at these offsets; in other partitions at the earliest."""
        starts = await self._asked(self._consumer.beginning_offsets(self._partitions))
        self._next = {partition: positions.get(partition, starts[self._one(partition)]) for partition in self._next}
        self._assign()

    async def at(self, partition: int, offset: int) -> UpstreamRecord | None:
        """The committed record there, instead of `begin`; None: there is none, or none any more."""
        one = self._one(partition)
        if partition not in self._next:
            return None
        starts, ends = [
            await self._asked(ask([one])) for ask in (self._consumer.beginning_offsets, self._consumer.end_offsets)
        ]
        if not starts[one] <= offset < ends[one]:
            return None
        self._consumer.assign([one])
        self._consumer.seek(one, offset)
        found: UpstreamRecord | None = await self._asked(self._first(one, offset))
        return found

    async def _first(self, one: TopicPartition, offset: int) -> UpstreamRecord | None:
        while await self._consumer.position(one) <= offset:  # past what was aborted it moves on without giving any
            found = await self._consumer.getmany(one, timeout_ms=_WAIT_MS, max_records=1)
            if some := found.get(one):
                return _record(some[0]) if some[0].offset == offset else None
        return None

    async def last(self) -> dict[int, int]:
        """By partition, the offset that comes after all that is committed now."""
        ends = await self._asked(self._consumer.end_offsets(self._partitions))
        return {one.partition: end for one, end in ends.items()}

    async def end_here(self) -> None:
        """From now on `ended` once all is taken that the topic holds now."""
        self._ends = {one.partition: end for one, end in (await self._asked(self._last_offsets())).items()}

    async def _last_offsets(self) -> Mapping[TopicPartition, int]:
        """Of what is committed or not: what is committed may not be seen to be, for a moment."""
        consumer = AIOKafkaConsumer(**self._options.connection.arguments(), enable_auto_commit=False)
        try:
            await consumer.start()
            ends: Mapping[TopicPartition, int] = await consumer.end_offsets(self._partitions)
            return ends
        finally:
            await stop(consumer)

    async def ended(self) -> bool:
        """Whether all is taken that there was; of a transaction that stays open upstream only what lies before it."""
        if self._ends is None:
            return False
        left = [
            one for one in self._partitions if await self._consumer.position(one) < self._ends.get(one.partition, 0)
        ]
        if left and asyncio.get_running_loop().time() - self._moved > _OPEN_SECONDS:
            self._log.warning("topic.left_open", partitions=[one.partition for one in left])
            return True
        return not left

    @property
    def answers(self) -> bool:
        """Whether its cluster has given anything, be it that there is nothing."""
        return any(self._consumer.last_stable_offset(one) is not None for one in self._partitions)

    async def behind(self) -> int:
        """How many offsets lie between what was taken and what is committed; as of the last answer."""
        found = 0
        for one in self._partitions:
            stable = self._consumer.last_stable_offset(one)
            found += max(0, (stable or 0) - await self._consumer.position(one))
        return found

    async def take(self) -> list[Taken]:
        """What comes next; nothing where nothing came for a second."""
        await self._look_again()
        try:
            found = await self._consumer.getmany(timeout_ms=_WAIT_MS, max_records=self._most)
        except OffsetOutOfRangeError as error:
            return await self._passed_over(error.args[0])
        except (KafkaError, OSError) as error:
            raise of_error(error, self._options.topic) from error
        taken = [Taken(one.partition, tuple(map(_record, some)), some[-1].offset + 1) for one, some in found.items()]
        self._next.update((one.partition, one.end) for one in taken)
        if taken:
            self._moved = asyncio.get_running_loop().time()
            sizes = [len(record.value or b"") for one in taken for record in one.records]
            self._most = max(1, min(_MOST, _TAKEN_BYTES * len(sizes) // max(1, sum(sizes))))
        return taken

    async def _passed_over(self, asked: Mapping[TopicPartition, int]) -> list[Taken]:
        """Offsets that the topic doesn't hold: retention has passed them, or it was deleted and made anew since."""
        starts = await self._asked(self._consumer.beginning_offsets(list(asked)))
        found = []
        for one, offset in asked.items():
            if self._next.get(one.partition) is None or await self._consumer.position(one) != offset:
                continue  # it is read elsewhere by now
            start, place = starts[one], {"partition": one.partition, "position": offset}
            lost = max(0, start - offset)
            if lost:
                hint = "they were deleted before they were read; it goes on at the earliest that there is"
                self._log.warning("topic.records_lost", **place, earliest=start, lost=lost, hint=hint)
            else:
                hint = "it ends before that, so it was deleted and made anew; all that it holds now is read"
                self._log.warning("topic.made_anew", **place, earliest=start, hint=hint)
            self._next[one.partition] = start
            self._consumer.seek(one, start)
            found.append(Taken(one.partition, (), start, lost))
        return found

    async def _look_again(self) -> None:
        """Every few seconds, beside what is taken: aiokafka itself tries for ever, and says nothing of it."""
        now = asyncio.get_running_loop().time()
        if self._looking is None and now - self._looked > _LOOK_EVERY:
            self._looking = asyncio.create_task(self._look())
        if self._looking is None or not self._looking.done():
            return
        looking, self._looking, self._looked = self._looking, None, now
        if new := looking.result() - self._next.keys():
            self._log.info("topic.partitions_added", partitions=sorted(new))
            starts = await self._asked(self._consumer.beginning_offsets([self._one(number) for number in new]))
            self._next.update((one.partition, start) for one, start in starts.items())
            self._assign()

    async def _look(self) -> set[int]:
        """Its partitions, as far as they fall to this share."""
        found: dict[str, Any] = await self._asked(topic_as_known_to(self._consumer, self._options.topic))
        (topic,) = found["topics"]
        if (error := for_code(topic["error_code"])) is not NoError:
            raise of_error(error(), self._options.topic)
        self._cluster = str(found["cluster_id"])
        if why := self._options.refused(self._cluster, self._options.topic):
            raise unconfigured(why)
        index, count = self._options.share or (0, 1)
        return {part["partition"] for part in topic["partitions"] if part["partition"] % count == index}

    def _assign(self) -> None:
        """An assignment forgets the positions of the one before."""
        self._consumer.assign(self._partitions)
        for partition, position in self._next.items():
            self._consumer.seek(self._one(partition), position)

    @property
    def _partitions(self) -> Sequence[TopicPartition]:
        return [self._one(partition) for partition in sorted(self._next)]

    def _one(self, partition: int) -> TopicPartition:
        return TopicPartition(self._options.topic, partition)

    async def _asked(self, question: Any) -> Any:
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                return await question
        except (KafkaError, OSError) as error:  # TimeoutError is one of these
            raise of_error(error, self._options.topic) from error


def _record(found: Any) -> UpstreamRecord:
    return UpstreamRecord(found.partition, found.offset, found.timestamp, found.value, tuple(found.headers))
