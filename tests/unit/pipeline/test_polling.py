"""The polling of feeds: what becomes of it when the broker fails, sources come and go, servers hang, and the worker stops."""

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from structlog import wrap_logger
from structlog.testing import LogCapture
from unit.pipeline.world import Servers, World, asked, feed

from worker.core.sources import stored
from worker.errors import BrokerAway, BrokerRefused, ClaimLost, ClockRefused, RecordRefused, Unsure
from worker.model import Code, Definition, Fate, Fault, FaultKind, Topic

pytestmark = pytest.mark.usefixtures("no_pauses")


async def test_each_source_is_polled_once_and_what_is_new_published(world):
    for number in range(5):
        await world.add(f"s{number}", feed(f"story {number}", f"tale {number}"))
    totals = await world.run()
    assert sorted(await world.events()) == sorted((f"{what} {n}", 1) for n in range(5) for what in ("story", "tale"))
    assert totals.fates == {Fate.CREATED: 10}
    assert not totals.incomplete


async def test_polled_again_what_has_not_changed_costs_a_304_and_what_has_is_the_next_version(world):
    one = await world.add("one", feed("a|first", "b"))
    await world.run()
    totals = await world.run()
    assert totals.polls == {"not_modified": 1}
    world.servers.says[one.url] = feed("a|second", "b", "c")
    totals = await world.run()
    assert totals.fates == {Fate.UPDATED: 1, Fate.UNCHANGED: 1, Fate.CREATED: 1}
    assert await world.events() == [("a", 1), ("b", 1), ("a", 2), ("c", 1)]


@pytest.mark.parametrize(
    ("error", "when"),
    [
        (BrokerAway("away"), "before"),
        (ClaimLost("lost"), "before"),
        (ClockRefused("clock"), "before"),
        (Unsure("unsure"), "before"),
        (Unsure("unsure"), "after"),
    ],
)
async def test_through_faults_of_the_broker_everything_is_published_once(world, error, when):
    for number in range(3):
        await world.add(f"s{number}", feed(*(f"story {number} {each}" for each in range(20))))
    getattr(world.broker, when).extend([error, None, error])
    totals = await world.run()
    events = await world.events()
    assert len(events) == len(set(events)) == 60
    assert totals.polls["read"] == 3


async def test_what_was_fetched_outlives_a_fault_and_its_server_is_asked_once(world):
    one = await world.add("one", feed("a"))
    world.broker.before.append(BrokerAway("away"))
    await world.run()
    assert world.servers.times(one.url) == 1
    assert await world.events() == [("a", 1)]


async def test_what_was_observed_by_a_wrong_clock_is_observed_anew(world):
    one = await world.add("one", feed("a"))
    world.broker.before.append(ClockRefused("clock"))
    await world.run()
    assert world.servers.times(one.url) == 2
    assert await world.events() == [("a", 1)]


async def test_a_source_that_falls_to_another_worker_is_neither_asked_at_once_nor_forgotten(world):
    weekly = await world.add("weekly", feed("a"), interval_s=7 * 24 * 60 * 60)
    often = await world.add("often", feed("b"), interval_s=1)

    async def both():
        return len(await world.events()) == 2

    async with world.running():
        await world.until(both)
    world.stop = asyncio.Event()
    before = world.servers.times(often.url)
    async with world.running():
        await world.until(lambda: asked(world, often, before + 2))
    assert world.servers.times(weekly.url) == 1


async def test_while_the_clock_is_refused_nobody_is_asked_again_and_again(world):
    one = await world.add("one", feed("a"))
    world.broker.before.extend([ClockRefused("clock")] * 4)
    await world.run()
    assert world.servers.times(one.url) == 2
    assert await world.events() == [("a", 1)]


async def test_what_another_process_has_polled_meanwhile_is_dropped_and_polled_anew(world, tmp_path):
    one = await world.add("one", feed("a"))
    await world.run()
    world.servers.says[one.url] = feed("a", "b")
    world.servers.hanging.add(one.url)

    async def polled_by_another():
        await world.until(lambda: asked(world, one, 2))
        other = World(world.broker.broker, token="another", servers=Servers())
        other.servers.says[one.url] = feed("a", "b", "c")
        other.broker = Shared(world.broker.broker)
        await other.run()
        world.servers.says[one.url] = feed("a", "b", "c", "d")
        world.broker.before.append(ClaimLost("another owner has it now"))
        world.servers.hanging.clear()
        world.servers.hang[one.url].set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(polled_by_another())
        tasks.create_task(world.run())
    assert await world.events() == [("a", 1), ("b", 1), ("c", 1), ("d", 1)]


async def test_what_another_process_has_polled_stays_dropped_though_a_sibling_has_written_its_head_since(world):
    owner, stale = (Definition(name, f"http://s.example/{name}", "s.example", 1) for name in ("owner", "stale"))
    for one in (owner, stale):  # the first to show the article owns it
        world.servers.says[one.url] = linked("x")
        await world.broker.append([stored.record(one, 1)])
        await world.run()
    world.readers.let = {owner.id: asyncio.Event(), stale.id: asyncio.Event()}
    world.servers.says |= {owner.url: linked("y"), stale.url: linked("x", "long gone")}

    async def polled_by_another():
        for one in (owner, stale):
            await world.until(lambda one=one: asked(world, one, world.servers.times(one.url) and before[one.url] + 1))
        other = World(Shared(world.broker.broker), token="another", servers=Servers())
        other.servers.says = {owner.url: linked("x"), stale.url: linked("x", "new")}
        await other.run()
        world.servers.says[stale.url] = linked("x", "new")
        world.readers.let[owner.id].set()  # who has it no more, so it is handed over
        await world.until(lambda: in_topic(world, ("y", 1)))
        world.readers.let[stale.id].set()

    before = {one.url: world.servers.times(one.url) for one in (owner, stale)}
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(polled_by_another())
        tasks.create_task(world.run())
    assert sorted(await world.events()) == [("new", 1), ("x", 1), ("y", 1)]


def linked(*titles):
    """A feed whose entries are named by links on the site of its source."""
    items = "".join(f"<item><link>http://s.example/{one[:3]}</link><title>{one}</title></item>" for one in titles)
    return f'<rss version="2.0"><channel><title>t</title>{items}</channel></rss>'.encode()


async def in_topic(world, event):
    return event in await world.events()


class Shared:
    """A broker that lets a second worker in."""

    def __init__(self, broker):
        self.broker = broker

    def __getattr__(self, name):
        return getattr(self.broker, name)

    @asynccontextmanager
    async def membership(self):
        from worker.broker.embedded.member import EmbeddedMember

        yield EmbeddedMember()


async def test_a_second_run_on_the_same_file_is_refused(world):
    one = await world.add("one", feed("a"))
    async with world.running():
        await world.until(lambda: asked(world, one, 1))
        with pytest.raises(BrokerRefused, match="Another news-worker"):
            await World(world.broker.broker).run()


async def test_sources_that_are_added_while_it_runs_are_polled_and_removed_ones_no_more(world):
    await world.add("one", feed("a"))
    async with world.running():
        two = await world.add("two", feed("b"))

        async def both():
            return len(await world.events()) == 2

        await world.until(both)
        await world.remove(two)

        async def forgotten():
            heads = [
                json.loads(r.value[1:]) async for r in world.broker.read(Topic.CHECKPOINTS) if b'"head","two"' in r.key
            ]
            return bool(heads) and heads[-1].get("removed_at", 0) > 0  # none: it was replaced while it was looked for

        await world.until(forgotten)
    assert world.servers.times(two.url) == 1


async def test_a_source_whose_url_changes_is_polled_at_its_new_one(world):
    one = await world.add("one", feed("a"))
    async with world.running():
        await world.until(lambda: asked(world, one, 1))
        moved = replace(one, url="http://one.example/new")
        world.servers.says[moved.url] = feed("a", "b")
        await world.broker.append([stored.record(moved, 2)])

        async def both():
            return await world.events() == [("a", 1), ("b", 1)]

        await world.until(both)


async def test_a_stop_cuts_what_hangs_and_commits_what_was_read(world):
    slow = await world.add("slow", feed("a"))
    await world.add("quick", feed("b"))
    world.servers.hanging.add(slow.url)
    async with world.running():
        await world.until(lambda: asked(world, slow, 1))

        async def quick():
            return await world.events() == [("b", 1)]

        await world.until(quick)
    assert await world.events() == [("b", 1)]


async def test_one_site_is_asked_one_request_at_a_time_and_its_slow_one_stalls_no_other(world):
    slow = await world.add("slow", feed("a"))
    for number in range(5):
        definition = Definition(f"x{number}", f"http://slow.example/{number}", "slow.example", 1)
        world.servers.says[definition.url] = feed(f"x{number}")
        await world.broker.append([stored.record(definition, 1)])
    await world.add("quick", feed("b"))
    world.servers.hanging.add(slow.url)

    async def let_go():
        async def quick():
            return ("b", 1) in await world.events()

        await world.until(quick)
        world.servers.hanging.clear()
        world.servers.hang[slow.url].set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(let_go())
        tasks.create_task(world.run())
    assert world.servers.most_at_once == 1
    assert len(await world.events()) == 7


async def test_a_source_in_fault_is_said_and_costs_no_other(world):
    await world.add("good", feed("a"))
    await world.add("bad", Fault(FaultKind.DNS, "no such name"))
    await world.add("page", b"<html><title>Not here</title></html>")
    totals = await world.run()
    assert await world.events() == [("a", 1)]
    assert totals.polls == {"read": 1, "fault": 2}
    assert {source: fault.kind for source, fault in totals.faults.items()} == {
        "bad": FaultKind.DNS,
        "page": FaultKind.NOT_A_FEED,
    }
    assert totals.incomplete


async def test_what_asked_to_be_left_alone_is_not_asked_by_the_next_call_either(world):
    later = await world.add("later", Fault(FaultKind.THROTTLED, "slow down", 429, 3600))
    gone = await world.add("gone", Fault(FaultKind.GONE, "gone", 410))
    await world.run()
    totals = await world.run()
    assert (world.servers.times(later.url), world.servers.times(gone.url)) == (1, 1)
    assert totals.left.keys() == {"later", "gone"}


async def test_an_article_that_the_broker_refuses_is_rejected_alone(world):
    await world.add("one", feed(*(f"story {number}" for number in range(30)), "poison"))
    world.broker = Refusing(world.broker, b"poison")
    totals = await world.run()
    assert sorted(await world.events()) == sorted((f"story {number}", 1) for number in range(30))
    assert await world.rejected() == ["refused"]
    assert totals.rejected == {Code.REFUSED: 1}
    await world.run()
    assert await world.rejected() == ["refused"]


class Refusing:
    """Refuses each transaction with an event that says the word."""

    def __init__(self, broker, word):
        self.broker, self.word = broker, word

    def __getattr__(self, name):
        return getattr(self.broker, name)

    async def claim(self, shard):
        return RefusingClaim(await self.broker.claim(shard), self.word)


class RefusingClaim:
    def __init__(self, claim, word):
        self.claim, self.word = claim, word

    def __getattr__(self, name):
        return getattr(self.claim, name)

    async def commit(self, records):
        if any(record.topic is Topic.ARTICLES and self.word in record.value for record in records):
            raise RecordRefused("no")
        await self.claim.commit(records)


async def test_a_source_whose_memory_is_damaged_is_left_alone_and_the_others_go_on(world):
    await world.add("good", feed("a"))
    bad = await world.add("bad", feed("b"))
    await world.run()
    head = [r async for r in world.broker.read(Topic.CHECKPOINTS) if b'"head","bad"' in r.key][-1]
    from worker.model import Record

    await world.broker.append([Record(Topic.CHECKPOINTS, head.key, b"\xff damaged", (), 1, b"bad.example")])
    totals = await world.run()
    assert world.servers.times(bad.url) == 1
    assert totals.left.keys() == {"bad"}
    assert totals.polls == {"not_modified": 1}


async def test_a_broker_that_stays_away_ends_the_run(world, monkeypatch):
    await world.add("one", feed("a"))
    world.broker.claims.extend([BrokerAway("away")] * 10_000)
    with pytest.raises(BrokerAway):
        await world.run(give_up_after=0.0)


async def test_no_sources_are_no_error(world):
    assert (await world.run()).polls == {}


async def test_the_grace_of_a_stop_is_bounded(world):
    world.grace = 0.05
    await world.add("one", feed("a"))
    world.broker = Stuck(world.broker)
    async with world.running():
        await world.until(lambda: is_set(world.broker.committing))
    assert await world.events() == []


async def is_set(event):
    await asyncio.sleep(0)
    return event.is_set()


class Stuck(Refusing):
    """Never answers to a commit."""

    def __init__(self, broker):
        super().__init__(broker, b"")
        self.committing = asyncio.Event()

    async def claim(self, shard):
        claim = await self.broker.claim(shard)

        async def commit(records):
            self.committing.set()
            await asyncio.Event().wait()

        return StuckClaim(claim, commit)


class StuckClaim:
    def __init__(self, claim, commit):
        self.claim, self.commit = claim, commit

    def __getattr__(self, name):
        return getattr(self.claim, name)


async def test_who_stops_says_so_last(world):
    from worker.core.feeds import loaded_report

    await world.add("one", feed("a"))
    await world.run()
    reports = [loaded_report(record.key, record.value) async for record in world.broker.read(Topic.CHECKPOINTS)]
    (last,) = filter(None, reports)
    assert (last.worker, last.sources, last.stopped, last.once) == ("host:1", 1, True, True)


async def test_a_quiet_worker_says_now_and_then_what_it_polled(world, monkeypatch):
    await world.add("one", feed("a"))
    monkeypatch.setattr("worker.pipeline.polls.worker._SUM_UP_SECONDS", 0.01)
    logs = LogCapture()  # the module's logger may have been cached by a test before: capture_logs would not hear it
    monkeypatch.setattr("worker.pipeline.polls.worker.log", wrap_logger(None, [logs]))
    async with world.running():

        async def told():
            await asyncio.sleep(0)
            said = [entry for entry in logs.entries if entry["event"] == "polls.summed_up"]
            return [sum(entry.get(what, 0) for entry in said) for what in ("read", "created")] == [1, 1]

        await world.until(told)
