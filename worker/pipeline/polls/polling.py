"""A shard's sources: each polled when it is due, all of them decided and committed by its owner, owned anew after any fault.

Here is what each part of that is told of the others, and when which source is due; a poll itself is in `under_way.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection

import structlog

from worker.broker.port import Shard
from worker.core import schedule
from worker.errors import BrokerRefused
from worker.model import Definition
from worker.pipeline.clocks import on_running_clock, on_wall_clock, running_clock, wall_clock
from worker.pipeline.polls.agenda import Agenda
from worker.pipeline.polls.inbox import Inbox
from worker.pipeline.polls.owned import Owned
from worker.pipeline.polls.ownership import Ownership
from worker.pipeline.polls.poll import due_once
from worker.pipeline.polls.removals import Removals
from worker.pipeline.polls.reporting import Reporting
from worker.pipeline.polls.run import Run
from worker.pipeline.polls.streams import Streams
from worker.pipeline.polls.under_way import UnderWay

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
        # A report is refused likewise as long as the clock is wrong.
        self._polls = UnderWay(self._definitions, run, self._ownership, self._agenda, self._reporting.say)

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
        self._polls.cut(source)
        self._streams.wake()
        if self._ownership.last is not None:
            self._ownership.last.memory.undefine(source)
            self._removals.look()
            self._agenda.wake()

    def cut(self) -> None:
        """End the requests under way, which are due again: the shard may soon be another worker's."""
        self._polls.cut_all()

    async def work(self, first: Owned) -> BrokerRefused | None:
        """Poll until `stop` is set, or, once, until every source had its turn; or until what is stored can't be read: why.

        BrokerError: patience is over.
        """
        async with asyncio.TaskGroup() as tasks:
            keeping = tasks.create_task(self._ownership.keep(first, self._take_up))
            starting = tasks.create_task(self._start_polls(tasks))
            stopping = tasks.create_task(self._run.stop.wait())
            reporting = tasks.create_task(self._reporting.go_on())
            answering = tasks.create_task(self.inbox.go_on())
            streaming = tasks.create_task(self._streams.go_on(tasks))
            await asyncio.wait({starting, stopping, keeping}, return_when=asyncio.FIRST_COMPLETED)
            refused = keeping.result() if keeping.done() else None
            starting.cancel()
            streaming.cancel()
            self.cut()
            under_way = {*self._polls.tasks, *self._removals.tasks, *self._streams.tasks}
            if refused is None:
                if under_way:
                    await asyncio.wait(under_way, timeout=self._run.grace)
                await self._reporting.say_last()
            for task in (*under_way, answering, keeping, stopping, reporting):
                task.cancel()
        return refused

    def _take_up(self, owned: Owned) -> None:
        """Tell memory which sources there are; plan those that are not planned yet, or were asked for meanwhile.

        Now alone the heads are as others left them: the next decision may write any of them, a sibling's too.
        """
        self._polls.take_up(owned)
        for definition in self._definitions.values():
            owned.memory.define(definition)
        for definition in self._definitions.values():
            head = owned.memory.head(definition.id)
            asked = head is not None and bool(head.polls_asked)
            if (asked or definition.id not in self._agenda) and definition.id not in self._polls:
                self._plan(definition, owned)
        self._removals.look()
        self._agenda.wake()
        self.inbox.ring()

    def _plan(self, definition: Definition, owned: Owned, since: int | None = None) -> None:
        """`since`: see `schedule.first_due`; None: since it is owned."""
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
            since = on_wall_clock(owned.owned_at) if since is None else since
            due = schedule.first_due(definition, head, since, len(self._definitions))
        if due is not None:
            self._agenda.put(definition.id, on_running_clock(due))

    async def _start_polls(self, tasks: asyncio.TaskGroup) -> None:
        """Begin what is due, as slots allow; once, return when all is done."""
        await asyncio.sleep(self._quiet_seconds)
        await self.inbox.looked.wait()  # a source may be to be paused, which nobody carried out before
        while True:
            await self._ours()
            self._removals.begin(await self._ownership.present(), tasks)
            await self._run.slots.acquire()
            given = self._agenda.take(running_clock(), self._site_of)
            if given is not None:
                source, due = given
                self._run.totals.late_seconds.observe(max(0, running_clock() - due) / 1000)
                polling = self._polls.begin(source, tasks)
                polling.add_done_callback(lambda _: self._run.slots.release())  # also of one that never began
                continue
            self._run.slots.release()
            quiet = self._agenda.idle and self.inbox.idle and self._streams.idle
            if self._run.once and quiet and not self._polls.tasks and not self._removals.tasks:
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
            self._polls.cut(source)
        elif source in self._polls:
            pass  # once it is through, it is seen whether it is to be polled once more
        elif now:
            self._agenda.put(source, running_clock())
        elif source not in self._agenda:
            self._plan(definition, owned, wall_clock())
        self._agenda.wake()

    def _site_of(self, source: str) -> str | None:
        owned = self._ownership.last
        polled = owned is not None and source not in self._polls and self._polls.is_polled(source, owned.memory)
        return self._definitions[source].site if polled else None

    def _look(self) -> tuple[Collection[str], int, int]:
        due, late = self._agenda.late(running_clock())
        return self._definitions.keys(), due + len(self._polls.tasks), late
