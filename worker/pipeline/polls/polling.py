"""A shard's sources: each polled when it is due, all of them decided and committed by its owner, owned anew after any fault.

The one decision: what was fetched and read outlives a fault. It is decided again under the next ownership as long as its head
is the one it was fetched under, or was written by this process; else it is dropped, and the source polled anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from contextlib import AsyncExitStack

import structlog

from worker.broker.port import Shard
from worker.core import schedule
from worker.core.feeds import Asked, ShardMemory, answered
from worker.errors import BrokerError, ClockRefused
from worker.model import Definition, Part
from worker.pipeline.clocks import on_running_clock, running_clock, wall_clock
from worker.pipeline.polls.agenda import Agenda
from worker.pipeline.polls.inbox import Inbox
from worker.pipeline.polls.owned import Owned
from worker.pipeline.polls.ownership import Ownership
from worker.pipeline.polls.poll import Polled, ask, due_once, lawful, say, understand
from worker.pipeline.polls.removals import Removals
from worker.pipeline.polls.reporting import Reporting
from worker.pipeline.polls.run import Run
from worker.pipeline.polls.streams import Streams
from worker.pipeline.search import Search

log = structlog.get_logger()


class FeedShard:
    """One shard of the sources, as long as the worker runs."""

    def __init__(
        self,
        shard: Shard,
        run: Run,
        ours: Callable[[], Awaitable[None]],
        confirmed: Callable[[], Awaitable[None]],
        quiet_seconds: float,
    ) -> None:
        """`ours`, `confirmed`: see `Ownership`. `quiet_seconds`: no request within them."""
        self._run = run
        self._ownership = Ownership(shard, run, ours, confirmed)
        self._agenda = Agenda()
        self.inbox = Inbox(shard, run, self._ownership, self._answered, self._agenda.wake)
        self._reporting = Reporting(shard, run, self._ownership, self._look)
        self._ours = ours
        self._quiet_seconds = quiet_seconds
        self._definitions: dict[str, Definition] = {}
        self._removals = Removals(self._definitions, self._ownership, self._agenda.wake)
        self._streams = Streams(self._definitions, run, self._ownership, self._agenda.wake)
        self._polls: dict[str, asyncio.Task[None]] = {}  # by source: under way, from the request to the commit
        self._fetching: set[str] = set()  # of these, whose answer is not there yet
        self._lawful: dict[str, Asked] = {}  # likewise, those that may still be decided

    def define(self, definition: Definition) -> None:
        """A source is there, or is defined otherwise than before."""
        before = self._definitions.get(definition.id)
        self._definitions[definition.id] = definition
        self._removals.spared.discard(definition.id)
        owned = self._ownership.last
        if owned is None or definition == before:
            return
        owned.memory.define(definition)
        if definition.id in owned.memory.refused:
            self._agenda.drop(definition.id)
            self._plan(definition, owned)
        elif definition.kind == "topic":
            self._streams.wake()
        elif before is None or before.url != definition.url:
            self._agenda.put(definition.id, running_clock())
        elif definition.id in self._agenda:
            self._plan(definition, owned)

    def spare(self, source: str, why: str) -> None:
        """A source is defined in a way that can't be understood: it is not polled, and not taken for removed either."""
        self._removals.spared.add(source)
        self._run.totals.left[source] = why

    def undefine(self, source: str) -> None:
        """A source is no more."""
        self._definitions.pop(source, None)
        self._removals.spared.discard(source)
        self._agenda.drop(source)
        if source in self._fetching:
            self._polls[source].cancel()
        self._streams.wake()
        if self._ownership.last is not None:
            self._ownership.last.memory.undefine(source)
            self._removals.look()
            self._agenda.wake()

    def cut(self) -> None:
        """End the requests under way, which are due again: the shard may soon be another worker's."""
        for source in self._fetching:
            self._polls[source].cancel()

    async def work(self, first: Owned) -> None:
        """Poll until `stop` is set, or, once, until every source had its turn. BrokerError: patience is over."""
        async with asyncio.TaskGroup() as tasks:
            keeping = tasks.create_task(self._ownership.keep(first, self._take_up))
            starting = tasks.create_task(self._start_polls(tasks))
            stopping = tasks.create_task(self._run.stop.wait())
            reporting = tasks.create_task(self._reporting.go_on())
            answering = tasks.create_task(self.inbox.go_on())
            streaming = tasks.create_task(self._streams.go_on(tasks))
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            starting.cancel()
            streaming.cancel()
            self.cut()
            if under_way := {*self._polls.values(), *self._removals.tasks, *self._streams.tasks}:
                await asyncio.wait(under_way, timeout=self._run.grace)
            await self._reporting.say_last()
            for task in (*under_way, answering, keeping, stopping, reporting):
                task.cancel()

    def _take_up(self, owned: Owned) -> None:
        """Tell memory which sources there are; plan those that are not planned yet.

        Now alone the heads are as others left them: the next decision may write any of them, a sibling's too.
        """
        for source, asked in list(self._lawful.items()):
            if not lawful(owned.memory.head(source), asked, self._run.token):
                log.info("feed.dropped", source=source, hint="another worker has polled it meanwhile")
                del self._lawful[source]
        for definition in self._definitions.values():
            owned.memory.define(definition)
        for definition in self._definitions.values():
            if definition.id not in self._agenda and definition.id not in self._polls:
                self._plan(definition, owned)
        self._removals.look()
        self._agenda.wake()
        self.inbox.ring()

    def _plan(self, definition: Definition, owned: Owned) -> None:
        if why := owned.memory.refused.get(definition.id):
            log.error("source.refused", source=definition.id, reason=why)
            self._run.totals.left[definition.id] = why
            return
        if definition.kind == "topic":
            self._streams.wake()
            return
        head = owned.memory.head(definition.id)
        if head is not None and head.polls_asked and not head.paused:
            due: int | None = wall_clock()
        elif self._run.once:
            due = due_once(definition, head, self._run.totals)
        else:
            due = schedule.first_due(definition, head, owned.owned_at, len(self._definitions))
        if due is not None:
            self._agenda.put(definition.id, on_running_clock(due))

    async def _start_polls(self, tasks: asyncio.TaskGroup) -> None:
        """Begin what is due, as slots allow; once, return when all is done."""
        await asyncio.sleep(self._quiet_seconds)
        while True:
            await self._ours()
            self._removals.begin(await self._ownership.present(), tasks)
            await self._run.slots.acquire()
            given = self._agenda.take(running_clock(), self._site_of)
            if given is not None:
                source, due = given
                self._run.totals.late_seconds.observe(max(0, running_clock() - due) / 1000)
                self._polls[source] = polling = tasks.create_task(self._poll(self._definitions[source]))
                polling.add_done_callback(lambda _: self._run.slots.release())  # also of one that never began
                continue
            self._run.slots.release()
            quiet = self._agenda.idle and self.inbox.idle and self._streams.idle
            if self._run.once and quiet and not self._polls and not self._removals.tasks:
                return
            await self._agenda.wait(running_clock())

    def _answered(self, source: str, now: bool) -> None:  # noqa: FBT001 (as the inbox calls it)
        """A command to the source is through: it may be paused, or back. `now`: it is to be polled at once."""
        owned, definition = self._ownership.last, self._definitions.get(source)
        if owned is None or definition is None:
            return
        if definition.kind == "topic":
            self._streams.wake()
        elif owned.memory.paused(source):
            self._agenda.drop(source)
            if source in self._fetching:
                self._polls[source].cancel()
        elif source in self._polls:
            pass  # once it is through, it is seen whether it is to be polled once more
        elif now:
            self._agenda.put(source, running_clock())
        elif source not in self._agenda:
            self._plan(definition, owned)
        self._agenda.wake()

    def _site_of(self, source: str) -> str | None:
        owned = self._ownership.last
        polled = owned is not None and source not in self._polls and self._is_polled(source, owned.memory)
        return self._definitions[source].site if polled else None

    async def _poll(self, definition: Definition) -> None:
        """Ask, read, decide, commit; then it is known when the source is due again."""
        source = definition.id
        again_at: int | None = wall_clock()  # should it be cut short
        try:
            polled, asked_by = await self._polled(definition)
            settled = await self._settle(definition, polled, asked_by)
            again_at = self._next(definition) if settled else wall_clock()
        finally:
            del self._polls[source]
            self._lawful.pop(source, None)
            # What it was refused by tells nothing of what it will say next time.
            self._ownership.search.done(source)
            owned = self._ownership.last
            if owned is not None and (head := owned.memory.head(source)) is not None and head.polls_asked:
                again_at = wall_clock()
            if again_at is not None and owned is not None and self._is_polled(source, owned.memory):
                self._agenda.put(source, on_running_clock(again_at))
            self._agenda.wake()

    async def _polled(self, definition: Definition) -> tuple[Polled, Collection[str]]:
        """What it came to; and the commands that it answers, as they had asked for it before it began."""
        # Until it is read: who serves large documents makes others wait, not memory grow.
        async with AsyncExitStack() as room:
            self._fetching.add(definition.id)
            try:
                memory = (await self._certain()).memory
                self._lawful[definition.id] = asked = memory.asked(definition.id)
                head = memory.head(definition.id)
                asked_by = head.polls_asked if head else ()
                answer = await ask(self._run.tools, definition, asked, room)
            finally:
                self._fetching.discard(definition.id)
                self._agenda.free(definition.site)
            return await understand(self._run.tools, definition, asked, answer), asked_by

    async def _certain(self) -> Owned:
        """The ownership, of a shard that is surely ours: a worker that was frozen finds out here that it is not."""
        owned = await self._ownership.present()
        while True:
            await self._ours()
            before, owned = owned, await self._ownership.present()
            if owned is before:
                return owned

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
                await self._reporting.say()  # which is refused likewise: nobody is asked anew before the clock is right
                return False
            except BrokerError:
                continue
            if told is not None:
                say(self._run.totals, definition, polled, told)
            return told is not None

    def _stands(self, definition: Definition, memory: ShardMemory) -> bool:
        """Whether what was polled may be decided: its source is there, at the same URL, and nobody else has polled it."""
        there = self._is_polled(definition.id, memory) and self._definitions[definition.id].url == definition.url
        return there and definition.id in self._lawful

    def _is_polled(self, source: str, memory: ShardMemory) -> bool:
        return source in self._definitions and source not in memory.refused and not memory.paused(source)

    def _look(self) -> tuple[Collection[str], int, int]:
        due, late = self._agenda.late(running_clock())
        return self._definitions.keys(), due + len(self._polls), late

    def _next(self, definition: Definition) -> int | None:
        owned = self._ownership.last
        if self._run.once or owned is None:
            return None
        if self._definitions.get(definition.id, definition) != definition:
            return wall_clock()
        head = owned.memory.head(definition.id)
        return schedule.next_due(definition, head, wall_clock()) if head else None
