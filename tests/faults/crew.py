"""Several workers that share a place's feeds, each a process: started, killed, frozen and stopped, and what was seen of them.

Each names itself in its requests (`contact`), so that the feed server's log tells who was where when.
"""

import asyncio
import signal
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field

from faults.polled import Polled
from faults.running import stopped
from feeds.feed import Plan
from feeds.server import Asked

from worker.errors import BrokerAway

PARTITIONS = 6
SESSION = 4.0  # seconds
HANGS = 90  # seconds after which what is waited for is taken never to come
LONG = 3600  # seconds that a crew may work
SLOW = 0.05  # seconds an answer takes, so that two at once are seen
SITES, EACH, ENTRIES = 6, 3, 10


def restless(sites: int = SITES, each: int = EACH, **named) -> list[Plan]:
    """Feeds that go on by themselves whenever they were taken in, several a site."""
    kinds = [("rss", "both", 0.2), ("atom", "etag", 0.0), ("json", "both", 0.0), ("rss", "modified", 0.0)]
    plans = []
    for number in range(sites * each):
        shape, by, back = kinds[number % len(kinds)]
        address = f"127.0.7.{1 + number % sites}"
        chosen = {"entries": ENTRIES, "size": 200, "moves": 10**6, "slow": SLOW, "reverts": back, **named}
        plans.append(Plan(f"f{number}", address, shape, by, seed=number, **chosen))
    return plans


@dataclass(eq=False)
class Worker:
    """One of the crew."""

    name: str
    process: asyncio.subprocess.Process
    said: list[str] = field(default_factory=list)
    hit: list[float] = field(default_factory=list)  # when it was killed or frozen, by the machine's monotonic clock
    more: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def listen(self) -> None:
        while line := await self.process.stderr.readline():
            async with self.more:
                self.said.append(line.decode())
                self.more.notify_all()

    async def says(self, text: str, times: int = 1, since: int = 0) -> None:
        """Wait until it has said this so many times, after the line of that number."""
        try:
            async with asyncio.timeout(HANGS), self.more:
                await self.more.wait_for(lambda: sum(text in line for line in self.said[since:]) >= times)
        except TimeoutError:
            raise AssertionError(f"{self.name} never said {text!r}, but:\n{''.join(self.said[-50:])}") from None

    async def has_shards(self, since: int = 0) -> None:
        """Wait until it has been given some, or others, after the line of that number."""
        await self.says('"shards.assigned"', since=since)

    def times(self, text: str) -> int:
        return sum(text in line for line in self.said)

    def freeze(self) -> None:
        self.hit.append(time.monotonic())
        self.process.send_signal(signal.SIGSTOP)

    async def frozen_by_itself(self) -> None:
        await stopped(self.process)
        self.hit.append(time.monotonic())

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    async def kill(self) -> None:
        self.hit.append(time.monotonic())
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> None:
        self.process.terminate()
        async with asyncio.timeout(HANGS):
            code = await self.process.wait()
        # One that has not yet come to hear signals ends as any program does.
        assert code == 0 or (code == -signal.SIGTERM and not self.said), "".join(self.said[-50:])


class Crew:
    """The workers that there are, and were."""

    def __init__(self, polled: Polled, stack: AsyncExitStack, settings) -> None:
        self.polled = polled
        self._stack = stack
        self._settings = settings
        self.all: list[Worker] = []
        self.hangs: float = HANGS

    @property
    def alive(self) -> list[Worker]:
        return [worker for worker in self.all if worker.process.returncode is None]

    async def start(self, **named) -> Worker:
        name = f"worker-{len(self.all) + 1}"
        settings = {"contact": name, "kafka_session_timeout_s": SESSION, **self._settings, **named}
        process = await self._stack.enter_async_context(self.polled.running("--jobs", "1", **settings))
        worker = Worker(name, process)
        listening = asyncio.create_task(worker.listen())
        self._stack.callback(listening.cancel)
        self.all.append(worker)
        return worker

    async def events(self, more: int) -> None:
        """Wait for so many events more."""
        try:
            async with asyncio.timeout(self.hangs):
                while True:
                    with suppress(BrokerAway):  # one of three is, and was asked first
                        return await self.polled.place.events(more)
        except TimeoutError:
            raise AssertionError("".join(line for one in self.all for line in one.said[-30:])) from None

    async def at_rest(self) -> None:
        """Wait until every feed's document is proven to have been taken in."""
        self.polled.server.rest()
        try:
            async with asyncio.timeout(self.hangs):
                while self.polled.server.restless:  # noqa: ASYNC110 (a process of its own, with no event to wait for)
                    await asyncio.sleep(0.1)
        except TimeoutError:
            said = "".join(line for one in self.all for line in one.said[-40:])
            raise AssertionError(f"not taken in: {self.polled.server.restless}\n{said}") from None

    async def end(self) -> None:
        """All of them stop, one after another."""
        for worker in self.alive:
            await worker.stop()

    async def proven(self, *, before=()) -> None:
        """At rest, stopped, and nothing amiss."""
        await self.at_rest()
        await self.end()
        verdict = await self.polled.judged(before=before)
        assert verdict.clean, verdict
        assert impolite(self.polled.server.requests, self.all) == []
        for worker in self.all:
            assert worker.times("Traceback") == 0, "".join(worker.said)


@asynccontextmanager
async def crew(polled: Polled, workers: int, **settings) -> AsyncIterator[Crew]:
    """So many workers, each with shards; killed when left."""
    async with AsyncExitStack() as stack:
        made = Crew(polled, stack, settings)
        for _ in range(workers):
            await made.start()
        for worker in made.all:
            await worker.has_shards()
        yield made


def impolite(requests: Iterable[Asked], workers: Iterable[Worker]) -> list[tuple[Asked, Asked]]:
    """Requests at one site at a time, but for what was under way when whoever had asked was killed or frozen."""
    hit = {f"(+{worker.name})": worker.hit for worker in workers}
    found = []
    under_way: defaultdict[str, list[Asked]] = defaultdict(list)
    for asked in sorted(requests, key=lambda one: one.begun):
        before = [one for one in under_way[asked.address] if one.ended > asked.begun]
        for one in before:
            by = (one.agent or "").partition(" ")[2]
            if not any(one.begun <= at <= one.ended for at in hit.get(by, ())):
                found.append((one, asked))
        under_way[asked.address] = [*before, asked]
    return found
