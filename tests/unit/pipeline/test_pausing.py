"""Sources paused, resumed and polled out of turn, as the owner of their shard is asked to."""

import asyncio
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from unit.pipeline.world import HANGS, asked, feed

from worker.core.feeds import ShardMemory
from worker.core.feeds.inbox import SHARD_KEY, Command, State, loaded_inbox
from worker.core.schedule import slot_after
from worker.core.sources import stored
from worker.errors import BrokerAway, ClaimLost, Unsure
from worker.model import Definition, Fault, FaultKind, Topic
from worker.pipeline.asking import Wanted, outcomes, put
from worker.pipeline.clocks import wall_clock
from worker.pipeline.polls.agenda import Agenda
from worker.pipeline.polls.inbox import Inbox
from worker.pipeline.polls.under_way import UnderWay
from worker.pipeline.search import Search

DAY = 86_400  # seconds
HOUR_MS = 3_600_000
LATE = 0.3  # seconds; of two sources the first polls are spread over less


async def ask(world, name, *definitions):
    """Ask, and wait for what becomes of each: its state and message."""
    wanted, since = await put_only(world, name, *definitions)
    return await told(world, wanted, since)


async def put_only(world, name, *definitions):
    ask.count = getattr(ask, "count", 0) + 1
    wanted = [
        Wanted(Command(f"{name} {definition.id} {ask.count}", name, definition.id, {}, "somebody"), definition.site)
        for definition in definitions
    ]
    return wanted, await put(world.broker, wanted, wall_clock())


async def told(world, wanted, since):
    async with asyncio.timeout(HANGS):
        found = [(one.state, one.message) async for one in outcomes(world.broker, wanted, since)]
    return found[0] if len(found) == 1 else found


async def again(world):
    world.stop.clear()
    return await world.run()


async def test_a_paused_source_is_polled_no_more_be_it_after_a_restart_until_it_is_resumed(world):
    one, two = await world.add("one", feed("A")), await world.add("two", feed("B"))
    async with world.running():
        await world.until(lambda: asked(world, one, 1))
        assert (await ask(world, "pause", one))[0] is State.DONE
        assert "before" in (await ask(world, "pause", one))[1]
        state, why = await ask(world, "poll", one)
        assert (state, "it is paused" in why) == (State.REFUSED, True)
    totals = await again(world)
    assert (world.servers.times(one.url), world.servers.times(two.url)) == (1, 2)
    assert not totals.incomplete
    async with world.running():
        assert (await ask(world, "resume", one))[0] is State.DONE
        assert "was not" in (await ask(world, "resume", one))[1]
    await again(world)
    assert world.servers.times(one.url) == 2


@pytest.mark.parametrize("days", [-2, 2])
async def test_a_source_resumed_after_the_clock_was_set_waits_for_its_next_slot_and_not_for_days(
    world, monkeypatch, days
):
    one = await world.add("one", feed("A"), interval_s=1)
    two = await world.add("two", feed("B"), interval_s=DAY // 2)
    set_by = slot_after(two, wall_clock()) - wall_clock() + HOUR_MS  # so that no slot of the second is near
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + set_by * 10**6)
    async with world.running():
        await world.until(lambda: asked(world, one, 1))
        await world.until(lambda: asked(world, two, 1))
        assert {state for state, _ in await ask(world, "pause", one, two)} == {State.DONE}
        asked_before = world.servers.times(one.url)
        monkeypatch.setattr(time, "time_ns", lambda: real() + (set_by + days * DAY * 1000) * 10**6)
        assert {state for state, _ in await ask(world, "resume", one, two)} == {State.DONE}
        await world.until(lambda: asked(world, one, asked_before + 1))
    assert world.servers.times(two.url) == 1


@pytest.mark.parametrize("steps", [0, 1])
@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda polls, owned, _source: polls.take_up(owned), id="its shard is owned again"),
        pytest.param(lambda polls, _owned, source: polls.cut(source), id="it is paused or removed here"),
        pytest.param(lambda polls, _owned, _source: polls.cut_all(), id="the worker is to stop"),
    ],
)
async def test_a_source_found_paused_or_cut_is_not_asked_though_its_poll_had_begun(world, end, steps):
    one = await world.add("one", feed("A"))
    memory, owned_again = ShardMemory("of the one before"), asyncio.Event()
    memory.define(one)
    memory.held(one.id).opened.paused = True
    owned = SimpleNamespace(memory=memory)

    async def certain():
        await owned_again.wait()
        return owned

    ownership = SimpleNamespace(certain=certain, search=Search(), last=owned)
    agenda = Agenda()
    agenda.put(one.id, 0)
    agenda.take(0, lambda _: one.site)
    polls = UnderWay({one.id: one}, world.prepared(), ownership, agenda, asyncio.Event().wait)
    async with asyncio.TaskGroup() as tasks:
        polls.begin(one.id, tasks)
        for _ in range(steps):
            await asyncio.sleep(0)
        end(polls, owned, one.id)
        owned_again.set()
    assert (world.servers.asked, agenda.idle, one.id in polls) == ([], True, False)


async def test_a_paused_source_that_is_defined_anew_is_not_asked_before_it_is_resumed(world):
    one = await world.add("one", feed("A"))
    moved = replace(one, url="http://one.example/moved")
    world.servers.says[moved.url] = feed("B")
    async with world.running():
        await world.until(lambda: asked(world, one, 1))
        assert (await ask(world, "pause", one))[0] is State.DONE
        await world.broker.append([stored.record(moved, wall_clock())])
        two = await world.add("two", feed("C"))
        await world.until(lambda: asked(world, two, 1))
        assert world.servers.times(moved.url) == 0
        assert (await ask(world, "resume", one))[0] is State.DONE
        assert (await ask(world, "poll", one))[0] is State.DONE
    assert world.servers.times(moved.url) == 1


async def test_a_poll_out_of_turn_is_told_when_it_is_through(world):
    one = await world.add("one", feed("A"))
    await world.run()
    async with world.running():
        world.servers.says[one.url] = feed("A", "B")
        assert await ask(world, "poll", one) == (State.DONE, "polled: 1 unchanged, 1 created")
        assert await ask(world, "poll", one) == (State.DONE, "polled: it has nothing new")
        world.servers.says[one.url] = Fault(FaultKind.STATUS, "500 Internal Server Error", 500)
        assert await ask(world, "poll", one) == (State.REFUSED, "status: 500 Internal Server Error")
    assert await world.events() == [("A", 1), ("B", 1)]


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Fault(FaultKind.GONE, "410 Gone", 410), "gone for good"),
        (Fault(FaultKind.THROTTLED, "429", 429, 3600.0), "left alone until"),
    ],
)
async def test_what_is_gone_or_asked_to_be_left_alone_is_not_polled(world, fault, why):
    one = await world.add("one", fault)
    await world.run()
    async with world.running():
        state, said = await ask(world, "poll", one)
    assert (state, why in said, world.servers.times(one.url)) == (State.REFUSED, True, 1)


async def test_a_topic_can_be_paused_and_not_polled(world):
    topic = Definition("t", "kafka://127.0.0.1:9/t", "topic:t", 1, kind="topic")
    await world.broker.append([stored.record(topic, 1)])
    pausing = await put_only(world, "pause", topic)
    polling = await put_only(world, "poll", topic)
    await world.run()
    assert (await told(world, *pausing))[0] is State.DONE
    assert (await told(world, *polling))[0] is State.REFUSED
    assert not (await again(world)).asked


async def test_a_poll_that_is_under_way_does_not_answer_what_is_asked_for_after_it_began(world):
    one = await world.add("one", feed("A"))
    world.servers.hanging.add(one.url)
    async with world.running():
        await world.until(lambda: asked(world, one, 1))
        wanted, since = await put_only(world, "poll", one)
        await world.until(lambda: answered(world, 1))
        world.servers.hanging.clear()
        world.servers.hang[one.url].set()
        assert (await told(world, wanted, since))[0] is State.DONE
    assert world.servers.times(one.url) == 2


async def answered(world, count):
    await asyncio.sleep(0)
    return await position(world) >= count


async def position(world):
    found = [one.value async for one in world.broker.read(Topic.CHECKPOINTS) if one.key == SHARD_KEY]
    return loaded_inbox(found[-1]).position if found else 0


@pytest.mark.parametrize("what", ["pause", "remove"])
async def test_who_waits_for_a_poll_is_told_when_its_source_is_paused_or_removed(world, what):
    one = await world.add("one", feed("A"))
    await world.run()
    world.servers.hanging.add(one.url)
    async with world.running():
        polling = await put_only(world, "poll", one)
        await world.until(lambda: asked(world, one, 2))
        if what == "pause":
            assert (await ask(world, "pause", one))[0] is State.DONE
        else:
            await world.remove(one)
        state, why = await told(world, *polling)
    assert (state, "meanwhile" in why) == (State.REFUSED, True)


async def test_a_poll_that_was_asked_for_and_cut_short_is_made_by_the_next_owner(world):
    one = await world.add("one", feed("A"))
    await world.run()
    world.servers.hanging.add(one.url)
    async with world.running():
        polling = await put_only(world, "poll", one)
        await world.until(lambda: asked(world, one, 2))
    world.servers.hanging.clear()
    world.stop.clear()
    async with world.running():
        assert (await told(world, *polling))[0] is State.DONE
    assert world.servers.times(one.url) == 3


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("happened", [False, True])
@pytest.mark.parametrize("name", ["pause", "resume", "poll"])
async def test_a_commit_that_fails_or_whose_answer_is_lost_is_gone_on_from(world, name, happened):
    one = await world.add("one", feed("A"))
    await world.run()
    async with world.running():
        assert (await ask(world, "resume", one))[0] is State.DONE  # and so the first report is committed
        (world.broker.after if happened else world.broker.before).append(
            Unsure("no answer") if happened else ClaimLost("fenced")
        )
        assert (await ask(world, name, one))[0] is State.DONE
    memory = ShardMemory("token")
    async for record in world.broker.read(Topic.CHECKPOINTS):
        memory.absorb(record.key, record.value)
    memory.restored()
    assert (memory.paused("one"), memory.head("one").polls_asked) == (name == "pause", ())
    assert await world.events() == [("A", 1)]


async def test_what_was_asked_while_no_worker_ran_comes_before_the_first_polls(world, monkeypatch):
    one, two = await world.add("one", feed("A")), await world.add("two", feed("B"))
    known = Inbox._settle

    async def late(inbox, record):
        await asyncio.sleep(LATE)
        await known(inbox, record)

    monkeypatch.setattr(Inbox, "_settle", late)
    await put_only(world, "pause", one)
    async with world.running():
        await world.until(lambda: asked(world, two, 1))
    assert world.servers.times(one.url) == 0


async def test_an_inbox_that_can_not_be_read_keeps_nobody_from_being_polled(world, monkeypatch):
    one = await world.add("one", feed("A"))

    async def fails(_inbox, _position):
        raise BrokerAway("the inbox can't be read")

    monkeypatch.setattr(Inbox, "_read_on", fails)
    async with world.running():
        await world.until(lambda: asked(world, one, 1))
