"""replay() in splits: each file falls to one, what is remembered of it holds whatever the split."""

import asyncio
import json
from collections import Counter

import pytest

from worker.broker.connect import connect
from worker.core.identity import split_of
from worker.core.replays.memory import ReplayMemory
from worker.errors import Superseded, UsageError
from worker.model import STANDARD_INPUT, Split, Topic
from worker.pipeline.replays import claims
from worker.pipeline.replays.job import Options, from_files, from_stream
from worker.pipeline.replays.replay import replay
from worker.pipeline.replays.summary import Summary

FILES = [f"{number:02}.jsonl" for number in range(12)]
ALL = Counter(f"{name} {number}" for name in FILES for number in range(3))


def of_split(index, count):
    return Counter({title: 1 for title in ALL if split_of(title.partition(" ")[0], count) == index})


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "data"
    path.mkdir()
    for name in FILES:
        write(path / name, *(f"{name} {number}" for number in range(3)))
    return path


def write(path, *titles):
    path.write_text("".join(json.dumps({"headline": title}) + "\n" for title in titles))


@pytest.fixture
async def broker(tmp_path):
    async with connect(f"sqlite:///{tmp_path}/news.db", create=True) as opened:
        yield opened


@pytest.fixture
def run(broker, folder, pool):
    async def ran(split=None, *, only=frozenset(), **options):
        summary = Summary()
        job = from_files([folder], "data", Options(**options), only=only, split=split)
        await replay(broker, pool, job, summary, asyncio.Event())
        return summary

    return ran


async def names(broker):
    events = [json.loads(record.value)["item"] async for record in broker.read(Topic.ARTICLES)]
    return Counter(item["headlines"][0]["value"] for item in events)


async def remembered(broker):
    memory = ReplayMemory("data")
    async for record in broker.read(Topic.REPLAYS):
        memory.absorb(record.key, record.value)
    return memory


async def test_each_split_publishes_its_files_and_all_of_them_everything_once(broker, run):
    assert (await run(Split(0, 3))).published == of_split(0, 3).total()
    assert await names(broker) == of_split(0, 3)
    await asyncio.gather(run(Split(1, 3)), run(Split(2, 3)))
    assert await names(broker) == ALL
    assert (await remembered(broker)).unfinished() == []


async def test_finished_in_splits_another_number_of_them_publishes_nothing_twice(broker, run):
    await run(Split(0, 2))
    await run(Split(1, 2))
    for split in (Split(0, 3), Split(1, 3), Split(2, 3), None):
        assert (await run(split)).nothing_new
    assert await names(broker) == ALL


async def test_without_a_split_what_was_begun_in_splits_is_finished_split_by_split(broker, run):
    await run(Split(1, 3), limit=1)
    summary = await run()
    assert summary.published == ALL.total() - 1
    assert summary.files == len(FILES)
    assert await names(broker) == ALL
    memory = await remembered(broker)
    assert memory.unfinished() == []
    assert set(memory.done) == {Split(0, 3), Split(1, 3), Split(2, 3)}


async def test_a_limit_holds_over_the_splits_and_leaves_them_unfinished(broker, run):
    await run(Split(1, 3), limit=1)
    most = of_split(0, 3).total() + 1
    assert (await run(limit=most)).published == most
    assert [claim.split for claim in (await remembered(broker)).unfinished()] == [Split(1, 3), Split(2, 3)]
    with pytest.raises(UsageError, match="3 splits"):
        await run(Split(0, 2))
    await run()
    assert await names(broker) == ALL


async def test_only_a_file_leaves_its_split_unfinished(broker, run):
    await run(Split(1, 3), limit=1)
    name = next(name for name in FILES if split_of(name, 3) == 2)
    assert (await run(only=frozenset({name}))).published == 3
    assert [claim.split for claim in (await remembered(broker)).unfinished()] == [Split(1, 3), Split(2, 3)]


async def test_only_a_file_of_another_split_is_refused(run):
    with pytest.raises(UsageError, match=r"00.jsonl lies in --split \d/3"):
        await run(Split((split_of("00.jsonl", 3) + 1) % 3, 3), only=frozenset({"00.jsonl"}))


async def test_the_splits_of_one_again_publish_everything_once_more_under_one_run(broker, run):
    await run()
    await run(Split(0, 2), again=True)
    await run(Split(1, 2), again=True, limit=1)
    assert (await run(again=True)).published == of_split(1, 2).total() - 1
    assert await names(broker) == ALL + ALL
    runs = [json.loads(record.value)["provenance"].get("run") async for record in broker.read(Topic.ARTICLES)]
    assert len(set(runs)) == 2


async def test_standard_input_is_refused_by_a_data_set_that_was_begun_in_splits(broker, run, pool, tmp_path):
    await run(Split(1, 3), limit=1)
    write(tmp_path / STANDARD_INPUT, "one")
    with (tmp_path / STANDARD_INPUT).open("rb") as stream, pytest.raises(UsageError, match="begun in 3 splits"):
        await replay(broker, pool, from_stream(stream, "data", Options()), Summary(), asyncio.Event())


async def test_a_split_replayed_outside_a_run_that_it_had_ended_still_has_ended_it(broker, run):
    await run(Split(0, 2), again=True)
    await run(Split(0, 2))
    await run(Split(1, 2), again=True)

    assert (await remembered(broker)).pending_run() is None
    assert (await run(Split(0, 2), again=True)).published == of_split(0, 2).total()


async def test_a_split_that_another_replay_takes_over_costs_the_others_nothing(broker, run, monkeypatch):
    taken = []
    own = claims.own

    async def overtaken(of, mine):
        if not taken:
            taken.append(mine)
            await run(mine.split)
        return await own(of, mine)

    await run(Split(0, 3), limit=1)
    monkeypatch.setattr(claims, "own", overtaken)
    with pytest.raises(Superseded, match="split 0/3"):
        await run()
    assert await names(broker) == ALL
