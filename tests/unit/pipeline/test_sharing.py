"""What falls to a worker of the shards: none yet, one more, one less, one that can't be read; and a stop meanwhile."""

import asyncio
from dataclasses import replace

import pytest
from unit.pipeline.group import Group
from unit.pipeline.world import asked, feed

from worker.broker.port import Share, Stored, shard_of_sources
from worker.errors import BrokerRefused, ClaimLost
from worker.model import Record, Topic
from worker.ops.health import unready
from worker.pipeline.polls import sharing
from worker.pipeline.polls.polling import FeedShard
from worker.pipeline.polls.worker import poll_sources
from worker.pipeline.repair import repair

pytestmark = pytest.mark.usefixtures("no_pauses")

FIRST, SECOND = shard_of_sources(0), shard_of_sources(1)


class Sharing(Group):
    """One of the shards holds what can't be read, be it not `at_first`; claims are given back when the test lets them."""

    def __init__(self, broker, *shards, unreadable=SECOND, count=2, at_first=True):
        super().__init__(broker, Share(frozenset(shards)))
        self.count = count
        self.at_first = at_first
        self.unreadable = unreadable
        self.releases = asyncio.Event()
        self.releasing = asyncio.Event()
        self.releases.set()

    async def given(self, *shards):
        await self.say(shards=frozenset(shards))

    async def claim(self, shard):
        return Claimed(await super().claim(shard), self, shard)

    def partitions(self, _topic):
        return self.count

    async def describe(self, topic):
        described = await self.broker.describe(topic)
        return replace(described, partitions=described.partitions * self.count)

    async def restore(self, shards):
        if self.unreadable in shards and self.at_first:
            yield self.unreadable, Stored("", 1, 0, 0, b"no key of ours", b"", ())
        async for found in self.broker.restore([FIRST]):
            if FIRST in shards:
                yield found


class Claimed:
    def __init__(self, claim, sharing, shard):
        self.claim, self.sharing, self.shard = claim, sharing, shard

    async def commit(self, records):
        if self.shard == self.sharing.unreadable and not self.sharing.at_first:
            self.sharing.at_first = True
            raise ClaimLost("another owner has it, and writes what can't be read")
        await self.claim.commit(records)

    async def release(self):
        self.sharing.releasing.set()
        await self.sharing.releases.wait()
        await self.claim.release()


async def test_a_worker_to_which_nothing_falls_waits_for_what_others_leave(world):
    one = await world.add("one", feed("a"))
    world.broker = Sharing(world.broker)
    async with world.running():
        await world.until(lambda: settled(world))
        await turns(20)
        await world.broker.given(FIRST)
        await world.until(lambda: asked(world, one, 1))


async def turns(count):
    """Let everything that can go on do so."""
    for _ in range(count):
        await asyncio.sleep(0)


async def settled(world):
    await asyncio.sleep(0)
    return world.totals.settled


async def test_stopped_while_a_shard_is_given_back_it_ends(world):
    one = await world.add("one", feed("a"))
    world.broker = Sharing(world.broker, FIRST)
    async with world.running():
        await world.until(lambda: asked(world, one, 1))
        world.broker.releases.clear()
        world.broker.releasing.clear()
        await world.broker.given()
        await world.broker.releasing.wait()
        world.stop.set()
        await turns(20)
        world.broker.releases.set()


async def test_a_poll_that_is_cancelled_before_it_began_gives_its_slot_back(world, monkeypatch):
    one = await world.add("one", feed("a"))
    world.broker = Sharing(world.broker, FIRST)
    work, at_work = FeedShard.work, []

    async def noted(shard, first):
        at_work.append((shard, asyncio.current_task()))
        await work(shard, first)

    monkeypatch.setattr(FeedShard, "work", noted)
    run = replace(world.prepared(once=False), slots=asyncio.Semaphore(1))
    polling = asyncio.create_task(poll_sources(run))
    await world.until(lambda: polled(world))
    await turns(20)
    shard, task = at_work[0]
    shard.define(replace(one, url="http://one.example/moved"))  # so it is due
    task.cancel()
    await turns(20)
    assert not run.slots.locked()
    world.stop.set()
    await polling


async def polled(world):
    await asyncio.sleep(0)
    return world.totals.polls["read"]


async def test_a_shard_that_can_not_be_read_is_said_to_be_refused_and_costs_no_other(world):
    one = await world.add("one", feed("a"))
    world.broker = Sharing(world.broker, FIRST)
    async with world.running() as running:
        await world.until(lambda: asked(world, one, 1))
        await world.broker.given(FIRST, SECOND)
        await world.until(lambda: has_ended_or_waits(running, world))
        moved = await world.add("two", feed("b"))
        await world.until(lambda: asked(world, moved, 1))
        assert world.totals.standing[FIRST.name].waits_for is None
    assert {key async for key in kept(world)} == {b'["head","one"]', b'["head","two"]'}


async def test_a_worker_whose_only_shard_can_not_be_read_stays_for_what_others_leave(world):
    """Were it to end, and be started again and again, all others would have to share anew each time."""
    one = await world.add("one", feed("a"))
    world.broker = Sharing(world.broker, SECOND)
    async with world.running() as running:
        await world.until(lambda: has_ended_or_waits(running, world))
        assert unready(world.totals) == [f"{SECOND.name}: {world.totals.standing[SECOND.name].waits_for}"]
        await world.broker.given(FIRST, SECOND)
        await world.until(lambda: asked(world, one, 1))


async def has_ended_or_waits(running, world):
    await asyncio.sleep(0)
    standing = world.totals.standing.get(SECOND.name)
    return running.done() or (standing and "not the worker's" in (standing.waits_for or ""))


async def test_a_shard_that_is_repaired_is_taken_up_again_while_its_siblings_go_on(world, monkeypatch):
    monkeypatch.setattr(sharing, "_LOOK_SECONDS", 0.0)
    one = await world.add("one", feed("a"))
    claim = await world.broker.claim(FIRST)
    await claim.commit([Record(Topic.CHECKPOINTS, b"\xff", b"alien", (), 1, 0)])
    await claim.release()
    world.broker = Sharing(world.broker, FIRST, SECOND, unreadable=None)
    async with world.running():
        await world.until(lambda: refused(world, FIRST))
        await turns(20)
        claims = world.broker.claims
        await repair(world.broker, 0, None, None, lambda: 1)
        await world.until(lambda: asked(world, one, 1))
        assert world.broker.claims == claims + 2  # the repair's, and its own once it could be read
        assert unready(world.totals) == []


async def refused(world, shard):
    await asyncio.sleep(0)
    return shard.name in world.totals.standing and "repair" in (world.totals.standing[shard.name].waits_for or "")


async def test_none_of_the_shards_there_are_can_be_read(world):
    """As on the embedded broker, which has one: it ends and says why."""
    world.broker = Sharing(world.broker, FIRST, unreadable=FIRST, count=1)
    with pytest.raises(BrokerRefused, match="not the worker's"):
        await world.run(once=False)


async def test_polled_once_the_sources_of_a_shard_that_can_not_be_read_are_left(world):
    await world.add("one", feed("a"))
    world.broker = Sharing(world.broker, FIRST, SECOND, unreadable=FIRST)
    totals = await world.run()
    assert "not the worker's" in totals.left["one"]
    assert totals.incomplete


async def test_a_shard_that_can_not_be_read_when_it_is_owned_again_is_refused_and_costs_no_other(world):
    one = await world.add("one", feed("a"))
    world.broker = Sharing(world.broker, FIRST, SECOND, at_first=False)
    async with world.running() as running:
        await world.until(lambda: has_ended_or_waits(running, world))
        await world.until(lambda: asked(world, one, 1))
        two = await world.add("two", feed("b"))
        await world.until(lambda: asked(world, two, 1))
        assert unready(world.totals) == [f"{SECOND.name}: {world.totals.standing[SECOND.name].waits_for}"]


async def test_once_lost_the_only_shard_there_is_can_not_be_read(world):
    await world.add("one", feed("a"))
    world.broker = Sharing(world.broker, FIRST, unreadable=FIRST, count=1, at_first=False)
    with pytest.raises(BrokerRefused, match="not the worker's"):
        await world.run(once=False)


async def test_polled_once_the_sources_of_a_shard_that_can_not_be_read_when_it_is_owned_again_are_left(world):
    await world.add("one", feed("a"))
    world.broker = Sharing(world.broker, FIRST, SECOND, unreadable=FIRST, at_first=False)
    totals = await world.run()
    assert "not the worker's" in totals.left["one"]


async def kept(world):
    async for record in world.broker.read(Topic.CHECKPOINTS):
        if b'"head"' in record.key:
            yield record.key
