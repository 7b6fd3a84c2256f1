"""A defect of the worker's own costs the source or the command that it is met with: the shard and the others go on."""

import asyncio

import pytest
from structlog import wrap_logger
from structlog.testing import LogCapture
from unit.pipeline.upstream import Upstream, upstream
from unit.pipeline.world import HANGS, asked, feed

from worker.core.feeds import MOST_RECORDS, held
from worker.core.feeds.commands import _COMMANDS
from worker.core.feeds.document import FeedDocument
from worker.core.feeds.inbox import Command, State
from worker.core.feeds.memory import ShardMemory
from worker.core.feeds.redrive import Kept, said
from worker.core.sources import stored as sources
from worker.model import Definition, FaultKind, Stage, Topic
from worker.pipeline.asking import Wanted, outcomes, put
from worker.pipeline.clocks import wall_clock
from worker.pipeline.polls import defects, inbox, poll, redriving, removals, stream

FAILS = 2

pytestmark = pytest.mark.usefixtures("no_pauses")


@pytest.fixture
def broken(monkeypatch):
    """A source whose second entry can't be decided, after its first has changed memory."""
    decided, known = [], FeedDocument.entry

    def entry(document, seen):
        decided.append(document.held.id)
        if document.held.id == "bad" and decided.count("bad") % 2 == 0:
            raise KeyError("half-way")
        return known(document, seen)

    monkeypatch.setattr(FeedDocument, "entry", entry)


@pytest.fixture
def logged(monkeypatch):
    capture = LogCapture()
    monkeypatch.setattr(defects, "log", wrap_logger(None, processors=[capture]))
    return capture


@pytest.mark.usefixtures("broken")
async def test_a_source_that_can_not_be_decided_is_in_fault_and_costs_no_other(world, logged):
    bad = await world.add("bad", feed("x", "y"))
    for number in range(3):
        await world.add(f"s{number}", feed(f"story {number}"))
    totals = await world.run()
    assert sorted(await world.events()) == [(f"story {number}", 1) for number in range(3)]
    assert totals.poll_faults == {FaultKind.INTERNAL: 1}
    assert totals.faults[bad.id].message.startswith("news-worker itself failed at it (KeyError in entry, line")
    assert "half-way" not in totals.faults[bad.id].message
    (line,) = logged.entries
    assert (line["event"], line["source"], type(line["exc_info"])) == ("source.defect", bad.id, KeyError)


@pytest.mark.usefixtures("broken")
async def test_nothing_of_what_was_decided_before_the_defect_is_remembered(world, monkeypatch):
    bad = await world.add("bad", feed("x", "y"))
    await world.add("good", feed("story"))
    await world.run()
    monkeypatch.undo()
    restored = await remembered(world)
    assert restored.remembered(bad.id) == 0
    assert restored.head(bad.id).fault.kind is FaultKind.INTERNAL
    await world.run()
    assert sorted(await world.events()) == [("story", 1), ("x", 1), ("y", 1)]


async def remembered(world):
    found = ShardMemory("looks")
    async for record in world.broker.read(Topic.CHECKPOINTS):
        found.absorb(record.key, record.value)
    found.restored()
    return found


@pytest.mark.usefixtures("broken")
async def test_it_is_asked_again_as_after_any_fault_and_its_traceback_logged_once(world, logged):
    bad = await world.add("bad", feed("x", "y"))
    async with world.running():
        for number in range(1, 3):
            await world.until(lambda number=number: asked(world, bad, number))
            await world.until(lambda number=number: in_fault(world, number))
            await put(world.broker, [Wanted(Command(f"c{number}", "poll", bad.id, {}), bad.site)], 1)
    assert len(logged.entries) == 1


async def in_fault(world, times):
    return await world.events() == [] and world.totals.poll_faults[FaultKind.INTERNAL] >= times


async def test_whose_head_can_not_be_stored_is_found_though_others_were_committed_with_it(world, monkeypatch):
    known = held.Held.written

    def written(one, token, at):
        if one.id == "bad" and one.count:
            raise TypeError("can't be stored")
        return known(one, token, at)

    monkeypatch.setattr(held.Held, "written", written)
    for name in ("bad", "s0", "s1", "s2"):
        await world.add(name, feed(f"story {name}"))
    totals = await world.run()
    assert sorted(await world.events()) == [(f"story s{number}", 1) for number in range(3)]
    assert {source: fault.kind for source, fault in totals.faults.items()} == {"bad": FaultKind.INTERNAL}


async def test_a_source_of_which_not_even_a_fault_can_be_remembered_costs_no_other(world, monkeypatch):
    def faulted(*_):
        raise RuntimeError("nor that")

    monkeypatch.setattr(FeedDocument, "done", faulted)
    monkeypatch.setattr(poll, "faulted", faulted)
    await world.add("bad", feed("x"))
    totals = await world.run()
    assert totals.poll_faults == {FaultKind.INTERNAL: 1}


async def test_an_answer_that_can_not_be_understood_is_a_fault_of_its_source(world):
    bad = await world.add("bad", feed("x"))
    await world.add("good", feed("story"))
    del world.servers.says[bad.url]
    totals = await world.run()
    assert await world.events() == [("story", 1)]
    assert {source: fault.kind for source, fault in totals.faults.items()} == {"bad": FaultKind.INTERNAL}


async def test_a_command_that_fails_half_way_is_refused_and_the_next_is_carried_out(world, monkeypatch):
    definition = await world.add("one", feed("a"))
    await world.run()

    def breaks(asked):
        asked.memory.held("one").opened.paused = True
        asked.memory.held("one").touch()
        raise ValueError("half-way")

    monkeypatch.setitem(_COMMANDS, "breaks", breaks)
    wanted = [Wanted(Command(name, name, "one", {}), definition.site) for name in ("breaks", "poll")]
    since = await put(world.broker, wanted, 1)
    await world.run()
    told = {outcome.id: outcome async for outcome in outcomes(world.broker, wanted, since)}
    assert told["breaks"].state is State.REFUSED
    assert "itself failed at it (ValueError in breaks" in told["breaks"].message
    assert told["poll"].state is State.DONE
    assert not (await remembered(world)).paused("one")


async def test_a_command_of_which_not_even_the_refusal_can_be_stored_waits_and_the_polls_go_on(world, monkeypatch):
    definition = await world.add("one", feed("a"))
    failed, known = [], inbox.Outcome

    def outcome(*args):
        if len(failed) < 2 * FAILS:  # as it is carried out, and as it is refused: once, then by a worker that goes on
            failed.append(args)
            raise RuntimeError("nor that")
        return known(*args)

    monkeypatch.setattr(inbox, "Outcome", outcome)
    monkeypatch.setattr(inbox, "_PAUSE", 0.0)
    wanted = [Wanted(Command("c", "pause", "one", {}), definition.site)]
    since = await put(world.broker, wanted, wall_clock())
    totals = await world.run()
    assert totals.left["one"].startswith("news-worker itself failed at it (RuntimeError in outcome")
    assert await world.events() == [("a", 1)]
    async with world.running(), asyncio.timeout(HANGS):
        assert [one.state async for one in outcomes(world.broker, wanted, since)] == [State.DONE]
    assert len(failed) == 2 * FAILS


async def test_once_a_topic_is_left_where_a_command_before_it_can_not_be_carried_out(world, monkeypatch):
    def outcome(*_):
        raise RuntimeError("never")

    monkeypatch.setattr(inbox, "Outcome", outcome)
    monkeypatch.setattr(stream, "consuming", upstream)
    monkeypatch.setattr(redriving, "consuming", upstream)
    redrives = Redrives(world)
    await redrives.ask()
    async with asyncio.timeout(HANGS):
        totals = await world.run()
    assert totals.left["t"].startswith("news-worker itself failed at it (RuntimeError in outcome")
    assert await world.events() == []


async def restored_often(world):
    await asyncio.sleep(0)
    return world.totals.restores > FAILS + 1


class Redrives:
    """A rejected record of a topic, of which a part was kept, asked to be consumed again."""

    topic = Definition("t", "kafka://127.0.0.1:9/t", "topic:t", 1, kind="topic")
    said = Command("c", "redrive", "t", said(Kept("t", '["t",0,0]', "00" * 32, b"{", whole=False, stage=Stage.READ)))

    def __init__(self, world):
        self.world, self.wanted = world, [Wanted(self.said, self.topic.site)]

    async def ask(self):
        await self.world.broker.append([sources.record(self.topic, 1)])
        self.since = await put(self.world.broker, self.wanted, wall_clock())

    async def told(self):
        async with asyncio.timeout(HANGS):
            (one,) = [one async for one in outcomes(self.world.broker, self.wanted, self.since)]
        return one.state, one.message


@pytest.mark.parametrize("where", ["options_of", "consuming", "at", "document_again"])
async def test_a_redriven_record_that_can_not_be_consumed_is_refused_and_asked_for_no_more(world, monkeypatch, where):
    def fails(*_):
        raise KeyError("half-way")

    monkeypatch.setattr(stream, "consuming", upstream)
    monkeypatch.setattr(redriving, "consuming", upstream)
    monkeypatch.setattr(*(Upstream, "at") if where == "at" else (redriving, where), fails)
    redrives = Redrives(world)
    await redrives.ask()
    await world.add("good", feed("story"))
    async with world.running():
        state, message = await redrives.told()
        await world.until(lambda: published(world, 3))
    assert (state, "itself failed at it (KeyError in fails" in message) == (State.REFUSED, True)
    assert (await remembered(world)).head("t").redrives == ()


async def test_a_redriven_record_of_which_not_even_the_refusal_can_be_stored_waits_and_the_others_go_on(
    world, monkeypatch
):
    broken, known = [True], ShardMemory.redrive_is_through

    def through(*args):
        if broken:
            raise RuntimeError("nor that")
        return known(*args)

    monkeypatch.setattr(ShardMemory, "redrive_is_through", through)
    monkeypatch.setattr(stream, "consuming", upstream)
    monkeypatch.setattr(redriving, "consuming", upstream)
    monkeypatch.setattr(redriving, "_PAUSE", 0.0)
    redrives = Redrives(world)
    await redrives.ask()
    await world.add("good", feed("story"))
    assert "itself failed at it" in (await world.run()).left["t"]
    assert len(await world.events()) == 3
    async with world.running():
        await world.until(lambda: restored_often(world))
        broken.clear()
        assert (await redrives.told())[0] is State.REFUSED
    assert (await remembered(world)).head("t").redrives == ()


async def test_a_source_that_can_not_be_removed_is_left_as_it_is(world, monkeypatch):
    def fails(*_):
        raise RuntimeError

    monkeypatch.setattr(removals, "removed", fails)
    gone = await world.add("gone", feed("a"))
    await world.run()
    await world.remove(gone)
    await world.add("good", feed("story"))
    await world.run()
    assert await world.events() == [("a", 1), ("story", 1)]


async def test_a_part_that_waits_is_not_committed_with_what_came_after_it(world, monkeypatch):
    """Memory would say that more was published than was."""
    titles = [f"story {number}" for number in range(MOST_RECORDS + 20)]
    await world.add("bad", feed(*titles))
    decided, known = [], FeedDocument.entry

    def entry(document, seen):
        decided.append(seen)
        if len(decided) == len(titles):
            raise KeyError
        return known(document, seen)

    monkeypatch.setattr(FeedDocument, "entry", entry)
    await world.run()
    monkeypatch.undo()
    await world.run()
    assert sorted(await world.events()) == sorted((title, 1) for title in titles)


async def test_an_upstream_record_that_can_not_be_decided_costs_no_other_source(world, monkeypatch, logged):
    topic = Definition("t", "kafka://127.0.0.1:9/t", "topic:t", 1, kind="topic")
    await world.broker.append([sources.record(topic, 1)])
    await world.add("good", feed("story"))
    monkeypatch.setattr(stream, "consuming", upstream)
    monkeypatch.setattr(stream, "_FIRST_PAUSE", 0.0)
    known, failed = stream.consumed, []

    def consumed(reading, where, memory, *args, **options):
        yield from known(reading, where, memory, *args, **options)
        if len(failed) < FAILS:
            failed.append(reading)
            raise KeyError

    monkeypatch.setattr(stream, "consumed", consumed)
    async with world.running():
        await world.until(lambda: published(world, 3))
    assert sorted(await world.events()) == [("one", 1), ("story", 1), ("two", 1)]
    assert world.totals.poll_faults == {FaultKind.INTERNAL: FAILS}
    assert [line["event"] for line in logged.entries] == ["source.defect"]


async def test_a_topic_that_always_fails_is_not_said_to_be_fine_between_as_it_answers(world, monkeypatch):
    topic = Definition("t", "kafka://127.0.0.1:9/t", "topic:t", 1, kind="topic")
    await world.broker.append([sources.record(topic, 1)])
    monkeypatch.setattr(stream, "consuming", upstream)
    monkeypatch.setattr(stream, "_FIRST_PAUSE", 0.0)
    known, known_fine, failing, fine = stream.consumed, stream.recovered, [True], []

    def consumed(*args, **options):
        if failing:
            raise KeyError
        return known(*args, **options)

    def recovered(definition, memory, now):
        fine.append(bool(failing))
        return known_fine(definition, memory, now)

    monkeypatch.setattr(stream, "consumed", consumed)
    monkeypatch.setattr(stream, "recovered", recovered)
    async with world.running():
        await world.until(lambda: in_fault(world, 4))
        failing.clear()
        await world.until(lambda: published(world, 2))
        await world.until(lambda: well(world))
    assert fine.count(True) == 1  # before it failed for the first time
    assert (await remembered(world)).head("t").fault is None


async def well(world):
    await asyncio.sleep(0)
    return not world.totals.faults


async def published(world, count):
    return len(await world.events()) >= count
