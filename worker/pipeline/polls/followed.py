"""The sources' definitions, followed: all there are at first, then each change as somebody makes it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing

import structlog

from worker.broker.port import Broker, Stored
from worker.core.sources.definitions import Definitions
from worker.errors import BrokerRefused
from worker.model import Topic

log = structlog.get_logger()


class Followed:
    """The definitions as they are now, and each change of them as it comes."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._seen: dict[int, int] = {}  # by partition: the offset of the last record taken in
        self.definitions = Definitions(lambda site: broker.partition_of(Topic.SOURCES, site))

    async def catch_up(self) -> None:
        """Take in all that there is. BrokerAway: try again; what was taken in stays."""
        async with aclosing(self._broker.read(Topic.SOURCES)) as records:
            async for record in records:
                self._absorb(record)

    async def follow(self, changed: Callable[[str], None]) -> None:
        """Call `changed` with the id of each source whose definitions change, for ever. BrokerAway: try again."""
        async with aclosing(self._broker.read(Topic.SOURCES, follow=True)) as records:
            async for record in records:
                if source := self._absorb(record):
                    changed(source)

    def _absorb(self, record: Stored) -> str | None:
        if record.offset <= self._seen.get(record.partition, -1):
            return None
        self._seen[record.partition] = record.offset
        try:
            return self.definitions.absorb(record.partition, record.key, record.value)
        except BrokerRefused as error:  # costs that source alone
            log.warning("source.unreadable", partition=record.partition, offset=record.offset, reason=str(error))
            return None
