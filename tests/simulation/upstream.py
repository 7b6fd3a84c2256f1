"""Topics of another system: logs that grow in transactions, are cut by retention and get partitions; and who reads them.

The one decision: `Consumer` stands for aiokafka's, so that the worker's own `TopicReader` runs over it. What it has fetched it
gives, whatever became of the log since.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
from unittest.mock import patch

from aiokafka import TopicPartition
from aiokafka.errors import (
    KafkaConnectionError,
    NodeNotReadyError,
    NoError,
    OffsetOutOfRangeError,
    RequestTimedOutError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
from simulation.log import Partition
from simulation.process import PROCESS

from worker.sources.topic import client
from worker.sources.topic.faults import of_error

TOPICS = {"wire": 2, "desk": 3}  # and how many partitions they have at first
_WAIT_MS = 600_000  # that a reader waits for what is not there: else this would be most of what happens
_PACKED = 20  # most records of an answer
_REFUSALS = (NodeNotReadyError, RequestTimedOutError, TopicAuthorizationFailedError, UnknownTopicOrPartitionError)


class Upstream:
    """The other system's cluster. `ill`: how likely it refuses a request; `away`: it can't be reached."""

    def __init__(self, loop, chosen, trace):
        self.loop, self.chosen, self.trace = loop, chosen, trace
        self.topics = {
            topic: [Partition(topic, number, compacted=False) for number in range(count)]
            for topic, count in TOPICS.items()
        }
        self.ill = 0.0
        self.away = False
        self._news = asyncio.Event()

    def partition(self, place):
        return self.topics[place.topic][place.partition]

    def ring(self):
        """Something was written, decided or deleted, or it can be reached again."""
        event, self._news = self._news, asyncio.Event()
        event.set()

    async def news(self):
        await self._news.wait()

    def take_away(self, seconds):
        self.trace.fault("upstream away", seconds=round(seconds))
        self.away = True
        self.loop.outside(seconds, self._bring_back)

    def _bring_back(self):
        self.away = False
        self.ring()

    def grow(self, topic):
        """It has one more partition."""
        partitions = self.topics[topic]
        self.trace.fault("partition added", topic=topic, partition=len(partitions))
        partitions.append(Partition(topic, len(partitions), compacted=False))

    def reachable(self, process):
        return not (self.away or process.cut_off)

    async def reached(self, process):
        """A request is answered, or KafkaError."""
        await asyncio.sleep(self.chosen.uniform(0.001, 0.05))
        if not self.reachable(process):
            await asyncio.sleep(self.chosen.uniform(1, 30))
            raise KafkaConnectionError("it is away")
        if self.chosen.random() < self.ill:
            error = self.chosen.choice(_REFUSALS)
            self.trace.fault(f"upstream: {error.__name__}")
            raise error

    async def known(self, consumer, topic):
        """See `worker.kafka.adapter.topic_as_known_to`."""
        await self.reached(consumer.process)
        partitions = [{"partition": one.number} for one in self.topics[topic]]
        return {"cluster_id": "another", "topics": [{"error_code": NoError.errno, "partitions": partitions}]}

    @contextmanager
    def consumed(self):
        """Within it this is what workers reach when they consume a topic."""

        async def of_start(error, connection, _in_words):
            return of_error(error, connection.name)

        async def stop(_consumer):
            """It has no tasks."""

        def consumer(**named):
            return Consumer(self, **named)

        with (
            patch.object(client, "AIOKafkaConsumer", consumer),
            patch.object(client, "topic_as_known_to", self.known),
            patch.object(client, "stop", stop),
            patch.object(client, "of_start", of_start),
            patch.object(client, "_WAIT_MS", _WAIT_MS),
        ):
            yield


class Consumer:
    """As much of aiokafka's consumer as a `TopicReader` asks for."""

    def __init__(self, upstream, *, isolation_level="read_uncommitted", **_):
        self.process = PROCESS.get()
        self._upstream = upstream
        self._all = isolation_level == "read_uncommitted"
        self._at: dict[TopicPartition, int] = {}
        self._fetched: dict[TopicPartition, list] = {}
        self._stable: dict[TopicPartition, int] = {}

    async def start(self):
        await self._upstream.reached(self.process)

    async def beginning_offsets(self, places):
        await self._upstream.reached(self.process)
        return {place: self._upstream.partition(place).start for place in places}

    async def end_offsets(self, places):
        await self._upstream.reached(self.process)
        return {place: self._end(self._upstream.partition(place)) for place in places}

    def _end(self, partition):
        return partition.next if self._all else partition.stable

    def assign(self, places):
        self._at, self._fetched, self._stable = dict.fromkeys(places, 0), {}, {}

    def seek(self, place, offset):
        self._at[place] = offset
        self._fetched.pop(place, None)

    async def position(self, place):
        return self._at[place]

    def last_stable_offset(self, place):
        return self._stable.get(place)

    async def getmany(self, *_places, timeout_ms, max_records):
        upstream = self._upstream
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_ms / 1000):
                while True:
                    await asyncio.sleep(upstream.chosen.uniform(0.001, 0.05))
                    if found := self._found(max_records):
                        return found
                    await upstream.news()
        return {}

    def _found(self, most):
        """What was fetched first, of each partition some. OffsetOutOfRangeError: one goes on where the log has nothing."""
        found, chosen = {}, self._upstream.chosen
        for place in self._at:
            if not self._fetched.get(place) and self._upstream.reachable(self.process):
                try:
                    self._fetch(place)
                except OffsetOutOfRangeError:
                    if not found:  # else it is raised by the next call
                        raise
                    break
            records = self._fetched.get(place, ())[: chosen.randint(1, max(1, most))]
            if records:
                found[place] = records
                most -= len(records)
                del self._fetched[place][: len(records)]
                self._at[place] = records[-1].offset + 1
            if most <= 0:
                break
        return found

    def _fetch(self, place):
        partition, at = self._upstream.partition(place), self._at[place]
        if not partition.start <= at <= partition.next:
            raise OffsetOutOfRangeError({place: at})
        end = self._stable[place] = self._end(partition)
        every = [stored for stored, *_ in partition.records if at <= stored.offset < end]
        records = every if self._all else partition.committed(at, end)
        self._fetched[place] = records[:_PACKED]
        if not records:
            self._at[place] = max(at, end)
