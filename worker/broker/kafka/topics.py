"""The topics as they were found at opening: their full names, partitions and limits, which commits and readers go by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from worker.broker.kafka.partitions import partition_of, partitions_of
from worker.broker.port import Layout
from worker.model import Topic

# max.message.bytes counts a whole batch: what it has besides one record's key, value and headers fits in this.
_ENVELOPE: Final = 1024


@dataclass(frozen=True, slots=True)
class Topics:
    """Each topic of the contract has its layout here."""

    layouts: Mapping[Topic, Layout]

    def name(self, topic: Topic) -> str:
        """The topic's name in the cluster, with the prefix."""
        return self.layouts[topic].name

    def partitions(self, topic: Topic) -> int:
        """How many the topic has."""
        return self.layouts[topic].partitions

    def partition_of(self, topic: Topic, partition_by: bytes | int) -> int:
        """The partition of what is partitioned so; a partition's number is its own."""
        if isinstance(partition_by, int):
            return partition_by
        return partition_of(partition_by, self.partitions(topic))

    def partitions_of(self, places: Sequence[tuple[Topic, bytes | int]]) -> list[int]:
        """Likewise of each, which costs far less than one by one."""
        keyed = [(by, self.partitions(topic)) for topic, by in places if not isinstance(by, int)]
        found = iter(partitions_of([by for by, _ in keyed], [count for _, count in keyed]))
        return [by if isinstance(by, int) else next(found) for _, by in places]

    def max_batch_bytes(self, topic: Topic) -> int:
        """The topic's max.message.bytes, which counts a batch as it is sent; ours is counted before compression."""
        return int(self.layouts[topic].settings["max.message.bytes"])

    def max_record_bytes(self, topic: Topic) -> int:
        """The most that key, value and headers of one record may have together."""
        return self.max_batch_bytes(topic) - _ENVELOPE
