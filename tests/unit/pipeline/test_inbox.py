"""What others ask of a shard's owner: carried out once, in their order, whatever happens to the owner meanwhile."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import asdict

import pytest
from unit.pipeline.upstream import upstream
from unit.pipeline.world import HANGS, feed
from unit.pipeline.world import asked as polled

from worker.core.feeds import ShardMemory
from worker.core.feeds.inbox import Command, Outcome, State, loaded_command
from worker.core.feeds.redrive import Kept, kept, said
from worker.core.identity import article_id
from worker.core.sources import stored as sources
from worker.core.takedown import Published
from worker.errors import ClaimLost, Unsure
from worker.model import Definition, Mode, Record, Stage, Topic
from worker.pipeline.asking import Wanted, outcomes, put, unowned
from worker.pipeline.clocks import wall_clock
from worker.pipeline.polls import redriving, stream
from worker.pipeline.polls.inbox import Inbox
from worker.pipeline.takedown import seek

LOOKS = 50  # turns of the loop in which a topic would be opened


async def articles(world):
    return [record.key.decode() async for record in world.broker.read(Topic.ARTICLES) if record.value is not None]


async def takedown(world, definition, name="c1"):
    sought = await seek(world.broker, (await articles(world))[0])
    return Wanted(
        Command(name, "forget", definition.id, {"article": asdict(sought.last), "seen": sought.seen}), definition.site
    )


async def answered(world, *wanted):
    since = await put(world.broker, wanted, 1)
    return [outcome async for outcome in outcomes(world.broker, wanted, since)]


async def ends(world):
    """Of each article, what its last record is."""
    found = {}
    async for record in world.broker.read(Topic.ARTICLES):
        found.setdefault(record.key.decode(), []).append(record.value is not None)
    return list(found.values())


async def test_an_article_is_taken_down_while_the_worker_runs_and_its_feed_does_not_bring_it_back(world):
    definition = await world.add("one", feed("A", "B"))
    async with world.running():
        await world.until(lambda: asked_for(world, 2))
        (outcome,) = await answered(world, await takedown(world, definition))
    assert (outcome.state, "withdrawn" in outcome.message) == (State.DONE, True)
    world.servers.says[definition.url] = feed("A|other", "B")
    world.stop.clear()
    await world.run()
    assert sorted(await ends(world)) == [[True], [True, True, False]]


async def asked_for(world, count):
    return len(await articles(world)) == count


async def test_what_is_asked_while_no_worker_runs_waits_and_is_done_by_one_that_polls_each_source_once(world):
    definition = await world.add("one", feed("A"))
    await world.run()
    wanted = await takedown(world, definition)
    since = await put(world.broker, [wanted], 1)
    assert await unowned(world.broker, [wanted], 1) == [0]
    await world.run()
    assert [outcome.state async for outcome in outcomes(world.broker, [wanted], since)] == [State.DONE]
    assert await ends(world) == [[True, True, False]]


async def test_what_came_twice_is_done_once_and_asked_for_anew_it_is_said_to_be_done(world):
    definition = await world.add("one", feed("A"))
    await world.run()
    wanted = await takedown(world, definition)
    since = await put(world.broker, [wanted, wanted], 1)
    another = await takedown(world, definition, "c2")
    await put(world.broker, [another], 1)
    await world.run()
    told = [outcome async for outcome in outcomes(world.broker, [wanted, another], since)]
    assert [(one.id, one.state) for one in told] == [("c1", State.DONE), ("c2", State.DONE)]
    assert "before" in told[1].message
    assert await ends(world) == [[True, True, False]]


async def test_what_another_shard_has_published_since_is_taken_down_again_once(world):
    definition = await world.add("one", feed("A"))
    await world.run()
    (live,) = [record async for record in world.broker.read(Topic.ARTICLES)]
    told = []
    for again in (False, True):
        if again:
            await world.broker.append([Record(Topic.ARTICLES, live.key, live.value, live.headers, 1, live.key)])
        wanted = [await takedown(world, definition, f"{name}{again}") for name in ("c", "d")]
        since = await put(world.broker, wanted, 1)
        await world.run()
        told += [outcome.message async for outcome in outcomes(world.broker, wanted, since)]
    assert ["before" in message for message in told] == [False, True] * 2
    assert await ends(world) == [[True, True, False] * 2]


@pytest.mark.parametrize("value", [b"", b"[]", b'{"v":1}', None])
async def test_what_is_no_command_is_passed_over(world, value):
    definition = await world.add("one", feed("A"))
    await world.run()
    await world.broker.append([Record(Topic.INBOX, b"one", value, (), 1, definition.site.encode())])
    wanted = await takedown(world, definition)
    since = await put(world.broker, [wanted], 1)
    await world.run()
    assert [outcome.state async for outcome in outcomes(world.broker, [wanted], since)] == [State.DONE]
    assert loaded_command(b"one", value) is None


@pytest.mark.parametrize(("name", "member"), [("burn", {}), ("forget", {}), ("redrive", {"digest": "zz"})])
async def test_a_command_that_is_unknown_or_makes_no_sense_is_refused(world, name, member):
    definition = await world.add("one", feed("A"))
    await world.run()
    wanted = Wanted(Command("c1", name, "one", member), definition.site)
    since = await put(world.broker, [wanted], 1)
    await world.run()
    assert [outcome.state async for outcome in outcomes(world.broker, [wanted], since)] == [State.REFUSED]


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("happened", [False, True])
async def test_a_commit_that_fails_or_whose_answer_is_lost_is_gone_on_from_under_the_next_ownership(world, happened):
    definition = await world.add("one", feed("A"))
    await world.run()
    wanted = await takedown(world, definition)
    since = await put(world.broker, [wanted], 1)
    (world.broker.after if happened else world.broker.before).append(
        Unsure("no answer") if happened else ClaimLost("fenced")
    )
    await world.run()
    assert [outcome.state async for outcome in outcomes(world.broker, [wanted], since)] == [State.DONE]
    assert await ends(world) == [[True, True, False]]


async def test_an_inbox_that_was_made_anew_is_read_from_its_start(world):
    definition = await world.add("one", feed("A"))
    memory = ShardMemory("token")
    memory.restored()
    memory.answer(6, Outcome("c0", State.DONE, "", 1), 0)
    await world.broker.append(memory.records(1))
    await world.run()
    wanted = await takedown(world, definition)
    since = await put(world.broker, [wanted], 1)
    for _ in range(2):
        await world.run()
    assert [outcome.state async for outcome in outcomes(world.broker, [wanted], since)] == [State.DONE]
    assert await ends(world) == [[True, True, False]]


async def rejection(world):
    (record,) = [record async for record in world.broker.read(Topic.REJECTS)]
    return kept({name: value.decode() for name, value in record.headers}, record.value)


async def test_a_rejection_is_read_again_and_published(world):
    definition = await world.add("one", feed("A"))
    world.record_bytes = 2_100
    await world.run()
    assert await articles(world) == []
    world.record_bytes = 1_000_000
    found = await rejection(world)
    wanted = [Wanted(Command(name, "redrive", "one", said(found)), definition.site) for name in ("c1", "c2")]
    since = await put(world.broker, wanted, 1)
    await world.run()
    told = [outcome async for outcome in outcomes(world.broker, wanted, since)]
    assert [outcome.state for outcome in told] == [State.DONE, State.SUPERSEDED]
    assert await world.events() == [("A", 1)]
    assert world.servers.times(definition.url) == 2


async def test_what_takes_long_to_read_again_keeps_no_other_feed_from_its_first_poll(world):
    one = await world.add("one", feed("A"))
    world.record_bytes = 2_100
    await world.run()
    world.record_bytes = 1_000_000
    two = await world.add("two", feed("B"))
    world.readers.let["one"] = reading = asyncio.Event()
    await put(world.broker, [Wanted(Command("c1", "redrive", "one", said(await rejection(world))), one.site)], 1)
    async with world.running():
        await world.until(lambda: polled(world, two, 1))
        reading.set()


async def test_where_its_bytes_are_not_all_there_its_feed_is_asked_anew_at_once(world):
    definition = await world.add("one", feed("A"))
    world.record_bytes = 2_100
    await world.run()
    world.record_bytes = 1_000_000
    found = await rejection(world)
    cut = {**said(found), "whole": False}
    async with world.running():
        (outcome,) = await answered(world, Wanted(Command("c1", "redrive", "one", cut), definition.site))
        await world.until(lambda: asked_for(world, 1))
    assert (outcome.state, "asked anew" in outcome.message) == (State.DONE, True)


@pytest.fixture
async def topic(world):
    """A topic whose record "one" is to be kept out of the shard, as a command asks that `ask` puts behind others."""
    definition = Definition("t", "kafka://127.0.0.1:9/t", "topic:t", 1, kind="topic")
    await world.broker.append([sources.record(definition, 1)])
    source = {"id": "t", "kind": "topic", "site": "topic:t"}
    one = Published(
        article_id("topic:t", "id", "one"), 1, "a" * 32, False, source, Mode.LIVE, "one", None, None, None, "one"
    )
    return Command("c1", "keep_out", "t", {"article": asdict(one)})


@pytest.fixture
def order(monkeypatch):
    """What is done in turn: commands take long, so that whoever doesn't wait for them comes first."""
    known, done = Inbox._settle, []

    def opening(what):
        @asynccontextmanager
        async def opened(options):
            done.append(what)
            async with upstream(options) as opened:
                yield opened

        return opened

    async def late(inbox, record):
        for _ in range(LOOKS):
            await asyncio.sleep(0)
        done.append("carried out")
        await known(inbox, record)

    monkeypatch.setattr(stream, "consuming", opening("opened"))
    monkeypatch.setattr(redriving, "consuming", opening("redriven"))
    monkeypatch.setattr(Inbox, "_settle", late)
    return done


async def test_a_topic_is_consumed_only_once_what_waits_to_be_kept_out_of_the_shard_is(world, topic, order):
    await put(world.broker, [Wanted(topic, 0)], wall_clock())
    async with world.running():
        await world.until(lambda: asked_for(world, 1))
    assert order == ["carried out", "opened"]
    assert await world.events() == [("two", 1)]


async def test_so_is_what_is_redriven_of_it(world, topic, order):
    asked = Command("c0", "redrive", "t", said(Kept("t", '["t",0,0]', "00" * 32, b"{", whole=False, stage=Stage.READ)))
    await put(world.broker, [Wanted(asked, "topic:t"), Wanted(topic, 0)], wall_clock())
    async with world.running():
        await world.until(lambda: asked_for(world, 1))
    assert order[:2] == ["carried out"] * 2
    assert sorted(order[2:]) == ["opened", "redriven"]


@pytest.mark.parametrize("hangs", ["opening", "beginning"])
async def test_a_worker_that_is_to_stop_waits_for_no_topic_that_does_not_answer(world, topic, monkeypatch, hangs):
    opening = asyncio.Event()

    async def never(*_):
        opening.set()
        await asyncio.Event().wait()

    @asynccontextmanager
    async def opened(options):
        if hangs == "opening":
            await never()
        async with upstream(options) as reader:
            reader.begin = never
            yield reader

    monkeypatch.setattr(stream, "consuming", opened)
    world.grace = 2 * HANGS  # which it would take otherwise
    async with world.running():
        await opening.wait()
