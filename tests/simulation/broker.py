"""The broker in memory as one process sees it.

It promises what `port.Broker` does in the way that Kafka does it: epochs fence, a transaction's records lie in the log before they
are decided, and whoever lost its transaction's end does not know which way it went.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

from simulation.claim import Claim

from worker.broker.kafka.partitions import partition_of
from worker.broker.port import EARLIEST, Layout, Share, Span, TopicInfo
from worker.broker.topics import SETTINGS
from worker.errors import BrokerAway, Unsure

RECORD_BYTES = 1_000_000
STALLED_SECONDS = 60.0  # that a reader waits for a transaction that is open


class Broker:
    """See `port.Broker`; one of a process."""

    def __init__(self, cluster, process):
        self._cluster = cluster
        self.process = process

    async def reached(self):
        """A request arrives, or BrokerAway."""
        cluster = self._cluster
        await asyncio.sleep(cluster.delay())
        if self.process.dead:
            raise BrokerAway("its process is dead")
        if cluster.away or self.process.cut_off:
            await asyncio.sleep(cluster.chosen.uniform(0.1, 20))
            raise BrokerAway("the broker is away")

    async def claim(self, shard):
        cluster = self._cluster
        await self.reached()
        if cluster.falls_ill():
            cluster.trace.fault("claim refused")
            raise BrokerAway("the claim was not heard")
        producer = cluster.producer_of(shard)
        epoch = producer.fence(self.process)
        cluster.ring((shard.state,))
        cluster.trace.say("claimed", shard=shard.name, epoch=epoch)
        if cluster.falls_ill():
            cluster.trace.fault("claim unanswered")
            raise BrokerAway("the claim's answer was lost")
        await self.reached()
        return Claim(cluster, self, producer, epoch)

    async def restore(self, shards, *, wait=True):
        cluster = self._cluster
        partitions = {cluster.state_of(shard): None for shard in shards}
        await self.reached()
        ends = {partition: self.end(partition) if wait else partition.stable for partition in partitions}
        for partition, end in ends.items():
            await self._decided(partition, end)
            if cluster.falls_ill():
                cluster.trace.fault("restore broken off")
                raise BrokerAway("restoring was broken off")
            here = [shard for shard in shards if cluster.state_of(shard) is partition]
            for record in partition.committed(0, end):
                for shard in here:
                    yield shard, record

    def end(self, partition):
        """To which a claim's restore reads."""
        return partition.next

    async def _decided(self, partition, end):
        began = self._cluster.loop.time()
        while partition.stable < end:
            if self._cluster.loop.time() - began > STALLED_SECONDS:
                raise BrokerAway("reading comes no further")
            await asyncio.sleep(0.5)
            await self.reached()

    async def read(self, topic, start=EARLIEST, *, partition=None, follow=False):
        cluster = self._cluster
        wanted = [one for one in cluster.topics[topic] if partition in (None, one.number)]
        await self.reached()
        at = dict.fromkeys(wanted, start.offset or 0)
        if start.offsets is not None:
            at = {one: start.offsets.get(one.number, one.stable) for one in wanted}
        if start.latest:
            at = {one: one.stable for one in wanted}
        while True:
            for one in wanted:
                await self._decided(one, 0 if follow else one.next)
                for record in one.committed(at[one], one.stable):
                    at[one] = record.offset + 1
                    yield record
            if not follow:
                return
            if all(one.stable <= at[one] or not one.committed(at[one], one.stable) for one in wanted):
                await cluster.news(topic)
                await self.reached()

    async def append(self, records):
        await self.reached()
        if self._cluster.falls_ill():
            self._cluster.trace.fault("append refused")
            raise BrokerAway("nothing was appended")
        lost = self._cluster.falls_ill()
        stored = self._cluster.chosen.randint(1, len(records)) if lost else len(records)
        for record in records[:stored]:
            self._cluster.add(record)
        self._cluster.ring({record.topic for record in records})
        if lost:
            self._cluster.trace.fault("append unanswered", stored=stored)
            raise Unsure("the answer was lost")

    @asynccontextmanager
    async def membership(self):
        await self.reached()
        member = self._cluster.group.join(self.process)
        try:
            yield member
        finally:
            self._cluster.group.leave(member)

    def partitions(self, topic):
        return self._cluster.count

    def partition_of(self, topic, partition_by):
        return partition_of(partition_by, self._cluster.count)

    async def describe(self, topic):
        await self.reached()
        partitions = self._cluster.topics[topic]
        layout = Layout(topic.value, len(partitions), None, SETTINGS[topic])
        return TopicInfo(layout, tuple(Span(one.start, one.next) for one in partitions))

    def is_own(self, _cluster, _name):
        return False

    def max_record_bytes(self, topic):
        return RECORD_BYTES


class Alone(Broker):
    """As who polls sees it that is no member of the group, and takes a shard for its own."""

    quiet_seconds = 0.0

    def __init__(self, cluster, process, shard):
        super().__init__(cluster, process)
        self.share = Share(frozenset((shard,)))

    @asynccontextmanager
    async def membership(self):
        yield self

    async def changed(self, share):
        await asyncio.Event().wait()

    async def confirmed(self):
        """Nobody is asked."""
