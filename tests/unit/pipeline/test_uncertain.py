"""While a worker can't know what falls to it: it asks nobody, what takes long is cut, and in the end it says so and ends."""

import asyncio
from dataclasses import replace

import pytest
from unit.pipeline.group import SHARE, Group
from unit.pipeline.world import asked, feed

from worker.errors import BrokerAway
from worker.ops.health import unready

pytestmark = pytest.mark.usefixtures("no_pauses")


@pytest.fixture
def group(world):
    world.broker = Group(world.broker)
    return world.broker


async def test_no_request_is_begun_before_it_is_settled(world, group):
    one = await world.add("one", feed("a"))
    await group.say(settled=False)
    async with world.running():
        await turns()
        await group.say(settled=True)
        await world.until(lambda: published(world))
        await group.say(settled=False)
        two = await world.add("two", feed("b"))
        await turns()
        assert world.servers.times(two.url) == 0
        await group.say(settled=True)
        await world.until(lambda: asked(world, two, 1))
    assert world.servers.times(one.url) == 1
    assert group.claims == 1


async def test_why_it_is_not_settled_is_why_it_is_not_ready(world, group):
    await world.add("one", feed("a"))
    async with world.running():
        await world.until(lambda: published(world))
        assert unready(world.totals) == []
        await group.say(settled=False, why="Kafka has not answered for 7 s")
        await turns()
        assert unready(world.totals) == ["Kafka has not answered for 7 s"]


async def test_what_takes_long_is_cut_and_asked_again_once_it_is_settled(world, group):
    one = await world.add("one", feed("a"))
    world.servers.hanging.add(one.url)
    async with world.running():
        await world.until(lambda: asked(world, one, 1))
        await group.say(settled=False)
        await world.until(lambda: nobody_asked(world))
        world.servers.hanging.clear()
        await group.say(settled=True)
        await world.until(lambda: published(world))
    assert world.servers.times(one.url) == 2


async def test_who_was_no_member_for_a_while_takes_nothing_it_had_for_its_own(world, group):
    one = await world.add("one", feed("a"), interval_s=1)
    async with world.running():
        await world.until(lambda: published(world))
        await group.say(settled=False)
        await group.say(settled=True, stay=1)
        before = world.servers.times(one.url)
        await world.until(lambda: asked(world, one, before + 1))
    assert group.claims == 2
    assert await world.events() == [("a", 1)]


async def test_a_worker_that_is_never_told_what_falls_to_it_ends_and_says_why(world):
    world.broker = Group(world.broker, replace(SHARE, settled=False))
    with pytest.raises(BrokerAway, match="has not said which sources fall to this worker"):
        await world.run(once=False, give_up_after=0.0)


async def turns(count=50):
    """Let everything that can go on do so."""
    for _ in range(count):
        await asyncio.sleep(0)


async def nobody_asked(world):
    await asyncio.sleep(0)
    return not any(world.servers.under_way.values())


async def published(world):
    return await world.events() == [("a", 1)]
