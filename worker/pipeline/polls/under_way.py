"""The polls of a shard that are under way, each from the request to the commit; then it is known when its source is due again.

The one decision: what was fetched and read outlives a fault. It is decided again under the next ownership as long as its head
is the one it was fetched under, or was written by this process; else it is dropped, and the source polled anew.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import AsyncExitStack
from functools import partial

import structlog

from worker.core import schedule
from worker.core.feeds import Asked, ShardMemory, answered
from worker.errors import BrokerError, ClockRefused, Defect, WorkerError
from worker.model import Definition, FaultKind, Part
from worker.pipeline.clocks import on_running_clock, wall_clock
from worker.pipeline.polls.agenda import Agenda
from worker.pipeline.polls.defects import fault_of
from worker.pipeline.polls.owned import Owned
from worker.pipeline.polls.ownership import Ownership
from worker.pipeline.polls.poll import Polled, ask, failed, lawful, say, understand
from worker.pipeline.polls.run import Run
from worker.pipeline.search import Search

log = structlog.get_logger()


class UnderWay:
    """`definitions`: of the shard's sources, as they are at any time.

    `refused`: called when the broker refuses the clock; returns when it doesn't any more.
    """

    def __init__(
        self,
        definitions: Mapping[str, Definition],
        run: Run,
        ownership: Ownership,
        agenda: Agenda,
        refused: Callable[[], Awaitable[None]],
    ) -> None:
        self._definitions = definitions
        self._run = run
        self._ownership = ownership
        self._agenda = agenda
        self._refused = refused
        self._polls: dict[str, asyncio.Task[bool]] = {}  # by source
        self._fetching: set[str] = set()  # of these, whose answer is not there yet
        self._lawful: dict[str, Asked] = {}  # likewise, those that may still be decided

    def __contains__(self, source: str) -> bool:
        """Whether the source is being polled."""
        return source in self._polls

    @property
    def tasks(self) -> Collection[asyncio.Task[bool]]:
        """A task a poll."""
        return self._polls.values()

    def begin(self, source: str, tasks: asyncio.TaskGroup) -> asyncio.Task[bool]:
        """Poll it, which is not being polled."""
        definition = self._definitions[source]
        self._polls[source] = task = tasks.create_task(self._poll(definition))
        self._fetching.add(source)
        # Not in the task itself: one that is cut before its first step never takes it.
        task.add_done_callback(partial(self._ended, definition))
        return task

    def cut(self, source: str) -> None:
        """End its request, if one is under way or about to be."""
        if source in self._fetching:
            self._polls[source].cancel()

    def cut_all(self) -> None:
        """End the requests that are under way or about to be."""
        for source in self._fetching:
            self._polls[source].cancel()

    def take_up(self, owned: Owned) -> None:
        """Drop what may not be decided under this ownership, and ask no source that was found not to be polled."""
        for source in self._fetching:
            if not self.is_polled(source, owned.memory):
                self.cut(source)
        for source, asked in list(self._lawful.items()):
            if not lawful(owned.memory.head(source), asked, self._run.token):
                log.info("feed.dropped", source=source, hint="another worker has polled it meanwhile")
                del self._lawful[source]

    def is_polled(self, source: str, memory: ShardMemory) -> bool:
        """Whether it is to be polled at all."""
        return source in self._definitions and source not in memory.refused and not memory.paused(source)

    async def _poll(self, definition: Definition) -> bool:
        """See `_settle`."""
        polled, asked_by = await self._polled(definition)
        return await self._settle(definition, polled, asked_by)

    def _ended(self, definition: Definition, task: asyncio.Task[bool]) -> None:
        source = definition.id
        settled = not task.cancelled() and task.exception() is None and task.result()
        again_at = self._next(definition) if settled else wall_clock()
        del self._polls[source]
        self._free(definition)
        self._lawful.pop(source, None)
        # What it was refused by tells nothing of what it will say next time.
        self._ownership.search.done(source)
        owned = self._ownership.last
        if owned is not None and (head := owned.memory.head(source)) is not None and head.polls_asked:
            again_at = wall_clock()
        if again_at is not None and owned is not None and self.is_polled(source, owned.memory):
            self._agenda.put(source, on_running_clock(again_at))
        self._agenda.wake()

    async def _polled(self, definition: Definition) -> tuple[Polled, Collection[str]]:
        """What it came to; and the commands that it answers, as they had asked for it before it began."""
        asked_by: Collection[str] = ()
        # Until it is read: who serves large documents makes others wait, not memory grow.
        async with AsyncExitStack() as room:
            try:
                memory = (await self._ownership.certain()).memory
                self._lawful[definition.id] = asked = memory.asked(definition.id)
                head = memory.head(definition.id)
                asked_by = head.polls_asked if head else ()
                answer = await ask(self._run.tools, definition, asked, room)
                self._free(definition)
                return await understand(self._run.tools, definition, asked, answer), asked_by
            except WorkerError:
                raise
            except Exception as error:  # noqa: BLE001 (a defect of ours, which may be met again and again)
                return self._broken(definition, error), asked_by
            finally:
                self._free(definition)

    def _free(self, definition: Definition) -> None:
        if definition.id in self._fetching:
            self._fetching.discard(definition.id)
            self._agenda.free(definition.site)

    def _broken(self, definition: Definition, error: Exception) -> Polled:
        before = self._run.totals.faults.get(definition.id)
        return failed(definition, fault_of(error, definition.id, before), wall_clock())

    async def _settle(self, definition: Definition, polled: Polled, asked_by: Collection[str]) -> bool:
        """Decide and commit, under one ownership or the next. False: it is to be polled anew."""

        def decide(memory: ShardMemory, search: Search) -> Iterable[Part] | None:
            if not self._stands(definition, memory):
                return None
            parts = iter(polled.decide(memory, search))
            return answered(parts, definition, memory, asked_by, polled.fault, wall_clock())

        while True:
            owned = await self._ownership.present()
            try:
                told = await owned.settle(decide, self._ownership.search)
            except ClockRefused:
                await self._refused()  # nobody is asked anew before the clock is right
                return False
            except BrokerError:
                continue
            except Defect as error:
                before, polled = polled.fault, self._broken(definition, error)
                if before is None or before.kind is not FaultKind.INTERNAL:
                    continue
                told = Counter[str]()  # not even that can be remembered
            if told is not None:
                say(self._run.totals, definition, polled, told)
            return told is not None

    def _stands(self, definition: Definition, memory: ShardMemory) -> bool:
        """Whether what was polled may be decided: its source is there, at the same URL, and nobody else has polled it."""
        there = self.is_polled(definition.id, memory) and self._definitions[definition.id].url == definition.url
        return there and definition.id in self._lawful

    def _next(self, definition: Definition) -> int | None:
        owned = self._ownership.last
        if self._run.once or owned is None:
            return None
        if self._definitions.get(definition.id, definition) != definition:
            return wall_clock()
        head = owned.memory.head(definition.id)
        return schedule.next_due(definition, head, wall_clock()) if head else None
