"""What is kept and what goes, by the topics' settings and a clock that is set by hand."""

import pytest

from worker.broker.embedded import sweep as sweeping
from worker.broker.port import Span
from worker.model import Topic

DAY = 24 * 60 * 60 * 1000
HOUR = 60 * 60 * 1000


@pytest.fixture
async def broker(store):
    async with store.broker() as opened:
        yield opened


async def housekept(store, broker, commits=1):
    """Let the next round come, and commit, so that somebody does it."""
    store.now += sweeping.ROUND
    claim = await broker.claim(store.shard())
    for _ in range(commits):
        await claim.commit([])
    await claim.release()


@pytest.mark.parametrize(("topic", "days"), [(Topic.ARTICLES, 90), (Topic.REJECTS, 30), (Topic.INBOX, 7)])
async def test_a_record_goes_once_it_is_older_than_retention(store, broker, topic, days):
    await store.write(
        broker, store.record(topic, b"old", age=days * DAY), store.record(topic, b"young", age=days * DAY - 2 * HOUR)
    )
    await housekept(store, broker, commits=3)
    assert await store.keys(broker, topic) == [b"young"]

    store.now += 2 * HOUR
    await housekept(store, broker, commits=3)
    assert await store.keys(broker, topic) == []


async def test_offsets_are_not_given_again_after_retention(store, broker):
    await store.write(broker, store.record(age=100 * DAY), store.record(age=100 * DAY))
    await housekept(store, broker)
    described = await broker.describe(Topic.ARTICLES)
    assert described.partitions == (Span(2, 2),)

    await store.write(broker, store.record())
    assert [record.offset async for record in broker.read(Topic.ARTICLES)] == [2]


async def test_every_version_stays_for_the_lag_then_the_newest_of_a_key(store, broker):
    await store.write(broker, store.record(key=b"a"), store.record(key=b"b"), store.record(key=b"a"))
    await housekept(store, broker)
    assert await store.keys(broker) == [b"a", b"b", b"a"]

    store.now += 7 * DAY
    await housekept(store, broker)
    assert await store.keys(broker) == [b"b", b"a"]


async def test_a_version_that_comes_after_compaction_supersedes_what_was_kept(store, broker):
    await store.write(broker, store.record(key=b"a", value=b"1"), store.record(key=b"b"))
    store.now += 8 * DAY
    await housekept(store, broker)
    await store.write(broker, store.record(key=b"a", value=b"2"))
    store.now += 6 * DAY
    await housekept(store, broker)
    assert await store.keys(broker) == [b"a", b"b", b"a"]

    store.now += 2 * DAY
    await housekept(store, broker)
    assert [record.value async for record in broker.read(Topic.ARTICLES) if record.key == b"a"] == [b"2"]


async def test_compaction_never_removes_the_only_version_of_a_key(store, broker):
    for _ in range(3):
        await store.write(broker, *(store.record(key=b"%d" % number) for number in range(10)))
        store.now += 8 * DAY
        await housekept(store, broker)
    assert sorted(await store.keys(broker)) == [b"%d" % number for number in range(10)]


async def test_a_tombstone_removes_the_article_and_goes_with_retention(store, broker):
    await store.write(broker, store.record(key=b"a"), store.record(key=b"a", value=None))
    store.now += 8 * DAY
    await housekept(store, broker)
    assert [record.value async for record in broker.read(Topic.ARTICLES)] == [None]

    store.now += 90 * DAY
    await housekept(store, broker)
    assert await store.keys(broker) == []


async def test_state_keeps_the_newest_of_a_key_at_once_and_for_ever(store, broker):
    await store.write(broker, store.record(Topic.REPLAYS, b"a"), store.record(Topic.REPLAYS, b"a"))
    await store.write(broker, store.record(Topic.REPLAYS, b"a", b"last"))
    assert [record.value async for record in broker.read(Topic.REPLAYS)] == [b"last"]

    store.now += 10_000 * DAY
    await housekept(store, broker)
    assert await store.keys(broker, Topic.REPLAYS) == [b"a"]


async def test_a_tombstone_of_state_goes_after_a_day(store, broker):
    await store.write(broker, store.record(Topic.REPLAYS, b"a"), store.record(Topic.REPLAYS, b"b", b""))
    await store.write(broker, store.record(Topic.REPLAYS, b"a", None))
    await housekept(store, broker)
    assert await store.keys(broker, Topic.REPLAYS) == [b"b", b"a"]

    store.now += DAY
    await housekept(store, broker)
    assert await store.keys(broker, Topic.REPLAYS) == [b"b"]


async def test_a_round_is_done_a_chunk_a_commit(store, broker, monkeypatch):
    monkeypatch.setattr(sweeping, "CHUNK", 10)
    await store.write(broker, *(store.record(age=100 * DAY) for _ in range(35)))
    store.now += sweeping.ROUND
    claim = await broker.claim(store.shard())
    left = [len(await store.keys(broker))]
    for _ in range(4):
        await claim.commit([])
        left.append(len(await store.keys(broker)))
    await claim.release()

    assert left == [25, 15, 5, 0, 0]


@pytest.mark.parametrize("chunk", [1, 2, 3, 7])
async def test_compaction_in_chunks_of_any_size_comes_to_the_same(store, broker, monkeypatch, chunk):
    monkeypatch.setattr(sweeping, "CHUNK", chunk)
    await store.write(broker, *(store.record(key=key.encode()) for key in "abacabadba"))
    store.now += 8 * DAY
    await housekept(store, broker, commits=20)
    assert await store.keys(broker) == [b"c", b"d", b"b", b"a"]


async def test_it_is_done_once_an_hour_whoever_claims(store, broker):
    await housekept(store, broker)
    await store.write(broker, store.record(age=100 * DAY))
    store.now += HOUR - 1
    async with store.broker() as another:
        await store.write(another)
    assert len(await store.keys(broker)) == 1

    store.now += 1
    async with store.broker() as another:
        await store.write(another)
    assert await store.keys(broker) == []


async def test_a_clock_set_back_does_not_put_it_off(store, broker):
    store.now += 1_000 * DAY
    await housekept(store, broker)
    store.now -= 1_000 * DAY
    await store.write(broker, store.record(age=100 * DAY))
    await housekept(store, broker)
    assert await store.keys(broker) == []
