"""Three workers that share feeds on Kafka, killed, frozen, stopped: nothing lost, twice or out of order, each site asked by one.

`NEWS_SEED` sets the moments; a failure names the seed.
"""

import os
import random

import pytest
from faults.conftest import made
from faults.crew import crew, restless
from faults.polled import Polled
from feeds.serving import serving

SEED = int(os.environ.get("NEWS_SEED", "1"))
PARTITIONS = 6
FEW = 10  # events, so that they are in the middle


@pytest.fixture
async def shared(kafka, tmp_path):
    place = await made(tmp_path, f"kafka://{kafka.bootstrap}", partitions=PARTITIONS, hangs=900)
    with serving(tmp_path / "feeds", restless()) as server:
        polled = Polled(place, server)
        await polled.define(interval_s=1)
        yield polled


async def test_workers_that_come_and_go_killed_and_stopped_at_random(shared):
    chosen = random.Random(SEED)
    async with crew(shared, 3) as workers:
        for number in range(8):
            await workers.events(chosen.randint(1, FEW))
            one = chosen.choice(workers.alive)
            await (one.kill() if number % 2 else one.stop())
            await workers.start()
        await workers.proven()


async def test_a_worker_frozen_past_its_session_commits_nothing_more_and_takes_its_share_again(shared):
    async with crew(shared, 3) as workers:
        frozen, *others = workers.all
        await workers.events(FEW)
        frozen.freeze()
        seen = [len(one.said) for one in others]
        for one, since in zip(others, seen, strict=True):
            await one.has_shards(since=since)
        await workers.events(3 * FEW)
        since = len(frozen.said)
        frozen.thaw()
        await frozen.has_shards(since=since)
        await workers.events(FEW)
        await workers.proven()
        assert [one.times('"shard.lost"') for one in others] == [0, 0]
