"""replay(): what becomes of it when the broker fails, refuses or loses its answer."""

import asyncio
import json
import sqlite3
from itertools import count
from types import SimpleNamespace

import pytest
from unit.pipeline.failing import Failing, FailingClaim

from worker.broker.connect import connect
from worker.core.replays.memory import ReplayMemory
from worker.errors import BrokerAway, ClaimLost, Superseded, Unsure
from worker.model import Code, Topic
from worker.pipeline.replays import replay as module
from worker.pipeline.replays.job import Options, from_files
from worker.pipeline.replays.pace import Pace
from worker.pipeline.replays.replay import replay
from worker.pipeline.replays.summary import Summary

pytestmark = pytest.mark.usefixtures("no_pauses")


@pytest.fixture
async def broker(tmp_path):
    async with connect(f"sqlite:///{tmp_path}/news.db", create=True) as opened:
        yield Failing(opened)


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "data"
    path.mkdir()
    lines = [json.dumps({"headline": f"line {number}", "text": "rain"}) for number in range(40)]
    (path / "a.jsonl").write_text("".join(f"{line}\n" for line in lines))
    for number in range(20):
        (path / f"b{number:02}.txt").write_text(f"text {number}")
    return path


@pytest.fixture
def run(broker, folder, pool):
    async def ran(**options):
        summary = Summary()
        await replay(broker, pool, from_files([folder], "data", Options(**options)), summary, asyncio.Event())
        return summary

    return ran


async def names(broker):
    found = [json.loads(record.value)["item"] async for record in broker.read(Topic.ARTICLES)]
    return [item["headlines"][0]["value"] if "headlines" in item else item["bodies"][0]["value"] for item in found]


LARGE = "too large to be taken " * 500
ALL = [f"line {number}" for number in range(40)] + [f"text {number}" for number in range(20)]


async def test_a_broker_that_comes_back_gets_everything_once(broker, run):
    broker.claims.extend([BrokerAway("down"), None, BrokerAway("down")])
    broker.before.extend([None, BrokerAway("down"), None, BrokerAway("down")])
    summary = await run()
    assert await names(broker) == ALL
    assert summary.published == 60


@pytest.mark.parametrize("when", ["before", "after"])
async def test_after_an_answer_that_was_lost_nothing_is_lost_or_doubled(broker, run, when):
    getattr(broker, when).extend([None, Unsure("no answer"), None, Unsure("no answer"), Unsure("no answer")])
    assert (await run()).published == 60  # what did happen is counted too
    assert await names(broker) == ALL
    assert (await run()).nothing_new


async def test_a_shard_that_the_broker_took_back_is_owned_again_and_gets_everything_once(broker, run):
    broker.claims.extend([None, ClaimLost("fenced"), None, ClaimLost("fenced")])
    broker.before.extend([None, ClaimLost("slow"), None, ClaimLost("slow")])
    assert (await run()).published == 60
    assert await names(broker) == ALL
    assert (await run()).nothing_new


@pytest.mark.parametrize("error", [BrokerAway("down"), Unsure("no answer"), ClaimLost("slow")])
async def test_the_word_that_all_is_done_gets_there_through_faults(broker, run, monkeypatch, error):
    done = module.memory.done_record

    def failing_once(*of):
        monkeypatch.setattr(module.memory, "done_record", done)
        broker.before.append(error)
        return done(*of)

    monkeypatch.setattr(module.memory, "done_record", failing_once)
    summary = await run()
    assert (summary.published, summary.files, dict(summary.outcomes)) == (60, 21, {})
    memory = ReplayMemory("data")
    async for record in broker.read(Topic.REPLAYS):
        memory.absorb(record.key, record.value)
    assert (memory.unfinished(), len(memory.done)) == ([], 1)


async def test_a_replay_that_lost_its_shard_to_a_newer_one_ends_and_writes_nothing_more(broker, run, monkeypatch):
    commit, newer = FailingClaim.commit, []

    async def displaced(self, records):
        if any(record.topic is Topic.ARTICLES for record in records):
            monkeypatch.setattr(FailingClaim, "commit", commit)
            newer.append(await run())
        await commit(self, records)

    monkeypatch.setattr(FailingClaim, "commit", displaced)
    with pytest.raises(Superseded, match="leaves the rest to it"):
        await run()
    assert [summary.published for summary in newer] == [60]
    assert broker.claimed == 4  # two each: the data set's and the split's; none to find out that it was lost
    assert await names(broker) == ALL


async def test_a_broker_that_stays_away_ends_it_after_the_time_that_was_given(broker, run, monkeypatch):
    seconds = count(step=10.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    broker.claims.extend([BrokerAway("down")] * 1_000)
    with pytest.raises(BrokerAway):
        await run(give_up_after=100.0)
    assert 900 < len(broker.claims) < 1_000


async def test_a_stop_is_heeded_while_the_broker_keeps_a_replay_waiting(broker, folder, pool, monkeypatch):
    stop = asyncio.Event()

    async def waiting(shard):
        stop.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(broker, "claim", waiting)
    await replay(broker, pool, from_files([folder], "data", Options()), Summary(), stop)
    assert await names(broker) == []


@pytest.fixture
def trickling(monkeypatch):
    """One article after another, each decided while the one before it is on its way: transactions of one."""

    async def allow(self, most, stop):
        await asyncio.sleep(0)
        return 1

    monkeypatch.setattr(Pace, "allow", allow)


@pytest.fixture
async def strict(broker, tmp_path):
    """Articles are checked against the limit of before, and stored under one that was lowered since."""
    most_bytes(tmp_path / "news.db", 5_000)
    async with connect(f"sqlite:///{tmp_path}/news.db", create=False) as opened:
        opened.max_record_bytes = broker.broker.max_record_bytes
        broker.broker = opened
        yield opened


@pytest.mark.parametrize("line", [0, 23, 39])
async def test_a_refused_record_is_found_and_rejected_and_all_others_are_published(strict, run, folder, line):
    lines = (folder / "a.jsonl").read_text().splitlines()
    lines[line] = json.dumps({"headline": f"line {line}", "text": LARGE})
    (folder / "a.jsonl").write_text("".join(f"{text}\n" for text in lines))
    await none_but(f"line {line}", strict, await run())


async def test_a_refused_file_is_found_and_rejected_and_all_others_are_published(strict, run, folder):
    (folder / "b07.txt").write_text(LARGE)
    await none_but("text 7", strict, await run())


async def test_not_the_article_decided_last_is_blamed_but_the_one_that_was_refused(strict, run, folder, trickling):
    (folder / "0.txt").write_text(LARGE)  # alone in its transaction, and when it fails others were decided
    await none_but("", strict, await run())


async def none_but(refused, broker, summary):
    assert await names(broker) == [name for name in ALL if name != refused]
    (reject,) = [record async for record in broker.read(Topic.REJECTS)]
    assert dict(reject.headers)["reject_code"] == b"refused"
    assert LARGE.strip().encode() in reject.value
    assert summary.rejected == {Code.REFUSED: 1}


def most_bytes(path, limit):
    """Lower what a record of the articles' topic may have, as an operator would."""
    file = sqlite3.connect(path)
    ((settings,),) = file.execute("SELECT settings FROM topic WHERE name = ?", (Topic.ARTICLES,))
    changed = {**json.loads(settings), "max.message.bytes": str(limit)}
    file.execute("UPDATE topic SET settings = ? WHERE name = ?", (json.dumps(changed), Topic.ARTICLES))
    file.commit()
    file.close()


async def test_a_limit_is_kept_and_the_next_call_goes_on(broker, run):
    assert [(await run(limit=25)).published for _ in range(3)] == [25, 25, 10]
    assert await names(broker) == ALL


async def test_a_limit_holds_through_faults(broker, run):
    broker.before.extend([None, BrokerAway("down")])
    assert (await run(limit=25)).published == 25
    assert await names(broker) == ALL[:25]


async def test_again_interrupted_by_a_limit_goes_on_in_its_run_and_gives_new_ids(broker, run):
    await run()
    await run(again=True, limit=25)
    await run(again=True)
    assert await names(broker) == ALL + ALL
    events = [record async for record in broker.read(Topic.ARTICLES)]
    assert len({dict(record.headers)["ce_id"] for record in events}) == 120
    assert len({record.key for record in events}) == 60
    assert len({json.loads(record.value)["provenance"].get("run") for record in events[60:]}) == 1


async def test_once_stopped_it_reads_nothing(broker, pool, folder):
    stop = asyncio.Event()
    stop.set()
    summary = Summary()
    await replay(broker, pool, from_files([folder], "data", Options()), summary, stop)
    assert summary.published == 0


async def test_after_each_fault_a_transaction_gathers_half_but_never_less_than_a_broker_took_before(
    broker, run, monkeypatch
):
    gathered = []

    class Seen(module.OwnedShard):
        def __init__(self, *arguments, gather):
            gathered.append(gather >> 20)
            super().__init__(*arguments, gather=gather)

    monkeypatch.setattr(module, "OwnedShard", Seen)
    broker.before.extend([None, *[BrokerAway("gone")] * 3])
    await run()
    assert gathered == [16, 8, 4, 4]
    assert sorted(await names(broker)) == sorted(ALL)
