"""A shard that can't be read is left alone by the worker that has it, and taken up by that same worker once it is repaired."""

import pytest
from faults.polled import Polled
from faults.running import until
from feeds.feed import Plan
from feeds.serving import serving

from worker.broker.port import shard_of_sources
from worker.model import Record, Topic

ENTRIES = 3
ADDRESS = "127.0.7.2"


@pytest.fixture
def feeds(tmp_path):
    with serving(tmp_path / "feeds", [Plan("one", ADDRESS, entries=ENTRIES)]) as server:
        yield server


async def test_a_worker_that_runs_takes_up_a_shard_that_is_repaired(on_kafka, feeds):
    polled = Polled(on_kafka, feeds)
    await polled.define()
    async with on_kafka.connect() as broker:
        shard = broker.partition_of(Topic.CHECKPOINTS, ADDRESS.encode())
        claim = await broker.claim(shard_of_sources(shard))
        await claim.commit([Record(Topic.CHECKPOINTS, b"\xff", b"alien", (), 1, shard)])
        await claim.release()
    async with polled.running() as process:
        await until(process, "shard.refused")
        code, said = await on_kafka.run("repair", "--shard", str(shard), "--yes")
        assert code == 0, said
        await on_kafka.events_in_all(ENTRIES)
    assert (await polled.judged(*feeds.plans)).clean
