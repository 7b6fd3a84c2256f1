"""Sources paused and polled out of turn by a worker that runs as a user runs it, or is killed in the middle of it."""

import asyncio
from contextlib import aclosing
from signal import SIGINT, SIGKILL

import orjson
import pytest
from faults.planted import at, planted
from faults.polled import Polled
from feeds.feed import Plan
from feeds.serving import serving

from worker.core.feeds.inbox import SHARD_KEY, Command, State, loaded_inbox
from worker.model import Topic
from worker.pipeline.asking import Wanted, outcomes, put
from worker.pipeline.clocks import wall_clock

SITE = "127.0.7.1"


@pytest.fixture
def feeds(tmp_path):
    with serving(tmp_path / "feeds", [Plan("one", SITE, entries=3)]) as server:
        yield server


async def test_a_worker_that_runs_pauses_resumes_and_polls_and_who_waits_is_told(place, feeds):
    polled = Polled(place, feeds)
    await polled.define(interval_s=86_400)
    assert (await polled.once())[0] == 0
    async with polled.running() as process:
        assert (await place.run("sources", "pause", "one", "--wait"))[0] == 0
        assert (await place.run("sources", "poll", "one", "--wait"))[0] == 1
        assert (await place.run("sources", "resume", "one", "--wait"))[0] == 0
        before = feeds.times_asked()
        assert (await place.run("sources", "poll", "one", "--wait"))[0] == 0
        assert feeds.times_asked() == before + 1
        process.terminate()
        await process.communicate()
    code, said = await place.run("sources", "poll", "one", "--wait-seconds", "1")
    assert (code, "no worker polls shard" in said) == (1, True)
    async with place.running("sources", "poll", "one", "--wait", stdout=asyncio.subprocess.PIPE) as waiting:
        while b"no worker polls shard" not in await waiting.stderr.readline():
            pass
        waiting.send_signal(SIGINT)
        said, _ = await waiting.communicate()
    assert (waiting.returncode, b"it stays asked for" in said) == (130, True)


@pytest.mark.parametrize(("point", "number"), [("all sent", 1), ("ended", 1), ("all sent", 2), ("ended", 2)])
async def test_a_worker_killed_around_its_commits_has_a_command_carried_out_once_by_the_next(
    on_kafka, feeds, point, number
):
    polled = Polled(on_kafka, feeds)
    await polled.define(interval_s=86_400)
    assert (await polled.once())[0] == 0
    wanted = [Wanted(Command(name, name, "one", {}), SITE) for name in ("pause", "resume", "poll")]
    async with on_kafka.connect() as broker:
        since = await put(broker, wanted, wall_clock())
        async with polled.running("--once", program=planted(at(point, number))) as process:
            _, said = await process.communicate()
        assert process.returncode == -SIGKILL, said
        async with polled.running():
            assert [one.state async for one in outcomes(broker, wanted, since)] == [State.DONE] * 3
        found = [one.value async for one in broker.read(Topic.CHECKPOINTS) if one.key == SHARD_KEY]
        positions = [loaded_inbox(value).position for value in found]
        assert (positions, positions[-1]) == (sorted(positions), 3)
        async with aclosing(broker.read(Topic.ARTICLES)) as records:
            versions = [orjson.loads(record.value)["version"] async for record in records]
    assert versions == [1, 1, 1]
