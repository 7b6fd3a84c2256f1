"""Records to record batches: one a partition, or a row of them where a topic's limit is smaller than the transaction.

Whatever could be refused is found here, before anything is sent: an append that fails says no more than None, and the
broker takes a batch whole or refuses all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from worker.broker.kafka.topics import Topics
from worker.errors import RecordRefused
from worker.model import Record, Topic

# Bytes of the record format, at their most: a batch's own, a record's (lengths, deltas), a header's (two lengths).
_BATCH: Final = 61
_RECORD: Final = 32
_HEADER: Final = 10


@dataclass(frozen=True, slots=True)
class Batched:
    """A batch and where it goes."""

    topic: Topic
    name: str  # of the topic, with the prefix
    partition: int
    batch: Any  # aiokafka's BatchBuilder


@dataclass(slots=True)
class _Filling:
    batch: Any
    round: int
    room: int


@dataclass(frozen=True, slots=True)
class _Limits:
    """A topic's, looked up once a transaction."""

    record: int
    batch: int


def batched(records: Sequence[Record], topics: Topics, create: Callable[[], Any]) -> list[list[Batched]]:
    """The batches in rounds: at most one a partition in each, so that none waits behind another of its partition.

    `create`: a producer's `create_batch`. RecordRefused: a record is over its topic's limit.
    """
    rounds: list[list[Batched]] = []
    filling: dict[tuple[Topic, int], _Filling] = {}
    limits = {
        topic: _Limits(topics.max_record_bytes(topic), topics.max_batch_bytes(topic) - _BATCH)
        for topic in {record.topic for record in records}
    }
    partitions = topics.partitions_of([(record.topic, record.partition_by) for record in records])
    for record, partition in zip(records, partitions, strict=True):
        limit = limits[record.topic]
        size = _size(record, limit.record)
        place = record.topic, partition
        current = filling.get(place)
        if current is None or size > current.room:
            number = current.round + 1 if current else 0
            current = filling[place] = _Filling(create(), number, limit.batch)
            if number == len(rounds):
                rounds.append([])
            rounds[number].append(Batched(record.topic, topics.name(record.topic), partition, current.batch))
        current.room -= size
        added = current.batch.append(
            timestamp=record.timestamp, key=record.key, value=record.value, headers=list(record.headers)
        )
        if added is None:
            raise RecordRefused(f"A batch for {record.topic.value} is full although room was counted for it.")
    return rounds


def _size(record: Record, most: int) -> int:
    """What the record takes in a batch, at most."""
    plain = len(record.key) + len(record.value or b"")
    for name, value in record.headers:
        plain += len(name.encode()) + len(value)
    if plain > most:
        raise RecordRefused(f"A record of {plain:,} bytes is over the {most:,} of {record.topic.value}.")
    return plain + _RECORD + _HEADER * len(record.headers)
