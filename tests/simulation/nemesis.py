"""What befalls the world: at random instants, and at random steps of a worker, which are the awaits between which it can die."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress

from simulation.cluster import TRANSACTION_SECONDS
from simulation.process import State

from worker.errors import BrokerError, UsageError
from worker.model import Topic
from worker.pipeline.polls.inbox import Inbox
from worker.pipeline.polls.under_way import UnderWay
from worker.pipeline.repair import repair
from worker.pipeline.shard import OwnedShard

ILL = 0.01  # how likely any call of the broker goes wrong, and any request of the network by two
APART = 2400.0  # seconds between two of the things below, on average
STEPS = 8000  # steps of workers between two strikes, on average
# Those of these count so many times.
WEIGHTY = {UnderWay._poll.__qualname__: 60, OwnedShard._commit_waiting.__qualname__: 15, Inbox.go_on.__qualname__: 30}
MOST_PARTITIONS = 6  # of one of the other system's topics


class Nemesis:
    """See above."""

    def __init__(self, world, fury):
        """`fury`: how many times as much of all of it as usual."""
        self._world = world
        self._fury = fury
        self._chosen = random.Random(world.chosen.random())
        self._until_strike = self._steps()
        self._does = {
            self._kill: 6,
            self._freeze: 4,
            self._cut: 4,
            self._stop: 3,
            self._clock: 3,
            self._away: 2,
            self._storm: 1,
            self._claim: 2,
            self._hold_open: 2,
            self._upstream_away: 2,
            self._delete: 2,
            self._grow: 1,
            self._remove: 1,
            self._move: 1,
            self._gone: 1,
            self._redefine: 1,
            self._change: 12,
        }

    async def rage(self, seconds):
        world = self._world
        end = world.loop.time() + seconds
        world.cluster.ill = ILL * self._fury
        world.network.ill = 2 * ILL
        world.upstream.ill = 5 * ILL
        world.loop.before = self._strike
        world.cluster.strike = self._strike_in_commit
        world.network.meddle = self._meddle
        while world.loop.time() < end:
            await asyncio.sleep(self._chosen.expovariate(self._fury / APART))
            (deed,) = self._chosen.choices(list(self._does), list(self._does.values()))
            world.disturbed += 1
            await deed()
        world.cluster.ill = world.network.ill = world.upstream.ill = 0.0
        world.loop.before = lambda _process, _handle: None

    def _strike(self, process, handle):
        """Called before each step of any worker."""
        task = getattr(handle.callback, "__self__", None)
        name = task.get_coro().__qualname__ if isinstance(task, asyncio.Task) else ""
        self._until_strike -= WEIGHTY.get(name, 1)
        if self._until_strike > 0 or process.state is not State.RUNS:
            return
        self._until_strike = self._steps()
        if worker := self._world.worker_of(process):
            self._kill_or_freeze(worker)

    def _strike_in_commit(self, process, deed):
        if (worker := self._world.worker_of(process)) and process.state is State.RUNS:
            if deed == "killed":
                self._world.kill(worker)
            else:
                self._world.freeze(worker, self._some_seconds())

    def _kill_or_freeze(self, worker):
        if self._chosen.random() < 0.6:
            self._world.kill(worker)
        else:
            self._world.freeze(worker, self._some_seconds())

    def _meddle(self, place):
        """Meanwhile the feed changes, and somebody runs `news-worker run --once` as if nobody else were there."""
        self._world.trace.fault("polled by another", source=place.feed.plan.name)
        if not place.feed.resting:
            place.feed.edit()
        self._world.poll_once(place)

    def _steps(self):
        return 1 + round(self._chosen.expovariate(self._fury / STEPS))

    def _some_seconds(self):
        """Often less than a session, now and then far more."""
        return min(self._chosen.lognormvariate(1.5, 1.3), 400)

    def _any(self):
        return self._chosen.choice(self._world.workers) if self._world.workers else None

    def _feed(self):
        return self._chosen.choice(list(self._world.network.places.values()))

    def _source(self):
        return self._chosen.choice(list(self._world.definitions))

    async def _kill(self):
        if worker := self._any():
            self._world.kill(worker)

    async def _freeze(self):
        if worker := self._any():
            self._world.freeze(worker, self._some_seconds())

    async def _cut(self):
        if worker := self._any():
            self._world.cut(worker, self._some_seconds())

    async def _stop(self):
        if worker := self._any():
            self._world.trace.fault("told to stop", worker=worker.process.name)
            worker.run.stop.set()

    async def _clock(self):
        if worker := self._any():
            self._world.set_clock(worker, self._chosen.choice((-2, 2)), self._chosen.uniform(10, 6 * 3600))

    async def _away(self):
        self._world.take_away(self._some_seconds())

    async def _storm(self):
        """Workers come and go every few seconds."""
        for _ in range(self._chosen.randint(3, 8)):
            await self._chosen.choice((self._kill, self._stop, self._freeze))()
            await asyncio.sleep(self._chosen.uniform(0.5, 8))

    async def _claim(self):
        """Somebody else claims a shard, as `news-worker repair` does."""
        self._world.trace.fault("claimed by another")
        shard = self._chosen.randrange(self._world.cluster.count)
        with suppress(BrokerError, UsageError):
            await repair(self._world.broker, shard, None, None, lambda: 0)

    async def _hold_open(self):
        """Another program has a transaction open for a while where the checkpoints are."""
        cluster = self._world.cluster
        cluster.trace.fault("another's transaction")
        partition = self._chosen.choice(cluster.topics[Topic.CHECKPOINTS])
        cluster.hold_open(partition, self._chosen.uniform(1, TRANSACTION_SECONDS))

    async def _upstream_away(self):
        self._world.upstream.take_away(self._some_seconds())

    async def _delete(self):
        self._world.writers.delete()

    async def _grow(self):
        topic = self._chosen.choice(list(self._world.upstream.topics))
        if len(self._world.upstream.topics[topic]) < MOST_PARTITIONS:
            self._world.upstream.grow(topic)

    async def _remove(self):
        """A source is removed, and added again later, well within its grace."""
        name = self._source()
        self._world.trace.fault("source removed", source=name)
        await self._world.undefine(name)
        self._world.loop.outside(self._chosen.uniform(1, 12 * 3600), self._define_again, name)

    def _define_again(self, name):
        self._world.answers.added(name)
        self._define(name)

    def _define(self, name, **changes):
        self._world.loop.create_task(self._world.define(name, **changes))

    async def _move(self):
        """Its server redirects for good from now on."""
        place = self._feed()
        place.path = f"{place.feed.plan.name}~{self._chosen.randrange(10**6)}"
        self._world.trace.fault("moved", url=place.url)

    async def _gone(self):
        """It answers 410, and is defined at another URL later."""
        place = self._feed()
        self._world.trace.fault("gone", url=place.url)
        place.gone = True
        self._world.loop.outside(self._chosen.uniform(600, 12 * 3600), self._back, place)

    def _back(self, place):
        place.gone = False
        place.path = f"{place.feed.plan.name}~{self._chosen.randrange(10**6)}"
        self._define(place.feed.plan.name, url=place.url)

    async def _redefine(self):
        name = self._source()
        self._world.trace.fault("defined anew", source=name)
        await self._world.define(name, interval_s=self._chosen.choice((900, 1800, 2700, 3600)))

    async def _change(self):
        """A feed changes although nobody has proven to have taken in what it showed."""
        feed = self._feed().feed
        getattr(feed, self._chosen.choice(("add", "edit", "drift")))(self._chosen.randint(1, 3))
