"""Commands put into the inboxes while everything is being killed, each waited for, and what was asked to be forgotten.

Whoever asks tries again for as long as the broker is away: with the same ids, so that nothing is asked twice.
"""

import asyncio
import random
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import TypeVar

import orjson
from faults.running import Place

from worker.broker.port import Broker, Start, Stored
from worker.cli.exits import Exit
from worker.core.feeds import redrive
from worker.core.feeds.inbox import Command, Outcome, State
from worker.errors import BrokerAway, Unsure
from worker.model import Topic
from worker.pipeline.asking import Wanted, outcomes, put
from worker.pipeline.clocks import wall_clock

T = TypeVar("T")
AGAIN = 0.3  # seconds after which a broker that is away is asked again
LOOKED_AT = 40  # records from which one is picked
COMMANDS = {"pause": 4, "poll": 4, "redrive": 3, "forget": 1}  # how likely


async def patiently(do: Callable[[], Awaitable[T]]) -> T:
    """What it comes to once the broker is there for so long."""
    while True:
        with suppress(BrokerAway, Unsure):
            return await do()
        await asyncio.sleep(AGAIN)


@dataclass
class Asking:
    """Who asks. `sites`: by source, feeds and shares of topics; `done`: data sets whose articles may be forgotten."""

    place: Place
    broker: Broker
    sites: dict[str, str]
    done: Callable[[], set[str]]
    chosen: random.Random
    came_to: Counter[tuple[str, str]] = field(default_factory=Counter)  # by command and state
    forgotten: set[str] = field(default_factory=set)  # articleIds
    paused: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)  # sentences
    _forgetting: asyncio.Lock = field(default_factory=asyncio.Lock)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def begin(self, count: int, commands: Mapping[str, int] = COMMANDS) -> None:
        """Ask for so many things at a time; some of what is paused is resumed."""
        for source in sorted(self.paused):
            if self.chosen.random() < 1 / 2:
                self._begin(self._source("resume", source))
        for name in self.chosen.choices(list(commands), list(commands.values()), k=count):
            self._begin(self._one(name))

    async def end(self) -> None:
        """Wait for all of it, and resume what is paused."""
        await self._over()
        for source in sorted(self.paused):
            self._begin(self._source("resume", source))
        await self._over()

    async def poll(self, sources: Iterable[str]) -> None:
        """Ask these now, all at once."""
        for source in sources:
            self._begin(self._source("poll", source))
        await self._over()

    async def _over(self) -> None:
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    def _begin(self, asking: Awaitable[None]) -> None:
        async def run() -> None:
            try:
                await asking
            except Exception as error:  # noqa: BLE001 (told at the end)
                self.wrong.append(repr(error))

        task = asyncio.create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _one(self, name: str) -> None:
        match name:
            case "forget":
                await self._forget()
            case "redrive":
                await self._redrive()
            case _:
                await self._source(name, self.chosen.choice(list(self.sites)))

    async def _source(self, name: str, source: str) -> None:
        state = await self._asked(Command(secrets.token_hex(8), name, source, {}), self.sites[source])
        if state is State.DONE and name == "pause":
            self.paused.add(source)
        elif name == "resume":
            self.paused.discard(source)

    async def _redrive(self) -> None:
        """A rejection of a feed, or of an upstream topic, whose redrive is refused."""
        found = await patiently(lambda: self._picked(Topic.REJECTS))
        headers = [({name: value.decode() for name, value in one.headers}, one) for one in found]
        of_sources = [(said, one) for said, one in headers if said["reject_source_id"] in self.sites]
        if not of_sources:
            return
        said, one = self.chosen.choice(of_sources)
        kept = redrive.kept(said, one.value or b"")
        command = Command(secrets.token_hex(8), "redrive", kept.source, redrive.said(kept))
        await self._asked(command, self.sites[kept.source])

    async def _forget(self) -> None:
        """As a person does, one at a time: each call reads a partition of the articles."""
        async with self._forgetting:
            found = await patiently(lambda: self._picked(Topic.ARTICLES))
            articles = {one.key.decode() for one in found if one.value is not None and self._may_go(one.value)}
            if not articles - self.forgotten:
                return
            article = self.chosen.choice(sorted(articles - self.forgotten))
            code = Exit.BROKER
            while code == Exit.BROKER:  # it went away again
                await patiently(lambda: self.broker.describe(Topic.ARTICLES))
                code, said = await self.place.run("forget", article, "--wait")
            self.came_to["forget", State.DONE if code == Exit.OK else State.REFUSED] += 1
            assert code == Exit.OK, said
            self.forgotten.add(article)

    def _may_go(self, event: bytes) -> bool:
        """Nothing keeps an article of a data set from coming back that is still replayed."""
        source = orjson.loads(event)["source"]["id"]
        return not source.startswith("dataset:") or source.removeprefix("dataset:") in self.done()

    async def _picked(self, topic: Topic) -> list[Stored]:
        """Some records that stand together, anywhere."""
        spans = (await self.broker.describe(topic)).partitions
        partition, span = self.chosen.choice(list(enumerate(spans)))
        start = self.chosen.randint(span.start, max(span.start, span.end - LOOKED_AT))
        found: list[Stored] = []
        async with aclosing(self.broker.read(topic, Start(offset=start), partition=partition)) as records:
            async for record in records:
                found.append(record)
                if len(found) == LOOKED_AT:
                    break
        return found

    async def _asked(self, command: Command, site: str) -> State:
        """What became of it, as it is stored."""
        wanted, shard = [Wanted(command, site)], self.broker.partition_of(Topic.CHECKPOINTS, site.encode())

        async def outcome() -> Outcome:
            async with aclosing(outcomes(self.broker, wanted, {shard: since})) as found:
                return await anext(found)

        # Before it is put for the first time, as put may have to be called again.
        since = (await patiently(lambda: self.broker.describe(Topic.CHECKPOINTS))).partitions[shard].end
        await patiently(lambda: put(self.broker, wanted, wall_clock()))
        came = await patiently(outcome)
        self.came_to[command.name, came.state] += 1
        return came.state
