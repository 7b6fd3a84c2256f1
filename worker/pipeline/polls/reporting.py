"""What the owner of a shard says of it, now and then and when it stops: committed like its checkpoints, read by `status`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from typing import Final

import structlog

from worker.broker.port import Shard
from worker.core.feeds import ShardMemory, report_record
from worker.errors import BrokerError, Defect
from worker.model import Part, ShardReport
from worker.pipeline.clocks import on_wall_clock, wall_clock
from worker.pipeline.polls.owned import Owned
from worker.pipeline.polls.ownership import Ownership
from worker.pipeline.polls.run import Run
from worker.pipeline.search import Search

log = structlog.get_logger()

_EVERY_SECONDS: Final = 30.0
# When the worker stops nobody waits for the broker longer than that to hear of it.
_LAST_SECONDS: Final = 1.0

# The sources of the shard, how many of them are due or being polled, and by how many ms the first of them is late.
Look = Callable[[], tuple[Collection[str], int, int]]


class Reporting:
    """Of one shard."""

    def __init__(self, shard: Shard, run: Run, ownership: Ownership, look: Look) -> None:
        self._partition = shard.partition_by
        self._run = run
        self._ownership = ownership
        self._look = look
        self._failed = False  # it can't be said, through a defect: each try would cost the shard what it has in hand

    async def go_on(self) -> None:
        """Say it every half a minute, for ever; not where every source is polled but once."""
        while not self._run.once and not self._failed:
            await self.say()
            await asyncio.sleep(_EVERY_SECONDS)

    async def say(self) -> None:
        """Say it, under one ownership or the next."""
        while True:
            owned = await self._ownership.present()
            try:
                await self._said(owned, stopped=False)
            except BrokerError:
                continue
            except Defect as error:
                log.error("report.defect", exc_info=error.__cause__)  # noqa: TRY400 (its cause is what failed)
                self._failed = True
            return

    async def say_last(self) -> None:
        """Say that this worker polls it no more; if that can't be committed at once, silence will tell."""
        with suppress(BrokerError, Defect, TimeoutError):
            async with asyncio.timeout(_LAST_SECONDS):
                await self._said(await self._ownership.present(), stopped=True)

    async def _said(self, owned: Owned, *, stopped: bool) -> None:
        await owned.settle(partial(self._report, owned, stopped), self._ownership.search)

    def _report(self, owned: Owned, stopped: bool, memory: ShardMemory, _search: Search) -> list[Part]:  # noqa: FBT001 (bound)
        sources, due, late = self._look()
        heads = (memory.head(source) for source in sources)
        standing = self._ownership.standing
        standing.sources, standing.due, standing.late = len(sources), due, late
        standing.failing = sum(head is not None and head.faults > 0 for head in heads)
        standing.refused = len(memory.refused)
        counts = (standing.sources, standing.due, standing.late, standing.failing, standing.refused)
        behind = self._run.totals.behind
        of_topics = {source: behind[source] for source in sources if source in behind}
        owned_at = on_wall_clock(owned.owned_at)
        once = stopped and self._run.once and not self._run.stop.is_set()
        report = ShardReport(self._run.worker, wall_clock(), owned_at, *counts, stopped, of_topics, once)
        return [Part("", (report_record(report, self._partition),))]
