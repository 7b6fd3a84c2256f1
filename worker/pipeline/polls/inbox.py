"""A shard's inbox: what others ask of its owner, carried out one after another, each in a transaction that moves the position on.

The one decision: who hears of a command is not who remembers how far they are read. A bell rings for all shards of the worker; each
goes on from the position in its own memory, so a bell that was missed, or rings twice, does no harm.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from typing import Final

import structlog

from worker.broker.port import Shard, Span, Start, Stored
from worker.core.feeds import ShardMemory
from worker.core.feeds.commands import Answer, Asked, carried_out, to_read
from worker.core.feeds.inbox import Command, Outcome, State, loaded_command
from worker.errors import BrokerAway, BrokerError, Defect
from worker.model import Part, Reading, Topic
from worker.pipeline.clocks import wall_clock
from worker.pipeline.patience import Patience
from worker.pipeline.polls.defects import sentence
from worker.pipeline.polls.ownership import Ownership
from worker.pipeline.polls.run import Run, until_there
from worker.pipeline.search import Search

log = structlog.get_logger()

_PAUSE: Final = 300.0  # seconds until what can't even be refused is tried again, for which the shard is restored


async def listen(run: Run, inbox_of: Callable[[int], Inbox | None]) -> None:
    """Ring for the shards of this worker whenever something comes, for ever. `inbox_of`: of a partition, if it is this worker's.

    From the start, as nobody can say when listening for what is new has begun; what is known by its position is passed over.
    """

    async def heard() -> None:
        async with aclosing(run.broker.read(Topic.INBOX, follow=True)) as records:
            async for record in records:
                if (inbox := inbox_of(record.partition)) is not None:
                    inbox.ring(record)

    await until_there(run, heard)


class Inbox:
    """Of one shard. `answered`: called when a command to a source is committed, with whether it is to be polled at once.

    `idle_again`: called when all that was heard of is through.
    """

    def __init__(
        self,
        shard: Shard,
        run: Run,
        ownership: Ownership,
        answered: Callable[[str, bool], None],
        idle_again: Callable[[], None],
    ) -> None:
        self._shard = shard
        self._run = run
        self._ownership = ownership
        self._answered = answered
        self._idle_again = idle_again
        self._heard: Stored | None = None  # what rang last, if nothing else did since it was looked
        self._rung = asyncio.Event()
        self._known = 0  # the position, as last seen
        self.idle = True  # nothing is known to be left to do
        self.looked = asyncio.Event()  # what lay there at first is through, as far as that is a matter of moments
        self._left = False  # once: it got stuck, and what there is stays

    def ring(self, heard: Stored | None = None) -> None:
        """There may be something: this command, and what lies before it."""
        if self._left:
            self._end_waiting()
            return
        if heard is not None and heard.offset < self._known:
            return
        self._heard = None if self._rung.is_set() else heard
        self.idle = False
        self._rung.set()

    async def go_on(self) -> None:
        """Carry out what comes, for ever."""
        patience = Patience(self._run.give_up_after, time.monotonic)
        while True:
            await self._rung.wait()
            self._rung.clear()
            try:
                try:
                    await self._catch_up(self._heard)
                finally:
                    self.looked.set()
            except BrokerAway as error:
                self._rung.set()
                # Whoever stops the worker cancels this.
                await patience.wait(error, self._run.totals.commits, asyncio.Event())
                continue
            except Defect:  # what comes after it waits for it: commands are carried out in their order
                self._left = self._run.once
                if not self._left:
                    self._rung.set()
                    await asyncio.sleep(_PAUSE)
                    continue
                self._rung.clear()
                self._end_waiting()
            if not self._rung.is_set():
                self.idle = True
                self._idle_again()

    def _end_waiting(self) -> None:
        """Of whoever waits until it is caught up."""
        owned = self._ownership.last
        if owned is not None and not owned.caught_up.done():
            owned.caught_up.set_result(False)

    async def _catch_up(self, heard: Stored | None) -> None:
        """BrokerAway: the inbox can't be read just now. Defect: of a command not even that it is refused can be stored."""
        owned = await self._ownership.present()
        position = owned.memory.inbox.position
        if heard is not None and heard.offset == position and owned.caught_up.done():
            await self._settle(heard)
            return
        await self._read_on(position)
        if not owned.caught_up.done():
            owned.caught_up.set_result(True)  # should it be lost meanwhile, the next one is rung for anew

    async def _read_on(self, position: int) -> None:
        """Carry out all that lies there by now, from that position on."""
        number = self._partition
        span = (await self._run.broker.describe(Topic.INBOX)).partitions[number]
        if span.end < position:
            position = await self._made_anew(span)
        if span.end <= position:
            self._known = position
            return
        start = Start(offset=max(position, span.start))
        async with aclosing(self._run.broker.read(Topic.INBOX, start, partition=number)) as records:
            async for record in records:
                await self._settle(record)

    async def _made_anew(self, span: Span) -> int:
        """The inbox ends before the position: the topic is another. What lies in it was never carried out; the position then."""
        log.warning("inbox.made_anew", shard=self._shard.name, hint="it is read from its start")

        def decide(memory: ShardMemory, _search: Search) -> list[Part]:
            memory.answer(span.start - 1, None, self._shard.partition_by)
            return [Part("", ())]

        while True:
            owned = await self._ownership.present()
            with suppress(BrokerError):
                await owned.settle(decide, self._ownership.search)
                self._known = span.start
                return span.start

    @property
    def _partition(self) -> int:
        return int(self._shard.partition_by)

    async def _settle(self, record: Stored) -> None:
        """Carry it out, under one ownership or the next. Defect: not even that it is refused can be stored."""
        command = loaded_command(record.key, record.value)
        search, failed, before = self._ownership.search, None, None
        while True:
            owned = await self._ownership.present()
            try:
                reading = None if command is None or failed else await self._read(command, owned.memory)
                decided = _Decided(command, reading, record.offset, self._shard.partition_by, failed, before)
                await owned.settle(decided.decide, search)
                break
            except BrokerError:
                before = decided.answer
                continue
            except Defect as error:
                log.error("command.defect", offset=record.offset, exc_info=error.__cause__)  # noqa: TRY400 (that failed)
                if failed:
                    if self._run.once:
                        self._run.totals.left[command.source if command else self._shard.name] = failed
                    raise
                failed, before = sentence(error), None
        self._known = record.offset + 1
        if command is not None and (answer := decided.answer) is not None:
            search.done(command.id)
            log.info(
                "command.answered",
                command=command.name,
                source=command.source,
                id=command.id,
                by=command.by,
                state=answer.state,
            )
            self._answered(command.source, answer.poll)

    async def _read(self, command: Command, memory: ShardMemory) -> Reading | None:
        try:
            document = to_read(command, memory, wall_clock())
            if document is None:
                return None
            self.looked.set()  # that may take long, and so may what comes after it
            (readings,) = await self._run.tools.pool.read([document], self._run.tools.record_bytes)
            return readings[0]
        except Exception as error:
            raise Defect(str(error)) from error


@dataclass(slots=True)
class _Decided:
    """A record of the inbox on its way; a fault may have it decided again."""

    command: Command | None
    reading: Reading | None
    offset: int
    shard: bytes | int
    failed: str | None  # how the worker failed at it before: it is refused with that
    answer: Answer | None  # what it came to before the fault, which stands if that was committed nevertheless

    def decide(self, memory: ShardMemory, search: Search) -> Iterator[Part] | None:
        """What it comes to; None: it was through before the fault. What is no command, or comes twice, but moves the position."""
        return None if self.offset < memory.inbox.position else self._decided(memory, search)

    def _decided(self, memory: ShardMemory, search: Search) -> Iterator[Part]:
        command, outcome = self.command, None
        self.answer = None
        if command is not None and command.id not in memory.inbox.outcomes:
            now = wall_clock()
            if self.failed:
                self.answer = Answer(State.REFUSED, self.failed)
            else:
                refused = search.which(command.id)
                self.answer = carried_out(Asked(command, memory, now, int(self.shard), self.reading, refused))
            yield from self.answer.before
            outcome = Outcome(command.id, self.answer.state, self.answer.message, now)
        memory.answer(self.offset, outcome, self.shard)
        part = self.answer and self.answer.part
        # By the command's name, as its entry may have the position of one in a document under way.
        yield replace(part, source=command.id) if command and part else Part("", ())
