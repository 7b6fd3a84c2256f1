"""A claim on the broker in memory: its records lie in the log before they are decided, and faults come anywhere in a commit."""

from __future__ import annotations

import asyncio

from simulation import clock
from simulation.cluster import TRANSACTION_SECONDS
from simulation.log import Transaction
from simulation.takedowns import is_takedown

from worker.errors import BrokerAway, ClaimLost, ClockRefused, RecordRefused, Unsure
from worker.model import Topic

AHEAD_MS = 3_600_000  # that a record's time may be ahead of the broker's clock
FAULTS = (
    "nothing sent",
    "some sent",
    "paused",
    "killed before the end",
    "frozen before the end",
    "end lost",
    "killed after the end",
    "reply lost",
    "reply lost, another's open",
)


class Claim:
    """See `port.Claim`."""

    def __init__(self, cluster, broker, producer, epoch):
        self._cluster, self._broker, self._producer, self._epoch = cluster, broker, producer, epoch
        self._spent = False

    async def commit(self, records):
        if self._spent:
            raise BrokerAway("the claim is of no more use")
        if not records:
            return
        self._spent = True
        fault = self._fault()
        await self._broker.reached()
        transaction = self._begun(fault)
        await self._sent(records, transaction, fault)
        await self._before_the_end(fault)
        self._check(transaction)
        self._end(records, transaction)
        articles = sum(record.topic is Topic.ARTICLES and not is_takedown(record) for record in records)
        self._cluster.unheard += articles
        await self._after_the_end(fault)
        self._cluster.unheard -= articles
        self._cluster.heard += articles
        self._cluster.answers.heard(self._producer, self._epoch)
        self._spent = False

    def _fault(self):
        if not self._cluster.falls_ill():
            return ""
        fault = self._cluster.chosen.choice(FAULTS)
        self._cluster.trace.fault(f"commit: {fault}", shard=self._producer.name)
        return fault

    def _begun(self, fault):
        if fault == "nothing sent":
            raise BrokerAway("nothing was sent")
        self._check(None)
        cluster, producer = self._cluster, self._producer
        if fault == "reply lost, another's open":
            cluster.hold_open(producer.state, cluster.chosen.uniform(1, TRANSACTION_SECONDS))
        producer.open = transaction = Transaction(producer.name)
        cluster.loop.outside(TRANSACTION_SECONDS, cluster.expire, producer, transaction)
        return transaction

    async def _sent(self, records, transaction, fault):
        by_place = {}
        for record in records:
            by_place.setdefault(self._cluster.place(record), []).append(record)
        for batch in by_place.values():
            await self._broker.reached()
            self._check(transaction)
            self._taken(batch)
            for record in batch:
                self._cluster.add(record, transaction)
            if fault == "some sent":
                raise BrokerAway("the rest could not be sent")

    def _taken(self, batch):
        cluster = self._cluster
        latest = clock.right(cluster.loop) + AHEAD_MS
        if any(record.timestamp > latest for record in batch):
            cluster.trace.fault("clock refused")
            raise ClockRefused("its time is ahead of the broker's")
        if any(cluster.poisonous(record) for record in batch):
            cluster.trace.fault("record refused")
            raise RecordRefused("one of the records is refused")

    async def _before_the_end(self, fault):
        if fault == "paused":
            await asyncio.sleep(self._cluster.chosen.uniform(1, 2 * TRANSACTION_SECONDS))
        if fault.endswith("before the end"):
            await self._struck(fault)
        if fault == "end lost":
            raise Unsure("the end was not heard")

    def _end(self, records, transaction):
        transaction.end(committed=True)
        self._producer.open = None
        self._cluster.answers.committed(self._producer, self._epoch, records)
        self._cluster.ring({record.topic for record in records})
        self._cluster.trace.say(
            "committed", shard=self._producer.name, topics=[record.topic.value for record in records]
        )

    async def _after_the_end(self, fault):
        if fault == "killed after the end":
            await self._struck(fault)
        if fault.startswith("reply lost"):
            raise Unsure("the reply was lost")
        try:
            await self._broker.reached()
        except BrokerAway as error:
            raise Unsure(str(error)) from error

    async def _struck(self, fault):
        self._cluster.strike(self._broker.process, fault.split()[0])
        await asyncio.sleep(0)  # only who lives comes further

    def _check(self, transaction):
        if self._producer.epoch != self._epoch or self._producer.open is not transaction:
            self._cluster.trace.fault("claim lost", shard=self._producer.name)
            raise ClaimLost("another owner has the shard")

    async def release(self):
        """What it has open stays so, as when the connection is cut, until the next claim or the time-out."""
