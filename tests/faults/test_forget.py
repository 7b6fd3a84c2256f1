"""A takedown, killed around its commit too and begun again: withdrawn once, then the tombstone, and never back."""

from contextlib import aclosing
from dataclasses import asdict
from signal import SIGKILL

import orjson
import pytest
from faults.planted import at, planted
from faults.polled import Polled
from feeds.feed import Plan
from feeds.serving import serving

from worker.core.feeds.inbox import Command, State
from worker.model import Topic
from worker.pipeline.asking import Wanted, outcomes, put
from worker.pipeline.clocks import wall_clock
from worker.pipeline.takedown import seek, take_down

ENTRIES = 3


async def told(place, until=None):
    """What became of each article, in order: versions, None a tombstone. Waits `until` that is so, if it is given."""
    found = {}
    async with place.connect() as broker, aclosing(broker.read(Topic.ARTICLES, follow=until is not None)) as records:
        async for record in records:
            version = None if record.value is None else orjson.loads(record.value)["version"]
            found.setdefault(record.key.decode(), []).append(version)
            if until is not None and until(found):
                break
    return found


async def test_an_article_of_a_data_set_is_taken_down_once_be_it_killed_before_or_after_the_commit(on_kafka, folder):
    folder.jsonl("a.jsonl", 2)
    assert (await on_kafka.replay("set"))[0] == 0
    articles = list(await told(on_kafka))
    for point, committed, article in zip(("all sent", "ended"), (False, True), articles, strict=True):
        async with on_kafka.running("forget", article, program=planted(at(point, 1))) as process:
            _, said = await process.communicate()
        assert process.returncode == -SIGKILL, (point, said)
        async with on_kafka.connect() as broker:
            assert await take_down(broker, article, wall_clock) is not committed, point
    assert await told(on_kafka) == {article: [1, 2, None] for article in articles}


@pytest.fixture
def feeds(tmp_path):
    with serving(tmp_path / "feeds", [Plan("one", "127.0.7.1", entries=ENTRIES)]) as server:
        yield server


async def test_a_worker_that_runs_takes_down_what_it_has_polled_and_its_feed_does_not_bring_it_back(on_kafka, feeds):
    polled = Polled(on_kafka, feeds)
    await polled.define(interval_s=1)
    async with polled.running():
        article = list(await told(on_kafka, lambda found: len(found) == ENTRIES))[1]
        code, said = await on_kafka.run("forget", article, "--wait")
        assert code == 0, said
        feeds.change("edit", "one", ENTRIES)
        found = await told(on_kafka, lambda found: sum(versions == [1, 2] for versions in found.values()) == 2)
    assert found.pop(article) == [1, 2, None]


async def test_a_worker_killed_just_after_the_commit_of_a_takedown_has_done_it_and_the_next_owner_knows(
    on_kafka, feeds
):
    polled = Polled(on_kafka, feeds)
    await polled.define()
    assert (await polled.once())[0] == 0
    article = next(iter(await told(on_kafka)))
    async with on_kafka.connect() as broker:
        last = (await seek(broker, article)).last
        wanted = Wanted(Command("c1", "forget", "one", {"article": asdict(last)}), last.source["site"])
        since = await put(broker, [wanted], wall_clock())
        async with polled.running("--once", program=planted(at("ended", 1))) as process:
            _, said = await process.communicate()
        assert process.returncode == -SIGKILL, said
        assert [one.state async for one in outcomes(broker, [wanted], since)] == [State.DONE]
    assert (await told(on_kafka))[article] == [1, 2, None]
