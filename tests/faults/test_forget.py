"""A takedown killed on Kafka around its commit and begun again: withdrawn once, then the tombstone."""

from signal import SIGKILL

import orjson
from faults.planted import at, planted

from worker.model import Topic
from worker.pipeline.job import wall_clock
from worker.pipeline.takedown import take_down


async def told(place):
    """What became of each article, in order: versions, None a tombstone."""
    found = {}
    async with place.connect() as broker:
        async for record in broker.read(Topic.ARTICLES):
            version = None if record.value is None else orjson.loads(record.value)["version"]
            found.setdefault(record.key.decode(), []).append(version)
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
