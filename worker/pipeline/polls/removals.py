"""The sources of a shard that are no more: what they own handed over at once, and forgotten once their grace is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from typing import Final

import structlog

from worker.core.feeds import ShardMemory, removed
from worker.errors import BrokerError, Defect
from worker.model import Definition, Part
from worker.pipeline.clocks import wall_clock
from worker.pipeline.polls.owned import Owned
from worker.pipeline.polls.ownership import Ownership
from worker.pipeline.search import Search

log = structlog.get_logger()

# How often to look for sources whose grace after removal is over, ms.
_LOOK_EVERY: Final = 3_600_000


class Removals:
    """`definitions`: of the shard's sources, as they are at any time. `through`: called when one has ended.

    `spared`: sources that are not to be removed, though nothing defines them.
    """

    def __init__(
        self, definitions: Mapping[str, Definition], ownership: Ownership, through: Callable[[], None]
    ) -> None:
        self._definitions = definitions
        self._ownership = ownership
        self._through = through
        self._look_at = 0  # ms
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self.spared: set[str] = set()

    @property
    def tasks(self) -> Collection[asyncio.Task[None]]:
        """Those that are under way."""
        return self._under_way.values()

    def look(self) -> None:
        """There may be something to remove."""
        self._look_at = 0

    def begin(self, owned: Owned, tasks: asyncio.TaskGroup) -> None:
        """Begin what is due, all definitions being known."""
        now = wall_clock()
        if now < self._look_at:
            return
        self._look_at = now + _LOOK_EVERY
        for source in set(owned.memory.to_remove(now)) - self.spared - self._under_way.keys():
            self._under_way[source] = tasks.create_task(self._remove(source))

    async def _remove(self, source: str) -> None:
        def decide(memory: ShardMemory, _search: Search) -> Iterable[Part] | None:
            there = source not in self._definitions and source in memory.sources()
            return removed(source, memory, wall_clock()) if there else None

        try:
            while True:
                owned = await self._ownership.present()
                with suppress(BrokerError):
                    if await owned.settle(decide, self._ownership.search) is not None:
                        log.info("source.removed", source=source)
                    return
        except Defect as error:
            log.error("source.defect", source=source, exc_info=error.__cause__)  # noqa: TRY400 (its cause is what failed)
            self.spared.add(source)
        finally:
            del self._under_way[source]
            self._through()
