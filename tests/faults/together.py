"""Everything at once: workers that poll feeds and read an upstream topic, replays, commands, and what kills them meanwhile."""

import asyncio
import math
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from contract.oracle import Verdict
from faults import judging, upstreamed
from faults.asked import Asking, patiently
from faults.crew import SESSION, crew, impolite, restless
from faults.faults import killed
from faults.polled import Polled
from faults.replayed import Replays
from faults.running import Place
from faults.upstreamed import SOURCE, Upstream
from faults.watched import Watch, grown
from feeds.feed import Plan
from feeds.serving import serving
from kafka.cluster import Cluster

from worker.core.sources import topics
from worker.model import Topic

TRANSACTION = 0.05  # seconds, about: so that a kill falls anywhere within one
LONGEST = 3.0  # seconds that a kill waits for events
LOOK = 0.3  # seconds from one look at the ends to the next
BROKEN_EVERY = 1000  # records
TOLD = 20  # times that the upstream topic tells of an article
TRANSACTED = 1000  # records of an upstream transaction
INTERVAL = 2  # seconds from one poll to the next
STATUSES = (500, 503, 404, 429)
OF_AIOKAFKA = "Unexpected exception in AIOKafkaConnection"  # it closes the connection, which is told to whoever uses it


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of everything. `stages`: of replays, let in one after another as the kills go on."""

    events: int
    kills: int
    broker_kills: int
    workers: int = 3
    shares: int = 3
    sites: int = 12
    each: int = 3  # feeds a site
    freeze_every: int = 15  # kills; 0: nobody is frozen
    commands: int = 6  # a kill
    stages: int = 10
    rate: float = 200.0  # articles a second of the replay that has one

    @property
    def replayed(self) -> int:
        return self.events // 2

    @property
    def upstream(self) -> int:
        return self.events - self.replayed


@dataclass
class Done:
    """What was done to them."""

    workers: int = 0
    replays: int = 0
    brokers: int = 0
    frozen: int = 0
    faults: int = 0  # of feeds' servers

    def __str__(self) -> str:
        return (
            f"{self.workers} workers, {self.replays} replays and {self.brokers} brokers killed, "
            f"{self.frozen} workers frozen"
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it all. `wrong`: sentences on all that the verdict has no word for."""

    events: int
    verdict: Verdict
    wrong: list[str]


def feeds(scale: Scale) -> list[Plan]:
    """Feeds that go on by themselves; of each site one is shown under two names, one has entries that are rejected."""
    plans = restless(scale.sites, scale.each, entries=20, pace=2)
    made = []
    for number, plan in enumerate(plans):
        kind = number // scale.sites
        named = {name: getattr(plan, name) for name in Plan.__slots__}
        if kind == 0:
            named |= {"twins": (f"{plan.name}-twin",), "reverts": 0.0, "format": ("rss", "atom")[number % 2]}
        elif kind == 1:
            named |= {"empty_every": 5, "reverts": 0.0, "format": "rss"}
        made.append(Plan(**named))
    return made


@dataclass
class Together:
    """All that runs."""

    scale: Scale
    cluster: Cluster
    polled: Polled
    upstream: Upstream
    watch: Watch
    replays: Replays
    asking: Asking
    chosen: random.Random
    settings: dict[str, object]
    done: Done = field(default_factory=Done)
    failing: set[str] = field(default_factory=set)  # feeds whose servers do
    replaying: asyncio.Task[None] | None = None

    @property
    def place(self) -> Place:
        return self.polled.place

    async def fury(self, seconds: float = math.inf) -> None:
        """Kill, again and again, while all of it goes on, but not longer than that."""
        end = time.monotonic() + seconds
        scale = self.scale
        with_broker = set(self.chosen.sample(range(scale.kills), min(scale.broker_kills, scale.kills)))
        for number in range(scale.kills):
            if time.monotonic() > end:
                break
            self.replays.let_in(1 + number * scale.stages // scale.kills)
            self.asking.begin(scale.commands)
            self._servers_fail()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._more(scale.upstream * (number + 1) // scale.kills))
                group.create_task(self._events(self.chosen.randint(1, max(1, scale.events // scale.kills))))
            await asyncio.sleep(self.chosen.uniform(0, TRANSACTION))
            if number in with_broker:
                await self._kill_broker()
            elif scale.freeze_every and number % scale.freeze_every == 1:
                await self._freeze()
            else:
                await self._kill()

    async def events(self) -> int:
        """How many there are, about: where the topic ends, with all that was aborted in it."""
        spans = (await patiently(lambda: self.asking.broker.describe(Topic.ARTICLES))).partitions
        return sum(span.end for span in spans)

    async def _more(self, records: int) -> None:
        """So many records of the upstream topic, with those that there are. All brokers are up: its producer isn't tested."""
        more = records - len(self.upstream.offered)
        await self.upstream.send(more, broken_every=BROKEN_EVERY, transaction=TRANSACTED)

    async def _events(self, more: int) -> None:
        """Wait until the topic has grown by so many, but not for long: while replays begin, little comes."""
        latest = time.monotonic() + LONGEST
        end = await self.events() + more
        while time.monotonic() < latest and await self.events() < end:  # noqa: ASYNC110 (a broker has no event to wait for)
            await asyncio.sleep(LOOK)

    async def _kill(self) -> None:
        """One of the workers or of the replays."""
        victim = self.chosen.choice([*self.watch.crew.alive, *self.replays.lanes])
        if victim in self.replays.lanes and victim.kill():
            self.done.replays += 1
            return
        await (victim if victim in self.watch.crew.alive else self.chosen.choice(self.watch.crew.alive)).kill()
        self.done.workers += 1
        await self.watch.start(**self.settings)

    async def _kill_broker(self) -> None:
        """And a worker or a replay meanwhile; what comes then may find no broker."""
        async with killed(self.cluster, self.chosen.randrange(len(self.cluster.brokers))):
            await self._kill()
        self.done.brokers += 1

    async def _freeze(self) -> None:
        """A worker, for half a session to two; then it is killed."""
        one = self.chosen.choice(self.watch.crew.alive)
        one.freeze()
        await asyncio.sleep(self.chosen.uniform(0.5, 2) * SESSION)
        one.thaw()
        self.done.frozen += 1
        await self._events(self.chosen.randint(1, 100))
        await one.kill()
        self.done.workers += 1
        await self.watch.start(**self.settings)

    def _servers_fail(self) -> None:
        """One more does, and another is itself again."""
        server = self.polled.server
        if self.failing and self.chosen.random() < 1 / 2:
            one = self.chosen.choice(sorted(self.failing))
            self.failing.remove(one)
            server.answer_with(0, one)
        one = self.chosen.choice(sorted(server.plans))
        if one not in self.failing:
            self.failing.add(one)
            server.answer_with(self.chosen.choice(STATUSES), one)
            self.done.faults += 1

    async def calm(self) -> list[str]:
        """Let all of it come to an end by itself; what is wrong with how it did."""
        self.watch.compared()
        await self._more(self.scale.upstream)
        self.replays.let_in(self.scale.stages)
        for one in self.failing:
            self.polled.server.answer_with(0, one)
        self.failing.clear()
        await self.asking.end()
        await self.replaying
        await self._at_rest()
        await self.watch.crew.end()
        return await self._nothing_left()

    async def _at_rest(self) -> None:
        """Every feed's document is taken in; what is put off after faults is asked out of turn."""
        server = self.polled.server
        resting = asyncio.create_task(self.watch.crew.at_rest())
        while not resting.done():
            names = [name for feed in server.restless for name in server.plans[feed].names]
            await self.asking.poll(names)
            await asyncio.wait({resting}, timeout=INTERVAL)
        await resting

    async def _nothing_left(self) -> list[str]:
        code, said = await self.place.run("run", "--allow-net", "127.0.0.0/8", "--once", "--jobs", "1")
        wrong = [] if code in {0, 1} else [f"run --once ended with {code}: {said}"]
        code, said = await self.place.replay(*(folder.name for folder in self.replays.folders))
        if code or "nothing was published" not in said:
            wrong.append(f"a replay of all that is done ended with {code}: {said}")
        return wrong

    async def judged(self, wrong: Sequence[str]) -> Outcome:
        """All topics against all ledgers; the numbers of the workers; who asked whom."""
        forgotten = self.asking.forgotten
        found = await judging.read(self.place, forgotten)
        verdict = judging.together(
            judging.of_files(found, self.replays.folders),
            judging.of_topic(found, self.upstream),
            judging.of_feeds(found, self.polled, forgotten),
        )
        rude = impolite(self.polled.server.requests, self.watch.crew.all)
        wrong = [
            *wrong,
            *self.asking.wrong,
            *found.wrong,
            *judging.taken_down(found, forgotten),
            *self.watch.unbalanced,
        ]
        wrong += [f"a site asked twice at once: {one}" for one in rude]
        wrong += grown(self.watch.memory())
        wrong += [
            line for one in self.watch.crew.all for line in one.said if "Traceback" in line and OF_AIOKAFKA not in line
        ]
        if self.watch.published > found.of_workers:
            wrong.append(f"workers count {self.watch.published} events of {found.of_workers}")
        if self.replays.told > len(found.of_files):
            wrong.append(f"replays count {self.replays.told} articles and rejections of {len(found.of_files)}")
        return Outcome(found.events, verdict, wrong)


@asynccontextmanager
async def together(
    scale: Scale, place: Place, cluster: Cluster, chosen: random.Random, folder: Path, **settings
) -> AsyncIterator[Together]:
    """All of it begun; killed when left. `settings`: of the workers."""
    async with AsyncExitStack() as stack:
        polled = Polled(place, stack.enter_context(serving(folder, feeds(scale))))
        await polled.define(interval_s=INTERVAL)
        stories = max(1, scale.upstream // TOLD // 6) * 6
        upstream = await upstreamed.made(cluster, 6, stories=stories)
        sites = {name: plan.address for plan in polled.server.plans.values() for name in plan.names}
        for number in range(scale.shares):
            share = number, scale.shares
            await upstream.define(place, share=share)
            name, site = topics.named("", SOURCE, share)
            sites[name] = site
        watch = Watch(await stack.enter_async_context(crew(polled, 0)))
        replays = Replays(place, scale.replayed, scale.stages, scale.rate)
        asking = Asking(place, await stack.enter_async_context(place.connect()), sites, lambda: replays.done, chosen)
        for _ in range(scale.workers):
            await watch.start(**settings)
        everything = Together(scale, cluster, polled, upstream, watch, replays, asking, chosen, settings)
        async with asyncio.TaskGroup() as group:
            looking = group.create_task(watch.go_on())
            everything.replaying = group.create_task(replays.go_on())
            yield everything
            looking.cancel()
