"""Somebody who asks the owners of shards for something, through `pipeline.asking`, patiently, and now and then the same twice.

Some do not wait for what becomes of it; who does reads it where it is stored, as a command line does.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import aclosing
from dataclasses import asdict

from feeds.oracle import MARK
from simulation import clock, writers
from simulation.takedowns import is_takedown

from worker.core.feeds import redrive
from worker.core.feeds.inbox import Command, State
from worker.errors import BrokerAway, Unsure
from worker.model import Record, Topic
from worker.pipeline import asking, takedown
from worker.pipeline.asking import Wanted

APART = 3600.0  # seconds between two wishes, on average
PAUSED = 3 * 3600.0  # that a source stays so, on average
_AGAIN = 600.0  # seconds after which what was refused is asked for again
_LATER = 300.0  # at most, until a command comes for the second time
_NEWEST = 40  # records from which one is picked


class Operator:
    """See above. `answers`: what becomes of it."""

    def __init__(self, world, answers, chosen):
        self._world, self.answers, self._chosen = world, answers, random.Random(chosen)
        self._over = asyncio.Event()
        self._tasks: dict[asyncio.Task, None] = {}
        self._does = {self._pause: 4, self._poll: 4, self._forget: 4, self._redrive: 5, self._strange: 1}

    async def go_on(self, fury):
        """Wish for something now and then, until it is `over`. `fury`: how many times as often as usual."""
        while not await self._waits(self._chosen.expovariate(fury / APART)):
            (wish,) = self._chosen.choices(list(self._does), list(self._does.values()))
            self._begin(wish())

    def over(self):
        """Nothing is begun any more but what undoes the rest: what is paused is resumed."""
        self._over.set()

    @property
    def left(self):
        """What it still waits for."""
        return [*self.answers.left, *(task.get_coro().__qualname__ for task in self._tasks)]

    def end(self):
        for task in self._tasks:
            task.cancel()

    def _begin(self, coroutine):
        task = self._world.loop.create_task(coroutine)
        self._tasks[task] = None
        task.add_done_callback(self._through)

    def _through(self, task):
        del self._tasks[task]
        if not task.cancelled() and (error := task.exception()):
            self._world.wrong.append(f"who asks ended with {error!r}")

    async def _waits(self, seconds):
        """So long, or until it is over; whether it is."""
        await asyncio.wait([waiting := asyncio.ensure_future(self._over.wait())], timeout=seconds)
        waiting.cancel()
        return self._over.is_set()

    async def _pause(self):
        source = self._chosen.choice(list(self._world.definitions))
        await self._asked("pause", source)
        await self._waits(self._chosen.expovariate(1 / PAUSED))
        while True:
            if await self._asked("resume", source, waits=True) is State.DONE:
                return
            await asyncio.sleep(_AGAIN)  # it is removed just now

    async def _poll(self):
        await self._asked("poll", self._chosen.choice(list(self._world.definitions)))

    async def _strange(self):
        """What nobody understands is refused, or passed over."""
        name = self._chosen.choice(list(self._world.definitions))
        site = self._world.definitions[name].site.encode()
        await self._world.append(Record(Topic.INBOX, b"f0", self._chosen.randbytes(9), (), 0, site))
        await self._asked("dance", name)

    async def _forget(self):
        """As `news-worker forget --wait` does: of a topic every other shard is to keep it out first."""
        world, answers = self._world, self.answers
        if (stored := self._picked(Topic.ARTICLES, lambda one: not is_takedown(one))) is None:
            return
        article = stored.key.decode()
        if article in answers.forgetting:
            return
        answers.forgetting.add(article)
        while True:
            sought = await patiently(lambda: takedown.seek(world.broker, article))
            said = {"article": asdict(sought.last), "seen": sought.seen}
            source = sought.last.source
            owner = world.broker.partition_of(Topic.CHECKPOINTS, source["site"].encode())
            others = [one for one in range(world.cluster.count) if one != owner and source["kind"] == "topic"]
            for shard in others:
                await self._asked("keep_out", source["id"], said, site=shard, about=article, waits=True)
            if not others or self._chosen.random() > 0.1:
                break
            await asyncio.sleep(_AGAIN)  # it was broken off, and is begun anew
        twice = 2 if self._chosen.random() < 0.2 else 1
        for _ in range(twice):
            self._begin(self._asked("forget", source["id"], said, site=source["site"], about=article))

    async def _redrive(self):
        """Of what the broker refuses some is mended first."""
        world = self._world
        if (stored := self._picked(Topic.REJECTS, lambda _: True)) is None:
            return
        headers = {name: value.decode() for name, value in stored.headers}
        kept = redrive.kept(headers, stored.value or b"")
        if world.definitions[kept.source].kind == "topic":
            ((mark, _),) = writers.marks_of((), (stored,))
        else:
            mark = tuple(MARK.search(stored.value.decode()).groups())
        if self._chosen.random() < 0.7:
            world.mended.add(mark)
        await self._asked("redrive", kept.source, redrive.said(kept), about=mark)

    def _picked(self, topic, may):
        """One of the newest, or of all."""
        records = [one for part in self._world.cluster.topics[topic] for one in part.committed(0, part.stable)]
        some = records[-_NEWEST:] if self._chosen.random() < 0.7 else records
        return self._chosen.choice(found) if (found := [one for one in some if may(one)]) else None

    async def _asked(self, name, source, said=None, *, site=None, about=None, waits=False):
        """The state that it ends in; None: nobody waits for it."""
        world, chosen = self._world, self._chosen
        command = Command(chosen.randbytes(8).hex(), name, source, said or {}, "somebody")
        wanted = [Wanted(command, world.definitions[source].site if site is None else site)]
        self.answers.asks(command, about)
        spans = (await patiently(lambda: world.broker.describe(Topic.CHECKPOINTS))).partitions
        since = {number: span.end for number, span in enumerate(spans)}  # as `put` may have to be called again
        await self._put(wanted)
        if chosen.random() < 0.2:
            self._begin(self._put(wanted, chosen.uniform(0, _LATER)))
        if not waits and chosen.random() < 0.2:
            return None
        outcome = await patiently(lambda: self._outcome(wanted, since))
        return outcome.state

    async def _put(self, wanted, later=0.0):
        await asyncio.sleep(later)
        world = self._world
        await patiently(lambda: asking.put(world.broker, wanted, clock.right(world.loop)))

    async def _outcome(self, wanted, since):
        async with aclosing(asking.outcomes(self._world.broker, wanted, since)) as found:
            return await anext(found)


async def patiently(do):
    """What it comes to once the broker is there for so long."""
    while True:
        try:
            return await do()
        except (BrokerAway, Unsure):
            await asyncio.sleep(1)
