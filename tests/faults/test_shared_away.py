"""Three workers that share feeds while a broker is killed, or the network to one of them is cut."""

import pytest
from faults.conftest import made
from faults.crew import PARTITIONS, crew, restless
from faults.faults import killed
from faults.polled import Polled
from faults.test_brokers_lost import coordinator
from feeds.serving import serving

FEW = 10  # events, so that they are in the middle


@pytest.fixture
def served(tmp_path):
    with serving(tmp_path / "feeds", restless()) as server:
        yield server


@pytest.fixture
async def shared(kafka, tmp_path, served):
    polled = Polled(await made(tmp_path, f"kafka://{kafka.bootstrap}", partitions=PARTITIONS, hangs=10**6), served)
    await polled.define(interval_s=1)
    return polled


@pytest.fixture
async def shared_on_trio(kafka_trio, tmp_path, served):
    url = f"kafka://{kafka_trio.bootstrap}"
    polled = Polled(await made(tmp_path, url, partitions=PARTITIONS, replication=3, hangs=10**6), served)
    await polled.define(interval_s=1)
    return polled


async def test_a_broker_that_is_killed_and_restarted_and_then_killed_together_with_a_worker(kafka_to_kill, shared):
    async with crew(shared, 3) as workers:
        await workers.events(FEW)
        async with killed(kafka_to_kill, 0):
            for one in workers.all:
                await one.says("broker.away")
        await workers.events(3 * FEW)
        async with killed(kafka_to_kill, 0):
            await workers.all[0].kill()
        await workers.events(3 * FEW)
        await workers.proven()


async def test_one_of_three_brokers_killed_the_others_go_on_without_it(kafka_trio_to_kill, shared_on_trio):
    """The one that keeps a shard's transactions, and of course leads partitions too."""
    async with crew(shared_on_trio, 3) as workers:
        await workers.events(FEW)
        kafka_trio_to_kill.kill(
            await coordinator(kafka_trio_to_kill, f"{shared_on_trio.place.prefix}news-worker/shard/0")
        )
        await workers.events(5 * FEW)
        await workers.proven()


@pytest.mark.parametrize("cut", ["refusing", "silent"])
async def test_a_worker_cut_off_from_the_broker_leaves_its_sites_to_others_and_comes_back(kafka, proxy, shared, cut):
    async with crew(shared, 2) as workers:
        off = await workers.start(broker=f"kafka://{kafka.by('PROXIED')}")
        await off.has_shards()
        await workers.events(FEW)
        others = workers.all[:2]
        seen = [len(one.said) for one in others]
        async with getattr(proxy, cut)():
            for one, since in zip(others, seen, strict=True):
                await one.has_shards(since)
            await workers.events(3 * FEW)
            since = len(off.said)
        await off.has_shards(since)
        await workers.events(FEW)
        await workers.proven()
