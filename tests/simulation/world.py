"""The world of a simulation: a cluster, sites with feeds, workers on it, and whoever starts a worker again that has ended."""

from __future__ import annotations

import asyncio
import random
from contextvars import Context
from dataclasses import dataclass, field, replace

from feeds.oracle import MARK
from simulation import clock, sources, verdict, writers
from simulation.answers import Answers
from simulation.broker import RECORD_BYTES, Alone, Broker
from simulation.cluster import Cluster
from simulation.loop import Loop
from simulation.network import Network
from simulation.process import Process, State
from simulation.trace import Trace
from simulation.upstream import Upstream

from worker.broker.kafka.partitions import partition_of
from worker.broker.port import shard_of_sources
from worker.core.read import read
from worker.core.sources import stored
from worker.errors import BrokerAway, ClaimLost, Unsure
from worker.model import Definition, Topic, Totals
from worker.pipeline.polls.poll import Tools
from worker.pipeline.polls.run import Run
from worker.pipeline.polls.worker import poll_sources

WORKERS, PARTITIONS = 2, 2
GIVE_UP_SECONDS, GRACE_SECONDS = 300.0, 10.0
_TRIES = 100  # until all that is buried has unwound
_POISONED = 9  # of so many new articles of some feeds the broker refuses one


class Readers:
    """Read here, though one may be done before another that was begun first."""

    jobs = 2

    def __init__(self, chosen):
        self._chosen = chosen

    async def read(self, documents, limit):
        await asyncio.sleep(self._chosen.uniform(0.001, 0.05))
        return [[read(document, limit)] for document in documents]


@dataclass(eq=False)
class Worker:
    """One of the workers: a process, and what is known of it."""

    process: Process
    run: Run
    task: asyncio.Task | None = None


@dataclass(eq=False)
class World:
    """See above. `wrong`: what must not be."""

    seed: int
    loop: Loop
    chosen: random.Random
    trace: Trace
    cluster: Cluster
    network: Network
    upstream: Upstream
    writers: writers.Writers
    definitions: dict[str, Definition]  # as they are now, or were last
    answers: Answers
    mended: set[tuple]  # what the broker refuses no more, by its mark
    workers: list[Worker] = field(default_factory=list)  # that live
    ended: list[Worker] = field(default_factory=list)
    strangers: list[Worker] = field(default_factory=list)  # that are in no group
    wrong: list[str] = field(default_factory=list)
    disturbed: int = 0  # how often something was done to the world
    rested: bool = False  # what was shown and written was taken in
    over: bool = False  # nobody is started any more
    _started: int = 0

    @property
    def seen(self):
        """What was wrong as it happened: it can be judged at once."""
        return self.network.rude or self.answers.wrong

    @property
    def broker(self):
        """The cluster, as somebody sees it who is neither cut off nor frozen."""
        return Broker(self.cluster, Process("operator"))

    async def define(self, name, **changes):
        self.definitions[name] = replace(self.definitions[name], **changes)
        await self.append(stored.record(self.definitions[name], clock.right(self.loop)))

    async def undefine(self, name):
        self.answers.removed(name)
        await self.append(stored.tombstone(self.definitions[name], clock.right(self.loop)))

    async def append(self, record):
        """As a person does it: again, until it went well."""
        while True:
            try:
                return await self.broker.append([record])
            except (BrokerAway, Unsure):
                await asyncio.sleep(1)

    def start(self):
        self._started += 1
        name = f"w{self._started}"
        process = Process(name)
        worker = Worker(process, self._run_of(process, Broker(self.cluster, process)))
        self.workers.append(worker)
        self.trace.say("started", worker=name)
        worker.task = self.loop.create_task(poll_sources(worker.run), context=process.context)
        worker.task.add_done_callback(lambda task: self._ended(worker, task), context=Context())

    def _run_of(self, process, broker):
        tools = Tools(self.network.client(process), Readers(self.chosen), lambda _name: None, RECORD_BYTES)
        token = self.chosen.randbytes(8).hex()
        stop = asyncio.Event()
        slots = asyncio.Semaphore(50)
        return Run(
            broker=broker,
            tools=tools,
            slots=slots,
            totals=Totals(),
            worker=process.name,
            token=token,
            give_up_after=GIVE_UP_SECONDS,
            grace=GRACE_SECONDS,
            once=False,
            stop=stop,
        )

    def _ended(self, worker, task):
        """By itself: it was told to stop, or has lost patience with the broker. Somebody starts it again."""
        if worker.process.dead:
            if not task.cancelled():
                task.exception()  # retrieved
            return
        error = None if task.cancelled() else task.exception()
        if task.cancelled() or not isinstance(error, BrokerAway | Unsure | ClaimLost | None):
            self.wrong.append(f"{worker.process.name} ended with {error!r}")
        self.trace.say("ended", worker=worker.process.name, error=type(error).__name__)
        self._gone(worker)

    def _gone(self, worker):
        self.workers.remove(worker)
        self.ended.append(worker)
        self.loop.outside(self.chosen.uniform(0.1, 20), self._start_again)

    def _start_again(self):
        if not self.over and len(self.workers) < WORKERS:
            self.start()

    def worker_of(self, process):
        return next((worker for worker in self.workers if worker.process is process), None)

    def poll_once(self, place):
        """Somebody polls the sources of the place's shard one time, not knowing of the others, and may be ended before."""
        process = Process(f"once{len(self.strangers) + 1}", stranger=True)
        shard = shard_of_sources(partition_of(place.feed.plan.address.encode(), PARTITIONS))
        run = replace(self._run_of(process, Alone(self.cluster, process, shard)), once=True)
        worker = Worker(process, run)
        self.strangers.append(worker)
        worker.task = self.loop.create_task(poll_sources(run), context=process.context)
        self.loop.outside(self.chosen.uniform(2, 40), self._end_stranger, worker)

    def _end_stranger(self, worker):
        if not worker.task.done():
            self.trace.say("killed", worker=worker.process.name)
            worker.process.state = State.DEAD
            self.network.hit(worker.process)

    def anothers(self, process, site):
        """Whether the site has long been another member's to ask."""
        return not process.stranger and self.cluster.group.long_another(
            partition_of(site.encode(), PARTITIONS), process
        )

    def kill(self, worker):
        """As SIGKILL: nothing of it runs any more, what it asked breaks off, and nobody is told."""
        self.trace.fault("killed", worker=worker.process.name)
        worker.process.state = State.DEAD
        self._gone(worker)
        self.network.hit(worker.process)
        self.cluster.group.hear()

    def freeze(self, worker, seconds):
        """As SIGSTOP, and SIGCONT after a while."""
        if worker.process.state is not State.RUNS:
            return
        self.trace.fault("frozen", worker=worker.process.name, seconds=round(seconds))
        worker.process.state = State.FROZEN
        self.network.hit(worker.process)
        self.cluster.group.hear()
        self.loop.outside(seconds, self._thaw, worker)

    def _thaw(self, worker):
        if worker.process.state is State.FROZEN:
            worker.process.state = State.RUNS
            self.trace.say("goes on", worker=worker.process.name)
            worker.process.thawed = self.loop.time()
            self.loop.thaw(worker.process)
            self.cluster.group.hear()

    def cut(self, worker, seconds):
        """The network between it and the broker is gone for a while."""
        self.trace.fault("cut off", worker=worker.process.name, seconds=round(seconds))
        worker.process.cut_off = True
        self.cluster.group.hear()
        self.loop.outside(seconds, self._mend, worker)

    def _mend(self, worker):
        worker.process.cut_off = False
        self.cluster.group.hear()

    def take_away(self, seconds):
        """The broker is away for a while, for all."""
        self.trace.fault("broker away", seconds=round(seconds))
        self.cluster.away = self.cluster.group.away = True
        self.cluster.group.hear()
        self.loop.outside(seconds, self._bring_back)

    def _bring_back(self):
        self.cluster.away = self.cluster.group.away = False
        self.cluster.group.hear()

    def set_clock(self, worker, days, seconds):
        """Its wall clock is wrong by so many days for a while."""
        self.trace.fault("clock jumps", worker=worker.process.name, days=days)
        worker.process.ahead = days * clock.A_DAY_MS
        self.loop.outside(seconds, setattr, worker.process, "ahead", 0)

    async def bury(self):
        """Let the dead unwind, and with them who lives still, now that nothing they do is seen by anybody."""
        self.over = True
        everyone = [*self.workers, *self.ended, *self.strangers]
        for worker in everyone:
            worker.process.state = State.BURIED
            self.loop.thaw(worker.process)
        self.workers.clear()
        for _ in range(_TRIES):
            left = [task for worker in everyone for task in worker.process.tasks]
            for task in left:
                task.cancel()
            await asyncio.sleep(1)
        assert not left, left[:5]


def made(seed):
    """A world in which nothing has begun."""
    chosen = random.Random(seed)
    loop = Loop(random.Random(chosen.random()))
    trace = Trace(loop)
    feeds = sources.plans(seed)
    tame = [plan.name for plan in feeds if not plan.reverts]
    mended = set()

    def poisonous(record):
        """Some articles as they come out are refused, of feeds that take nothing back; their rejections are not."""
        if record.topic is not Topic.ARTICLES or record.value is None:
            return False
        value = record.value.decode()
        if not (found := MARK.search(value)):
            return writers.poisonous(value, mended)
        if found.groups() in mended:
            return False
        return found["feed"] in tame and int(found["number"]) % _POISONED == 1 and found["revision"] == "1"

    cluster = Cluster(loop, random.Random(chosen.random()), trace, PARTITIONS, poisonous)
    network = Network(loop, random.Random(chosen.random()), trace, feeds)
    upstream = Upstream(loop, random.Random(chosen.random()), trace)
    others = writers.Writers(upstream, lambda: {mark for mark, _ in verdict.of_topics(world)})
    answers = cluster.answers = Answers(loop, network.last_asked)
    definitions = sources.definitions(network.places)
    world = World(seed, loop, chosen, trace, cluster, network, upstream, others, definitions, answers, mended)
    network.anothers, network.paused = world.anothers, answers.must_not_ask
    return world
