"""Rejected records of an upstream topic consumed again, as commands ask that wait in its head.

The one decision: a fault of the topic is an answer, as that of a poll is, and so is a defect of the worker's own. Who asked can ask
again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

import structlog

from worker.core.feeds import ShardMemory
from worker.core.feeds.inbox import State
from worker.core.feeds.redrive_record import document_again, redriven
from worker.errors import BrokerError, Defect
from worker.model import Definition, Part, Reading, Redrive
from worker.pipeline.clocks import wall_clock
from worker.pipeline.polls.defects import fault_of
from worker.pipeline.polls.ownership import Ownership
from worker.pipeline.polls.run import Run
from worker.pipeline.search import Search
from worker.sources.topic import Own, TopicFault, TopicReader, consuming, options_of

log = structlog.get_logger()

_PAUSE: Final = 300.0  # seconds until what can't even be refused is tried again, for which the shard is restored


class Redriving:
    """Of one topic. `left`: some could not even be refused, or not be decided yet, and were to be tried once."""

    def __init__(self, definition: Definition, run: Run, ownership: Ownership) -> None:
        self.definition = definition
        self.left = False
        self._run = run
        self._ownership = ownership

    async def go_on(self) -> None:
        """Until none waits, or `stop` is set."""
        while not self._run.stop.is_set() and (waiting := await self._waiting()):
            try:
                await self._consume(waiting)
            except Defect as error:  # not even that can be remembered
                fault = fault_of(error, self.definition.id, None)
                if self._run.once:
                    self.left = True
                    self._run.totals.left[self.definition.id] = fault.message
                    return
                self._run.totals.faults[self.definition.id] = fault
                with suppress(TimeoutError):
                    async with asyncio.timeout(_PAUSE):
                        await self._run.stop.wait()

    async def _consume(self, waiting: Sequence[Redrive]) -> None:
        """All that waits, each answered. Defect: one can't be answered."""
        try:
            tools = self._run.tools
            own = Own(tools.own_cluster, self._run.broker.is_own)
            async with consuming(options_of(self.definition, tools.secrets, own)) as topic:
                for wanted in waiting:
                    await self._settle(wanted, await self._read(wanted, topic))
        except TopicFault as error:
            await self._refuse(f"{error.fault.kind}: {error.fault.message}")
        except Defect:
            raise
        except Exception as error:  # noqa: BLE001 (a defect of ours, which would be met again by each next owner)
            await self._refuse(_failed(error, self.definition.id))

    async def _refuse(self, why: str) -> None:
        for wanted in await self._waiting():
            await self._settle(wanted, why)

    async def _waiting(self) -> tuple[Redrive, ...]:
        owned = await self._ownership.caught_up()
        self.left = owned is None
        head = owned.memory.head(self.definition.id) if owned is not None else None
        return head.redrives if head is not None else ()

    async def _read(self, wanted: Redrive, topic: TopicReader) -> Reading | str:
        """What the record says; or why it can't be read. TopicFault: nothing of the topic can be, just now."""
        try:
            record = await topic.at(wanted.partition, wanted.offset)
            document = document_again(wanted, record, self.definition, wall_clock())
            if isinstance(document, str):
                return document
            (readings,) = await self._run.tools.pool.read([document], self._run.tools.record_bytes)
        except TopicFault:
            raise
        except Exception as error:  # noqa: BLE001 (likewise)
            return _failed(error, self.definition.id)
        return readings[0]

    async def _settle(self, wanted: Redrive, found: Reading | str) -> None:
        """Decide and commit it, under one ownership or the next. Defect: not even that it is refused can be stored."""
        search = self._ownership.search

        def decide(memory: ShardMemory, search: Search) -> Iterator[Part] | None:
            head = memory.head(self.definition.id)
            return self._decided(wanted, found, memory, search) if head and wanted in head.redrives else None

        while True:
            owned = await self._ownership.caught_up()
            if owned is None:
                return
            try:
                await owned.settle(decide, search)
                break
            except BrokerError:
                continue
            except Defect as error:
                if isinstance(found, str):
                    raise
                found = _failed(error, self.definition.id)
        search.done(wanted.command)

    def _decided(self, wanted: Redrive, found: Reading | str, memory: ShardMemory, search: Search) -> Iterator[Part]:
        if isinstance(found, str):
            state, message, part = State.REFUSED, found, None
        else:
            refused = search.which(wanted.command)
            state, message, part = redriven(wanted, found, self.definition, memory, refused)
        memory.redrive_is_through(memory.held(self.definition.id), wanted, state, message, wall_clock())
        log.info("command.answered", command="redrive", source=self.definition.id, id=wanted.command, state=state)
        yield replace(part, source=wanted.command) if part else Part(self.definition.id, ())


def _failed(error: Exception, source: str) -> str:
    return fault_of(error, source, None).message
