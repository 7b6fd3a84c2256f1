"""An article of a data set taken down on any broker: a withdrawn event, then a tombstone, once however often that is asked for."""

import asyncio
import time

import orjson

from worker.core import event, identity
from worker.model import Article, Mode, Source, Topic
from worker.pipeline.takedown import seek, take_down

NOON = time.time_ns() // 1_000_000  # what is older than the topic keeps goes when a shard is claimed
NAMED = Source("dataset:news", "dataset", "dataset:news")
ARTICLES = [identity.article_id("dataset:news", "id", f"number {number}") for number in range(3)]


def now():
    return NOON + 1


def created(article_id, run=None):
    item = b'{"uri":"urn:uuid:%b","headlines":[{"value":"Ferry"}]' % article_id.encode()
    rest = (
        b'"published":{"basis":"absent"},"language":{"basis":"absent"},"source":{"id":"dataset:news","kind":"dataset"}'
    )
    provenance = b'{"observedAt":"2023-11-14T22:13:20.000Z","entryKey":"k","workerVersion":"0"'
    return event.created(Article(article_id, "a" * 32, "k", item, rest, provenance, 1), NAMED, NOON, run)


async def had(broker, article_id):
    return [record async for record in broker.read(Topic.ARTICLES) if record.key == article_id.encode()]


async def test_it_is_withdrawn_and_then_gone_and_its_neighbours_stay(broker):
    await broker.append([created(one) for one in ARTICLES])
    assert await take_down(broker, ARTICLES[0], now)

    _, withdrawn, stone = await had(broker, ARTICLES[0])
    value = orjson.loads(withdrawn.value)
    assert event.violation(value) is None
    assert (value["version"], value["contentHash"], value["item"]["pubStatus"]) == (2, "a" * 32, "canceled")
    assert dict(withdrawn.headers)["ce_type"] == b"news.article.withdrawn.v1"
    assert (stone.value, stone.timestamp) == (None, NOON + 1)
    assert [len(await had(broker, one)) for one in ARTICLES[1:]] == [1, 1]


async def test_asked_for_by_several_at_once_and_again_it_is_done_once(place, broker):
    await broker.append([created(ARTICLES[0])])
    async with place.connect() as another:
        done = await asyncio.gather(*(take_down(one, ARTICLES[0], now) for one in (broker, another)))
    assert sorted(done) == [False, True]
    assert not await take_down(broker, ARTICLES[0], now)
    assert not await take_down(broker, ARTICLES[1], now)
    assert [record.value is None for record in await had(broker, ARTICLES[0])] == [False, False, True]


async def test_replayed_again_it_can_be_taken_down_again_by_another_event(broker):
    for run in (None, "another-run"):
        await broker.append([created(ARTICLES[0], run)])
        found = await seek(broker, ARTICLES[0])
        assert (found.versions, found.last.run) == ([("created", 1, NOON)], run)
        assert await take_down(broker, ARTICLES[0], now)
        assert (await seek(broker, ARTICLES[0])).gone
    ids = [dict(record.headers)["ce_id"] for record in await had(broker, ARTICLES[0]) if record.value is not None]
    assert len(set(ids)) == 4


async def test_what_its_source_withdrew_gets_but_the_tombstone(broker):
    known = event.Known(ARTICLES[0], 2, "a" * 32, 0, Mode.REPLAY, "k", (1, "a" * 32))
    withdrawn = event.taken_down(known, {"id": NAMED.id, "kind": NAMED.kind}, None, NOON)
    await broker.append([created(ARTICLES[0]), withdrawn])
    assert await take_down(broker, ARTICLES[0], now)
    assert [record.value is None for record in await had(broker, ARTICLES[0])] == [False, False, True]
