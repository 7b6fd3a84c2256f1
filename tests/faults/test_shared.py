"""Three workers that share feeds on Kafka, killed, frozen, stopped: nothing lost, twice or out of order, each site asked by one.

`NEWS_SEED` sets the moments; a failure names the seed.
"""

import asyncio
import os
import random
import time
from collections import Counter

import pytest
from faults.conftest import made
from faults.crew import ENTRIES, PARTITIONS, crew, restless
from faults.planted_polls import planted
from faults.polled import Polled
from feeds.feed import Plan
from feeds.oracle import events
from feeds.serving import serving

SEED = int(os.environ.get("NEWS_SEED", "1"))
ROUNDS = int(os.environ.get("NEWS_KILLS", "0")) or 8
FEW = 10  # events, so that they are in the middle
MANY = 280  # entries: more than one part of a document
PATIENT = {"kafka_transaction_timeout_s": 120}  # else the deadline of a commit ends it, before anything is sent


@pytest.fixture
async def place(kafka, tmp_path):
    return await made(tmp_path, f"kafka://{kafka.bootstrap}", partitions=PARTITIONS, hangs=10**6)


@pytest.fixture
async def shared(place, tmp_path):
    with serving(tmp_path / "feeds", restless()) as server:
        polled = Polled(place, server)
        await polled.define(interval_s=1)
        yield polled


@pytest.fixture
async def one_feed(place, tmp_path):
    with serving(tmp_path / "feeds", [Plan("one", "127.0.7.90", entries=MANY)]) as server:
        polled = Polled(place, server)
        await polled.define(interval_s=1)
        yield polled


async def test_workers_that_are_killed_and_stopped_at_random_while_others_come(shared):
    chosen = random.Random(SEED)
    async with crew(shared, 3) as workers:
        for number in range(ROUNDS):
            await workers.events(chosen.randint(1, FEW))
            one = chosen.choice(workers.alive)
            await (one.kill() if number % 2 else one.stop())
            await workers.start()
        await workers.proven()


async def test_progress_is_made_while_a_worker_comes_and_goes_as_fast_as_it_can(shared):
    async with crew(shared, 2) as workers:

        async def storm():
            while True:
                one = await workers.start()
                await one.has_shards()
                await one.stop()

        storming = asyncio.create_task(storm())
        await workers.events(5 * FEW)
        storming.cancel()
        await asyncio.wait({storming})
        await workers.proven()


async def test_a_worker_frozen_past_its_session_asks_and_commits_nothing_more_and_takes_its_share_again(shared):
    async with crew(shared, 3) as workers:
        frozen, *others = workers.all
        await workers.events(FEW)
        seen = [len(one.said) for one in others]
        frozen.freeze()
        for one, since in zip(others, seen, strict=True):
            await one.has_shards(since)
        await workers.events(3 * FEW)
        since = len(frozen.said)
        frozen.thaw()
        await frozen.has_shards(since)
        await workers.events(FEW)
        await workers.proven()
        assert [one.times('"shard.lost"') for one in others] == [0, 0]


async def test_a_feed_that_falls_to_another_worker_is_neither_asked_at_once_nor_forgotten(place, tmp_path):
    """Every second feed is asked once a day, the others every second."""
    with serving(tmp_path / "feeds", restless()) as server:
        polled = Polled(place, server)
        daily, restless_ones = set(list(server.plans)[::2]), set(list(server.plans)[1::2])
        await polled.define(*daily, interval_s=24 * 60 * 60)
        await polled.define(*restless_ones, interval_s=1)
        async with crew(polled, 3) as workers:
            while not daily <= await published(polled):
                await workers.events(1)
            leaving, *others = workers.all
            seen = [len(one.said) for one in others]
            stopped_at = time.monotonic()
            await leaving.stop()
            for one, since in zip(others, seen, strict=True):
                await one.has_shards(since)
            moved_at = time.monotonic()
            while not restless_ones <= asked_since(server, moved_at):
                await workers.events(1)
            assert not daily & asked_since(server, stopped_at)


async def published(polled):
    """The feeds whose first document is."""
    got, _ = events(await polled.records())
    return {feed for feed, count in Counter(feed for (feed, _), _ in got).items() if count >= ENTRIES}


def asked_since(server, instant):
    return {asked.feed for asked in server.requests if asked.begun > instant}


@pytest.mark.parametrize("bugs", [(), ("unfenced",)], ids=["fenced", "planted: not fenced"])
async def test_a_worker_frozen_before_a_transaction_that_another_then_makes_can_not_commit_it(one_feed, bugs):
    async with crew(one_feed, 0) as workers:
        frozen = await workers.start(program=planted("frozen:1", *bugs), **PATIENT)
        await frozen.frozen_by_itself()
        other = await workers.start(**({"program": planted(*bugs)} if bugs else {}), **PATIENT)
        await workers.events(MANY)
        frozen.thaw()
        await frozen.has_shards(1)
        await workers.at_rest()
        await workers.end()
        assert bool((await one_feed.judged()).twice) == bool(bugs)
        assert other.times('"shard.lost"') == 0


@pytest.mark.parametrize("bugs", [(), ("validators first",)], ids=["as it is", "planted: validators first"])
async def test_killed_between_two_transactions_of_a_document_another_worker_publishes_the_rest_though_it_answers_304(
    one_feed, bugs
):
    async with crew(one_feed, 0) as workers:
        killed = await workers.start(program=planted(*bugs, "parts", "after:1"))
        await killed.process.wait()
        assert 0 < len(await one_feed.records()) < MANY
        await workers.start()
        await workers.at_rest()
        await workers.end()
        verdict = await one_feed.judged()
        assert verdict.lost if bugs else verdict.clean
