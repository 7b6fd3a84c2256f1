"""Rejections of an upstream topic redriven by a worker that runs, from a real Kafka, on each broker: the events that they are."""

import hashlib
import json
from collections import Counter
from signal import SIGKILL

import orjson
import pytest
from aiokafka import AIOKafkaProducer
from faults.planted import at, planted
from faults.upstreamed import SOURCE, TEXT, made

from worker.core import event, identity
from worker.core.sources.definitions import source_of
from worker.model import Code, Rejection, Stage, Topic

ITEMS = [{"id": f"i{number}", "title": f"Item {number}", "content_text": TEXT.format(number)} for number in range(3)]
RECORDS = [
    json.dumps(one).encode()
    for one in (
        {"id": "small", "title": "Small", "text": TEXT.format("small")},
        {"id": "large", "title": "Large", "text": TEXT.format("large") * 1_500},
        {"version": "https://jsonfeed.org/version/1.1", "title": "Feed", "items": ITEMS},
    )
]


@pytest.fixture
async def upstream(kafka):
    upstream = await made(kafka, 1)
    async with AIOKafkaProducer(**kafka.admin) as producer:
        for value in RECORDS:
            await producer.send_and_wait(upstream.topic, value, partition=0)
    return upstream


def rejections(topic):
    """As if all of them had been rejected once: kept whole, cut, an entry of a feed, refused; and what is not there any more."""
    small, large, _ = RECORDS
    entry = orjson.dumps(ITEMS[1], option=orjson.OPT_SORT_KEYS)
    refused = identity.article_id(f"topic:{SOURCE}", "guid", "i2")
    return [
        rejection(small, topic, 0),
        rejection(large, topic, 1),
        rejection(entry, topic, 2, 1),
        rejection(b'{"uri":"urn:uuid:%b"}' % refused.encode(), topic, 2, stage=Stage.PUBLISH),
        rejection(b"\x00" * 100_000, topic, 9),
    ]


def rejection(raw, *place, stage=Stage.READ):
    key, digest = json.dumps([place[0], 0, *place[1:]], separators=(",", ":")), hashlib.sha256(raw).hexdigest()
    return Rejection(Code.INVALID_JSON, stage, "once", key, raw, digest, len(raw), place[1] + 1)


async def rejected(place, definition, *found):
    async with place.connect() as broker:
        await broker.append([event.rejected(one, source_of(definition), definition.added_at) for one in found])


async def published(place):
    """How often each event came, by its id."""
    async with place.connect() as broker:
        return Counter([dict(record.headers)["ce_id"] async for record in broker.read(Topic.ARTICLES)])


async def test_each_comes_to_the_event_that_it_was_and_what_lies_there_no_more_is_refused(place, upstream):
    definition = await upstream.define(place)
    await rejected(place, definition, *rejections(upstream.topic))
    async with place.running("run", "--jobs", "1") as process:
        await place.events_in_all(5)
        code, said = await place.run("rejects", "redrive", "--source", SOURCE, "--yes", "--wait")
        assert code == 1, said  # one was not done
        process.terminate()
        await process.communicate()
    assert sorted((await published(place)).values()) == [1, 2, 2, 2, 2]


async def test_a_worker_killed_while_a_record_waits_to_be_read_again_leaves_it_to_the_next(on_kafka, upstream):
    definition = await upstream.define(on_kafka)
    assert (await on_kafka.run("run", "--once", "--jobs", "1"))[0] == 0
    await rejected(on_kafka, definition, rejections(upstream.topic)[1])
    assert (await on_kafka.run("rejects", "redrive", "--source", SOURCE, "--yes"))[0] == 0
    async with on_kafka.running("run", "--once", "--jobs", "1", program=planted(at("ended", 1))) as process:
        _, said = await process.communicate()
    assert process.returncode == -SIGKILL, said
    assert set((await published(on_kafka)).values()) == {1}
    code, said = await on_kafka.run("run", "--once", "--jobs", "1")
    assert code == 0, said
    assert sorted((await published(on_kafka)).values()) == [1, 1, 1, 1, 2]
