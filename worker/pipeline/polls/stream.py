"""One upstream topic, consumed as long as its shard is owned: taken ahead, read in processes, decided and published in its order.

The one decision: all that was taken and not yet committed belongs to one ownership. When that is over it is dropped, and the next
one begins at the positions that it has restored.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

from worker.core.feeds import MOST_RECORDS, ShardMemory, Where, consumed, faulted, placed, positions, recovered
from worker.core.upstream import documents
from worker.errors import BrokerError, Defect
from worker.model import Definition, Document, Fault, FaultKind, Part, Reading
from worker.pipeline.clocks import wall_clock
from worker.pipeline.polls.defects import fault_of
from worker.pipeline.polls.owned import Owned
from worker.pipeline.polls.ownership import Ownership
from worker.pipeline.polls.run import Run
from worker.pipeline.search import Search
from worker.pipeline.stopping import Stopped, unless
from worker.sources.topic import Own, Taken, TopicFault, TopicReader, consuming, options_of

log = structlog.get_logger()

_AHEAD: Final = 2  # takings read ahead of what is being decided, besides one a process
_FIRST_PAUSE: Final = 1.0  # seconds after a fault; doubled with each that follows, with jitter
_LONGEST_PAUSE: Final = 300.0
_LONGEST_EXPONENT: Final = 10


@dataclass(frozen=True, slots=True)
class _Ahead:
    """What was taken, while it is being read: how many documents each of it is, and their readings."""

    taken: Sequence[Taken]
    counts: Sequence[int]
    readings: asyncio.Task[list[list[Reading]]]


class Stream:
    """See above. `through`: it was read as far as it was to be, or as it could be once."""

    def __init__(self, definition: Definition, run: Run, ownership: Ownership) -> None:
        self.definition = definition
        self.through = False
        self._run = run
        self._ownership = ownership
        self._undecided = 0  # records that were taken
        self._any = False  # something was taken
        self._faults = 0  # in a row
        self._defects = 0  # in all: of what it holds elsewhere more may be decided meanwhile
        self._defect: Fault | None = None  # as it was last met
        self._well = False  # it has answered since it was opened
        self._unproven = False  # what failed before is a defect of ours: that it answers doesn't mend it
        self._handed = asyncio.Event()

    async def go_on(self) -> None:
        """Consume until `stop` is set or there is nothing of it to decide; once, until `through`."""
        totals = self._run.totals
        while not self._run.stop.is_set():
            owned = await self._ownership.caught_up()
            if owned is None:
                totals.left.setdefault(
                    self.definition.id, "a command to its shard can't be carried out, and may be about it"
                )
                self.through = True
                return
            try:
                if not await self._consume(owned):
                    continue
            except TopicFault as error:
                if await self._again(error.fault):
                    continue
            except Exception as error:  # noqa: BLE001 (a defect of ours, which would be met again by each next owner)
                self._defects += 1
                self._defect = fault_of(error, self.definition.id, self._defect)
                if await self._again(self._defect):
                    continue
            else:
                if self.through:
                    totals.polls["read" if self._any else "same"] += 1
            totals.asked.add(self.definition.id)
            return

    async def _again(self, fault: Fault) -> bool:
        """Whether it is to be opened again after that fault, which is said, and waited for."""
        await self._failed(fault)
        self.through = self._run.once
        if not self.through:
            await self._pause()
        return not self.through

    async def _consume(self, owned: Owned) -> bool:
        """Consume under one ownership; whether that is all. TopicFault: it can't be read just now."""
        tools = self._run.tools
        self._undecided, self._well = 0, False
        own = Own(tools.own_cluster, self._run.broker.is_own)
        async with AsyncExitStack() as opened:
            try:
                opening = consuming(options_of(self.definition, tools.secrets, own))
                topic = await unless(self._run.stop, opened.enter_async_context(opening))
                self._opened(owned, topic)
                await unless(self._run.stop, topic.begin(await self._positions(owned, topic)))
                if self._run.once:
                    await unless(self._run.stop, topic.end_here())
                return await self._flow(owned, topic)
            except (BrokerError, Stopped):
                return False
            except ExceptionGroup as group:
                defects = (one for one in group.exceptions if isinstance(one, Defect))
                first = next(defects, group.exceptions[0])  # which cancels the others, or has them undone
                if isinstance(first, BrokerError):
                    return False
                raise first from first.__cause__

    def _opened(self, owned: Owned, topic: TopicReader) -> None:
        """Say so, and whether it is the topic that it was."""
        source, head = self.definition.id, owned.memory.head(self.definition.id)
        fault = head.fault if head is not None else None
        self._unproven = fault is not None and fault.kind is FaultKind.INTERNAL
        if head is not None and head.positions_in not in (None, topic.identity):
            log.warning("topic.another", source=source, before=head.positions_in, now=topic.identity)
        elif head is not None and fault is not None and fault.kind is FaultKind.MISSING and head.positions:
            hint = "if it was deleted and made anew, what it holds before the positions is not read: docs/upstream.md"
            log.warning("topic.there_again", source=source, positions=head.positions, hint=hint)
        log.info("topic.opened", source=source, topic=topic.identity)

    async def _positions(self, owned: Owned, topic: TopicReader) -> Mapping[int, int]:
        """Where it is to go on: of one whose positions were given up as they couldn't be read, at its end."""
        head = owned.memory.head(self.definition.id)
        if head is None or not head.repaired:
            return positions(head, topic.identity)
        ends = await unless(self._run.stop, topic.last())
        await self._settle(owned, lambda memory: placed(self.definition, topic.identity, memory, ends, wall_clock()))
        return ends

    async def _flow(self, owned: Owned, topic: TopicReader) -> bool:
        """Whether it came to its end before the ownership did. What was decided by then is committed."""
        ahead: asyncio.Queue[_Ahead | None] = asyncio.Queue(maxsize=self._run.tools.pool.jobs + _AHEAD)
        reading: set[asyncio.Task[list[list[Reading]]]] = set()
        async with asyncio.TaskGroup() as tasks:
            taking = tasks.create_task(self._take(owned, topic, ahead, tasks, reading))
            deciding = tasks.create_task(self._decide(owned, topic, ahead))
            losing = tasks.create_task(_until_lost(owned))
            committing = tasks.create_task(self._commit(owned))
            stopping = tasks.create_task(self._run.stop.wait())
            await asyncio.wait({deciding, losing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            for task in (taking, deciding, losing, committing, stopping, *reading):
                task.cancel()
        if owned.lost.done():
            return False
        await owned.flush()
        self.through = deciding.done() and not deciding.cancelled() and deciding.result()
        return True

    async def _take(
        self,
        owned: Owned,
        topic: TopicReader,
        ahead: asyncio.Queue[_Ahead | None],
        tasks: asyncio.TaskGroup,
        reading: set[asyncio.Task[list[list[Reading]]]],
    ) -> None:
        """Take ahead and hand over to the readers, in order. `reading`: what they have not given back yet."""
        while not await topic.ended():
            taken = await topic.take()
            if taken:
                found = [documents(self.definition, one.partition, one.records, wall_clock()) for one in taken]
                task = tasks.create_task(self._read([one for some in found for one in some]))
                reading.add(task)
                task.add_done_callback(reading.discard)
                self._undecided += sum(len(one.records) for one in taken)
                await ahead.put(_Ahead(taken, [len(some) for some in found], task))
            self._run.totals.behind[self.definition.id] = behind = await topic.behind() + self._undecided
            if not self._well and topic.answers and not (self._unproven and (taken or behind)):
                await self._recovered(owned)
        await ahead.put(None)

    async def _read(self, found: Sequence[Document]) -> list[list[Reading]]:
        tools = self._run.tools
        return await tools.pool.read(found, tools.record_bytes) if found else []

    async def _decide(self, owned: Owned, topic: TopicReader, ahead: asyncio.Queue[_Ahead | None]) -> bool:
        """Decide and publish in order; whether that was all. False: it is not to be consumed any more."""
        while (entry := await ahead.get()) is not None:
            left = iter(await entry.readings)
            for taken, count in zip(entry.taken, entry.counts, strict=True):
                readings = [reading for _ in range(count) for reading in next(left)]
                where = Where(self.definition, topic.identity, taken.partition)
                parts = partial(self._parts, where, taken, readings)
                if await owned.hand_over(parts, self._ownership.search) is None:
                    return False
                self._any = True
                self._undecided -= len(taken.records)
                self._run.totals.lost += taken.lost
                self._handed.set()
        return True

    def _parts(
        self, where: Where, taken: Taken, readings: Sequence[Reading], memory: ShardMemory, search: Search
    ) -> Iterable[Part] | None:
        return self._decided(where, taken, readings, memory, search) if self._stands(memory) else None

    @staticmethod
    def _decided(
        where: Where, taken: Taken, readings: Sequence[Reading], memory: ShardMemory, search: Search
    ) -> Iterator[Part]:
        if not readings:
            found = {where.partition: taken.end}
            yield from placed(where.definition, where.topic, memory, found, wall_clock())
        for reading in readings:
            refused = search.which(where.name)
            most = search.most or MOST_RECORDS
            yield from consumed(reading, where, memory, wall_clock(), refused=refused, most=most)

    def _stands(self, memory: ShardMemory) -> bool:
        """Whether it is still to be consumed: what comes after something that was dropped must be dropped, too."""
        source = self.definition.id
        if source not in memory.sources() or source in memory.refused or memory.paused(source):
            return False
        return memory.held(source).definition is not None

    async def _commit(self, owned: Owned) -> None:
        """Wait for what was handed over, so that it is heard of a fault though nothing more comes."""
        while True:
            await self._handed.wait()
            self._handed.clear()
            await owned.flush()
            if self._unproven:
                self._unproven = False
                await self._recovered(owned)

    async def _recovered(self, owned: Owned) -> None:
        await self._settle(owned, lambda memory: recovered(self.definition, memory, wall_clock()))
        self._well, self._faults = True, 0
        self._run.totals.faults.pop(self.definition.id, None)

    async def _failed(self, fault: Fault) -> None:
        """Say it, and remember it, under one ownership or the next."""
        source, totals = self.definition.id, self._run.totals
        self._faults += 1
        totals.polls["fault"] += 1
        totals.poll_faults[fault.kind] += 1
        totals.faults[source] = fault
        log.warning("topic.fault", source=source, kind=fault.kind, reason=fault.message)
        while True:
            owned = await self._ownership.present()
            with suppress(BrokerError):
                try:
                    await self._settle(owned, lambda memory: faulted(self.definition, memory, fault, wall_clock()))
                except Defect as error:
                    self._defect = fault_of(error, source, self._defect)  # not even that can be remembered
                return

    async def _settle(self, owned: Owned, decide: Callable[[ShardMemory], Iterable[Part]]) -> None:
        def if_due(memory: ShardMemory, _search: Search) -> Iterable[Part] | None:
            return decide(memory) if self._stands(memory) else None

        await owned.settle(if_due, self._ownership.search)

    async def _pause(self) -> None:
        pause = min(_FIRST_PAUSE * 2 ** min(max(self._faults, self._defects) - 1, _LONGEST_EXPONENT), _LONGEST_PAUSE)
        with suppress(TimeoutError):
            async with asyncio.timeout(pause * random.uniform(0.5, 1.0)):  # noqa: S311 (a pause, no secret)
                await self._run.stop.wait()


async def _until_lost(owned: Owned) -> None:
    await asyncio.wait({owned.lost})
