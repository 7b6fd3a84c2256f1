"""The upstream topics of a shard: a task consumes each as long as it is to be, another reads again what is to be redriven."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from worker.model import Definition, Head
from worker.pipeline.polls.ownership import Ownership
from worker.pipeline.polls.run import Run

if TYPE_CHECKING:
    from worker.pipeline.polls.redriving import Redriving
    from worker.pipeline.polls.stream import Stream


class Streams:
    """`definitions`: of all the shard's sources, as they are at any time. `changed`: called when one of the topics has ended."""

    def __init__(
        self,
        definitions: Mapping[str, Definition],
        run: Run,
        ownership: Ownership,
        changed: Callable[[], None],
    ) -> None:
        self._definitions = definitions
        self._run = run
        self._ownership = ownership
        self._changed = changed
        self._look = asyncio.Event()
        self._under_way: dict[str, tuple[Stream, asyncio.Task[None]]] = {}
        self._through: dict[str, Definition] = {}
        self._redriving: dict[str, tuple[Redriving, asyncio.Task[None]]] = {}
        self._left: set[str] = set()  # of these nothing is redriven any more, once

    @property
    def tasks(self) -> Collection[asyncio.Task[None]]:
        """Those that are under way."""
        return [task for _, task in (*self._under_way.values(), *self._redriving.values())]

    @property
    def idle(self) -> bool:
        """Whether all were read that are to be read once."""
        idle = not (self._under_way or self._redriving or self._to_redrive())
        return idle and all(self._through.get(one) == of for one, of in self._wanted().items())

    def wake(self) -> None:
        """What is to be consumed may have changed."""
        self._look.set()

    def _wanted(self) -> dict[str, Definition]:
        """The topics that are to be consumed now."""
        return {one.id: one for one, head in self._topics() if head is None or not head.paused}

    def _to_redrive(self) -> dict[str, Definition]:
        """Those of which records are to be consumed again."""
        return {
            one.id: one
            for one, head in self._topics()
            if head is not None and head.redrives and one.id not in self._left
        }

    def _topics(self) -> Iterator[tuple[Definition, Head | None]]:
        if (owned := self._ownership.last) is not None:
            for one in self._definitions.values():
                if one.kind == "topic" and one.id not in owned.memory.refused:
                    yield one, owned.memory.head(one.id)

    async def go_on(self, tasks: asyncio.TaskGroup) -> None:
        """Begin and end them as is wanted, for ever."""
        await self._ownership.present()
        while True:
            wanted, to_redrive = self._wanted(), self._to_redrive()
            await _end_unless(wanted, self._under_way)
            await _end_unless(to_redrive, self._redriving)
            for source, definition in wanted.items():
                if source not in self._under_way and self._through.get(source) != definition:
                    self._begin(definition, tasks)
            for source in to_redrive.keys() - self._redriving.keys():
                self._redrive(to_redrive[source], tasks)
            await self._look.wait()
            self._look.clear()

    def _begin(self, definition: Definition, tasks: asyncio.TaskGroup) -> None:
        from worker.pipeline.polls.stream import Stream  # noqa: PLC0415 (start-up time: few consume topics)

        stream = Stream(definition, self._run, self._ownership)
        task = tasks.create_task(stream.go_on())
        self._under_way[definition.id] = stream, task
        task.add_done_callback(lambda _: self._ended(stream))

    def _redrive(self, definition: Definition, tasks: asyncio.TaskGroup) -> None:
        from worker.pipeline.polls.redriving import Redriving  # noqa: PLC0415 (likewise)

        def ended(_task: asyncio.Task[None]) -> None:
            del self._redriving[definition.id]
            if redriving.left:
                self._left.add(definition.id)
            self._look.set()
            self._changed()

        redriving = Redriving(definition, self._run, self._ownership)
        task = tasks.create_task(redriving.go_on())
        self._redriving[definition.id] = redriving, task
        task.add_done_callback(ended)

    def _ended(self, stream: Stream) -> None:
        source = stream.definition.id
        del self._under_way[source]
        self._run.totals.behind.pop(source, None)
        if stream.through:
            self._through[source] = stream.definition
        self._look.set()
        self._changed()


async def _end_unless(
    wanted: Mapping[str, Definition], under_way: Mapping[str, tuple[Stream | Redriving, asyncio.Task[None]]]
) -> None:
    """End those that are not wanted any more, or not as they were begun."""
    for source, (one, task) in list(under_way.items()):
        if wanted.get(source) != one.definition:
            task.cancel()
            await asyncio.wait({task})
