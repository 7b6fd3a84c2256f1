"""Sources that are removed, defined anew or refused while they are polled, and readings that nobody wants any more."""

import asyncio
from dataclasses import replace

import pytest
from unit.pipeline.world import Servers, asked, feed

from worker.broker.port import shard_of_sources
from worker.core.feeds import memory, outcomes
from worker.core.sources import stored
from worker.errors import ClockRefused, RecordRefused, Unsure
from worker.model import Fault, FaultKind, Record, Topic
from worker.pipeline.polls.owned import own
from worker.pipeline.polls.polling import FeedShard

pytestmark = pytest.mark.usefixtures("no_pauses")

SHARD = shard_of_sources(0)


async def test_a_source_whose_forgetting_was_committed_though_nobody_could_know_is_not_forgotten_twice(
    world, monkeypatch
):
    one = await world.add("one", feed("a"))
    await world.run()
    await world.remove(one)
    await world.run()
    monkeypatch.setattr(memory, "REMOVAL_GRACE", 0)
    monkeypatch.setattr(outcomes, "REMOVAL_GRACE", 0)
    world.broker.after.append(Unsure("unsure"))
    await world.run()
    assert (await heads(world, "one"))[-1].value is None


async def heads(world, source):
    key = b'["head","%b"]' % source.encode()
    return [record async for record in world.broker.read(Topic.CHECKPOINTS) if record.key == key]


class Held:
    """A broker whose commits wait until they are let."""

    def __init__(self, broker):
        self.broker = broker
        self.let = asyncio.Event()

    def __getattr__(self, name):
        return getattr(self.broker, name)

    async def claim(self, shard):
        return HeldClaim(await self.broker.claim(shard), self)


class HeldClaim:
    def __init__(self, claim, held):
        self.claim, self.held = claim, held

    async def commit(self, records):
        await self.held.let.wait()
        await self.claim.commit(records)

    async def release(self):
        await self.claim.release()


async def test_a_source_that_is_removed_while_its_reading_waits_for_its_turn_is_not_decided(world, monkeypatch):
    monkeypatch.setattr("worker.pipeline.shard._WAITING_BYTES", 1)  # so that the second waits, and others behind it
    names = ["one", "two", "three", "four"]
    world.broker = Held(world.broker)
    run = world.prepared(once=False)

    async def ours():
        pass

    owned, _ = await own(run, [SHARD])
    feeds = FeedShard(SHARD, run, ours, ours, 0.0)
    defined = [await world.add(name, feed(name)) for name in names]
    for definition in defined:
        feeds.define(definition)
    working = asyncio.create_task(feeds.work(owned[SHARD]))
    for definition in defined:
        await world.until(lambda definition=definition: asked(world, definition, 1))
    for _ in range(50):
        await asyncio.sleep(0)
    for definition in defined[1:]:
        feeds.undefine(definition.id)
    world.broker.let.set()

    async def published():
        return bool(await world.events())

    await world.until(published)
    world.stop.set()
    await working
    assert not await heads(world, "four")


async def test_what_was_asked_at_a_url_that_it_has_no_more_is_dropped(world):
    one = await world.add("one", feed("of the old URL"))
    world.servers.hanging.add(one.url)
    moved = replace(one, url="http://one.example/new")
    world.servers.says[moved.url] = feed("of the new URL")
    async with world.running():
        await world.until(lambda: asked(world, one, 1))
        await world.broker.append([stored.record(moved, 2)])
        two = await world.add("two", feed("b"))
        await world.until(lambda: asked(world, two, 1))  # so the change has been taken up
        world.servers.hang[one.url].set()
        await world.until(lambda: asked(world, moved, 1))

        async def there():
            return ("of the new URL", 1) in await world.events()

        await world.until(there)
    assert sorted(await world.events()) == [("b", 1), ("of the new URL", 1)]


async def test_a_source_that_is_added_again_for_another_site_is_left_alone_and_said_so(world):
    one = await world.add("one", feed("a"))
    async with world.running():
        await world.until(lambda: asked(world, one, 1))
        await world.remove(one)

        async def removed():
            return any(b"removed_at" in head.value for head in await heads(world, "one"))

        await world.until(removed)
        other = replace(one, url="http://other.example/feed", site="other.example", added_at=2)
        world.servers.says[other.url] = feed("b")
        await world.broker.append([stored.record(other, 2)])
        two = await world.add("two", feed("c"))
        await world.until(lambda: asked(world, two, 1))
    assert world.servers.times(other.url) == 0
    assert world.totals.left.keys() == {"one"}


async def test_what_was_refused_of_a_document_is_not_held_against_the_next(world):
    one = await world.add("one", feed("poison"))
    world.servers = Healed(world.servers, feed("innocent"))
    world.broker.before.extend([RecordRefused("no"), RecordRefused("no"), ClockRefused("clock")])
    await world.run()
    assert world.servers.times(one.url) == 2
    assert await world.events() == [("innocent", 1)]


class Healed(Servers):
    """Says something else to whoever asks again."""

    def __init__(self, servers, then):
        super().__init__()
        self.says, self.then = servers.says, then

    async def fetch(self, request, room):
        if self.times(request.url):
            self.says[request.url] = self.then
        return await super().fetch(request, room)


@pytest.mark.parametrize("odd", [b'"intervalSeconds":0', b'"initial":"yesterday"'])
async def test_a_definition_that_can_not_be_worked_with_costs_its_source_alone(world, odd):
    await world.add("good", feed("a"))
    value = b'{"v":1,"kind":"feed","url":"http://odd.example/feed","site":"odd.example","addedAt":1,%b}' % odd
    world.servers.says["http://odd.example/feed"] = feed("b")
    await world.broker.append([Record(Topic.SOURCES, b"odd", value, (), 1, b"odd.example")])
    async with world.running():

        async def there():
            return await world.events() == [("a", 1)]

        await world.until(there)
        assert world.totals.left.keys() == {"odd"}


async def test_what_is_gone_is_asked_again_once_its_url_is_mended(world):
    one = await world.add("one", Fault(FaultKind.GONE, "gone", 410))
    await world.run()
    moved = replace(one, url="http://one.example/new")
    world.servers.says[moved.url] = feed("a")
    await world.broker.append([stored.record(moved, 2)])
    await world.run()
    assert await world.events() == [("a", 1)]
