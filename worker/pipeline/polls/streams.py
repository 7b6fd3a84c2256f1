"""The upstream topics of a shard: each consumed by a task of its own as long as it is to be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from worker.model import Definition
from worker.pipeline.polls.ownership import Ownership
from worker.pipeline.polls.run import Run

if TYPE_CHECKING:
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

    @property
    def tasks(self) -> Collection[asyncio.Task[None]]:
        """Those that are under way."""
        return [task for _, task in self._under_way.values()]

    @property
    def idle(self) -> bool:
        """Whether all were read that are to be read once."""
        return not self._under_way and all(self._through.get(one) == of for one, of in self._wanted().items())

    def wake(self) -> None:
        """What is to be consumed may have changed."""
        self._look.set()

    def _wanted(self) -> dict[str, Definition]:
        """The topics that are to be consumed now."""
        owned = self._ownership.last
        if owned is None:
            return {}
        topics = [one for one in self._definitions.values() if one.kind == "topic"]
        return {one.id: one for one in topics if one.id not in owned.memory.refused and not owned.memory.paused(one.id)}

    async def go_on(self, tasks: asyncio.TaskGroup) -> None:
        """Begin and end them as is wanted, for ever."""
        await self._ownership.present()
        while True:
            wanted = self._wanted()
            for source, (stream, task) in list(self._under_way.items()):
                if wanted.get(source) != stream.definition:
                    task.cancel()
                    await asyncio.wait({task})
            for source, definition in wanted.items():
                if source not in self._under_way and self._through.get(source) != definition:
                    self._begin(definition, tasks)
            await self._look.wait()
            self._look.clear()

    def _begin(self, definition: Definition, tasks: asyncio.TaskGroup) -> None:
        from worker.pipeline.polls.stream import Stream  # noqa: PLC0415 (start-up time: few consume topics)

        stream = Stream(definition, self._run, self._ownership)
        task = tasks.create_task(stream.go_on())
        self._under_way[definition.id] = stream, task
        task.add_done_callback(lambda _: self._ended(stream))

    def _ended(self, stream: Stream) -> None:
        source = stream.definition.id
        del self._under_way[source]
        self._run.totals.behind.pop(source, None)
        if stream.through:
            self._through[source] = stream.definition
        self._look.set()
        self._changed()
