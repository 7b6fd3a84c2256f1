"""How far partitions are known to reach. Offsets never go back: one that ends earlier was deleted and made anew meanwhile.

The one decision: who finds that out ends. What the shards remembered is gone with the records, and to go on as if they had
never published anything is for a person to decide.
"""

from __future__ import annotations

from aiokafka import TopicPartition

from worker.errors import BrokerRefused


class Ends:
    """By partition, the least offset that whatever comes next can have: as far as this process has seen."""

    def __init__(self) -> None:
        self._known: dict[TopicPartition, int] = {}

    def known(self, one: TopicPartition) -> int:
        """Of this partition."""
        return self._known.get(one, 0)

    def check(self, one: TopicPartition, end: int, least: int | None = None) -> None:
        """The partition reaches to `end`. BrokerRefused: it reached further, or `least`, before."""
        if end < (self.known(one) if least is None else least):
            raise BrokerRefused(
                f"{one.topic}, partition {one.partition}, was deleted and made anew while this worker ran: what was remembered"
                " there is gone. Started again, the worker goes on as if nothing had been published before"
                " (docs/operations.md, A topic that is made anew)."
            )
        self._known[one] = max(end, self.known(one))
