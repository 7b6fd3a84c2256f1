"""Waiting for locks, being broken off, and leaving nothing behind."""

import asyncio
import sqlite3
import threading
from contextlib import aclosing, contextmanager

import pytest

from worker.broker.embedded import claim as claims
from worker.errors import BrokerAway, BrokerRefused
from worker.model import Topic


@contextmanager
def locked(store):
    connection = sqlite3.connect(store.path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    yield
    connection.close()


async def test_a_lock_held_too_long_is_told_and_work_goes_on_after_it(store):
    async with store.broker(patience=0.05) as broker:
        claim = await broker.claim(store.shard())
        with locked(store):
            with pytest.raises(BrokerAway, match="is locked by another program"):
                await claim.commit([store.record()])
            assert await store.keys(broker) == []
        with pytest.raises(BrokerAway, match="claim or read anew"):
            await claim.commit([store.record()])
        await store.write(broker, store.record(key=b"k"))
        assert await store.keys(broker) == [b"k"]


async def test_a_lock_held_for_a_moment_is_waited_for(store):
    async with store.broker() as broker:
        claim = await broker.claim(store.shard())
        with locked(store):
            committing = asyncio.create_task(claim.commit([store.record(key=b"k")]))
            assert await store.keys(broker) == []  # a whole read goes by
            assert not committing.done()
        await committing
        assert await store.keys(broker) == [b"k"]


async def test_whoever_is_cancelled_while_waiting_for_a_lock_leaves_at_once_and_commits_nothing(store):
    async with store.broker(patience=3_600) as broker:
        claim = await broker.claim(store.shard())
        with locked(store):
            committing = asyncio.create_task(claim.commit([store.record()]))
            await store.keys(broker)
            committing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await committing
            await claim.release()
        assert await store.keys(broker) == []


async def test_a_claim_may_be_released_twice_and_is_of_no_more_use(store):
    async with store.broker() as broker:
        claim = await broker.claim(store.shard())
        await claim.release()
        await claim.release()
        with pytest.raises(BrokerAway):
            await claim.commit([])


async def test_closing_the_broker_ends_what_was_left_open(store):
    before = set(threading.enumerate())
    async with store.broker() as broker:
        await store.write(broker, store.record(), store.record())
        claim = await broker.claim(store.shard())
        reader = broker.read(Topic.ARTICLES)
        await anext(reader)
        assert set(threading.enumerate()) > before

    assert set(threading.enumerate()) == before
    with pytest.raises(BrokerAway):
        await claim.commit([])
    await reader.aclose()


async def test_a_reader_left_early_leaves_no_thread(store):
    before = set(threading.enumerate())
    async with store.broker() as broker:
        await store.write(broker, store.record())
        async with aclosing(broker.read(Topic.ARTICLES, follow=True)) as reader:
            await anext(reader)
        assert set(threading.enumerate()) == before


async def test_a_file_removed_under_a_claim_is_told_rather_than_written_to(store):
    async with store.broker() as broker:
        claim = await broker.claim(store.shard())
        store.path.unlink()
        with pytest.raises(BrokerRefused, match="removed or replaced"):
            await claim.commit([store.record()])
        await claim.release()


async def test_a_follower_is_told_that_its_file_was_removed(store):
    async with store.broker() as broker:
        await store.write(broker, store.record())
        async with aclosing(broker.read(Topic.ARTICLES, follow=True)) as reader:
            await anext(reader)
            store.path.unlink()
            with pytest.raises(BrokerRefused, match="removed"):
                await anext(reader)


async def test_a_follower_hears_of_a_writer_that_died_before_it_could_ring(store, monkeypatch):
    monkeypatch.setattr(claims, "ring", lambda _path: None)
    async with store.broker() as broker, aclosing(broker.read(Topic.ARTICLES, follow=True)) as reader:
        waiting = asyncio.ensure_future(anext(reader))
        await store.write(broker, store.record(key=b"k"))
        async with asyncio.timeout(20):
            assert (await waiting).key == b"k"
