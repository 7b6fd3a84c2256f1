"""The broker that all processes share: topics, transactional ids, the group, and how ill it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from simulation.answers import Answers
from simulation.group import Group
from simulation.log import Partition, Transaction
from simulation.process import Process

from worker.broker.kafka.partitions import partition_of
from worker.broker.topics import SETTINGS
from worker.model import Record, Topic

TRANSACTION_SECONDS = 60.0  # after which the broker aborts what is open
_partition_of = lru_cache(4096)(partition_of)  # sites are few


@dataclass(eq=False)
class Producer:
    """What the broker knows of a transactional id."""

    name: str
    state: Partition
    epoch: int = 0
    holder: Process | None = None  # who has claimed it last, if the epoch is still that one's
    open: Transaction | None = None

    def fence(self, holder=None):
        self.epoch += 1
        self.holder = holder
        if self.open is not None:
            self.open.end(committed=False)
            self.open = None
        return self.epoch


class Cluster:
    """All topics, the group, and how ill the broker is. `poisonous`: whether it refuses a record, whoever sends it."""

    def __init__(self, loop, chosen, trace, partitions, poisonous):
        self.loop, self.chosen, self.trace = loop, chosen, trace
        self.count = partitions
        self.poisonous = poisonous
        self.producers: dict[str, Producer] = {}
        self.topics = {
            topic: [
                Partition(topic.value, number, SETTINGS[topic]["cleanup.policy"] == "compact")
                for number in range(partitions)
            ]
            for topic in Topic
        }
        self.group = Group(loop, chosen, trace, partitions)
        self.ill = 0.0  # how likely something goes wrong with a call
        self.away = False
        self.serial = 0
        self.strike: Callable[[Process, str], None] = lambda _process, _deed: None
        self.unheard = 0  # records of articles that were committed, and nobody was told
        self.heard = 0  # those whose owner was told
        self.answers: Answers | None = None  # is told of each commit
        self._news: dict[Topic, asyncio.Event] = {topic: asyncio.Event() for topic in Topic}

    def delay(self):
        return self.chosen.uniform(0.001, 0.02)

    def falls_ill(self):
        return self.chosen.random() < self.ill

    def place(self, record):
        return self._partition(record.topic, record.partition_by)

    def _partition(self, topic, by):
        return self.topics[topic][by if isinstance(by, int) else _partition_of(by, self.count)]

    def add(self, record, transaction=None):
        self.serial += 1
        return self.place(record).add(record, transaction, self.serial)

    def ring(self, topics):
        """Something is committed, or decided."""
        for topic in topics:
            event, self._news[topic] = self._news[topic], asyncio.Event()
            event.set()
            for partition in self.topics[topic]:
                partition.sweep()

    async def news(self, topic):
        await self._news[topic].wait()

    def producer_of(self, shard):
        return self.producers.setdefault(shard.name, Producer(shard.name, self.state_of(shard)))

    def state_of(self, shard):
        return self._partition(shard.state, shard.partition_by)

    def hold_open(self, partition, seconds):
        """Another program has a transaction open there for a while, which is aborted."""
        transaction = Transaction("another")
        partition.add(Record(Topic(partition.topic), b"another", b"1", (), 0, partition.number), transaction, 0)
        self.loop.outside(seconds, self._abort, transaction)

    def _abort(self, transaction):
        transaction.end(committed=False)
        self.ring(Topic)

    def expire(self, producer, transaction):
        """Nobody has ended it in time: the broker does, and its owner's epoch is gone."""
        if producer.open is transaction:
            self.trace.say("transaction.expired", shard=producer.name)
            producer.fence()
            self.ring(Topic)
