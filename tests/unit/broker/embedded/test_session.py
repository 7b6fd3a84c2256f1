"""Waiting for locks, being broken off, and leaving nothing behind."""

import asyncio
import os
import sqlite3
import threading
from contextlib import aclosing, closing, contextmanager

import pytest

from worker.broker.embedded import claim as claims
from worker.broker.port import Start
from worker.errors import BrokerAway, BrokerRefused, ClaimLost
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


async def copied(path, over):
    """As SQLite's own backup does it, whoever has the two open."""

    def copy():
        with closing(sqlite3.connect(path)) as found, closing(sqlite3.connect(over)) as made:
            found.backup(made)
        os.utime(over)

    await asyncio.to_thread(copy)


async def test_no_owner_from_before_an_older_copy_was_restored_commits_however_often_the_shard_is_fenced(
    store, tmp_path
):
    async with store.broker() as broker:
        await store.write(broker, store.record(key=b"kept"))
        await copied(store.path, tmp_path / "copy.db")
        left = [await broker.claim(store.shard()) for _ in range(5)]
        await copied(tmp_path / "copy.db", store.path)
        newer = [await broker.claim(store.shard()) for _ in range(5)]
        for claim in left:
            with pytest.raises(ClaimLost):
                await claim.commit([store.record(key=b"late")])
        await newer[-1].commit([store.record(key=b"new")])
        assert await store.keys(broker) == [b"kept", b"new"]
        for claim in left + newer:
            await claim.release()


async def test_a_follower_is_told_that_an_older_copy_was_restored(store, tmp_path):
    async with store.broker() as broker:
        await store.write(broker, store.record())
        await copied(store.path, tmp_path / "copy.db")
        await store.write(broker, store.record())
        async with aclosing(broker.read(Topic.ARTICLES, follow=True)) as reader:
            for _ in range(2):
                await anext(reader)
            waiting = asyncio.ensure_future(anext(reader))
            await asyncio.sleep(0)
            await copied(tmp_path / "copy.db", store.path)
            with pytest.raises(BrokerRefused, match="older copy"):
                async with asyncio.timeout(20):
                    await waiting


async def test_who_begins_behind_the_end_reads_what_comes_next(store):
    async with store.broker() as broker, aclosing(broker.read(Topic.ARTICLES, Start(offset=9), follow=True)) as reader:
        waiting = asyncio.ensure_future(anext(reader))
        async with asyncio.timeout(20):
            while not waiting.done():
                await store.write(broker, store.record(key=b"next"))
        assert (await waiting).key == b"next"


async def test_a_follower_hears_of_a_writer_that_died_before_it_could_ring(store, monkeypatch):
    monkeypatch.setattr(claims, "ring", lambda _path: None)
    async with store.broker() as broker, aclosing(broker.read(Topic.ARTICLES, follow=True)) as reader:
        waiting = asyncio.ensure_future(anext(reader))
        await store.write(broker, store.record(key=b"k"))
        async with asyncio.timeout(20):
            assert (await waiting).key == b"k"
