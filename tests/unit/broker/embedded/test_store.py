"""Which files are opened, and what is said of those that are not."""

import asyncio
import sqlite3

import pytest

from worker.broker.embedded import store as files
from worker.errors import BrokerRefused
from worker.model import Topic


async def opened(store, *, create=False):
    async with store.broker(create=create) as broker:
        return await store.keys(broker)


async def refused(store, sentence, *, create=True):
    before = store.path.read_bytes() if store.path.is_file() else None
    with pytest.raises(BrokerRefused, match=sentence) as error:
        await opened(store, create=create)
    assert str(store.path.parent) in str(error.value)
    assert (store.path.read_bytes() if store.path.is_file() else None) == before


def altered(store, *statements):
    connection = sqlite3.connect(store.path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


async def test_a_file_that_is_no_database_is_refused_and_left_alone(store):
    store.path.write_text("date 2023-01 An article, not a database. " * 100, encoding="utf-8")
    await refused(store, "is no SQLite database")


async def test_a_database_of_another_program_is_refused_and_left_alone(store):
    altered(store, "CREATE TABLE bookmarks(url TEXT)")
    await refused(store, "of another program")


async def test_another_programs_empty_database_is_refused(store):
    altered(store, "PRAGMA application_id = 1")
    await refused(store, "of another program")


async def test_a_newer_file_is_refused(store):
    await opened(store, create=True)
    altered(store, f"PRAGMA user_version = {files.VERSION + 1}")
    await refused(store, "newer news-worker")


async def test_a_damaged_file_is_refused(store):
    async with store.broker() as broker:
        await store.write(broker, *(store.record(value=bytes(2_000)) for _ in range(500)))
    whole = store.path.read_bytes()
    store.path.write_bytes(whole[:16_384] + b"\xff" * (len(whole) - 16_384))
    await refused(store, "is damaged")


async def test_a_file_cut_short_is_refused(store):
    async with store.broker() as broker:
        await store.write(broker, *(store.record(value=bytes(2_000)) for _ in range(500)))
    store.path.write_bytes(store.path.read_bytes()[:40_000])
    await refused(store, "is damaged")


async def test_a_folder_in_place_of_the_file_is_refused(store):
    store.path.mkdir()
    await refused(store, "can't be opened")


async def test_a_missing_folder_is_refused(store):
    store.path = store.path.parent / "missing" / "news.db"
    await refused(store, "There is no folder")


async def test_a_network_file_system_is_refused_before_anything_is_made(store, monkeypatch):
    monkeypatch.setattr(files, "network_mount", lambda _table, _folder: "nfs4")
    await refused(store, r"network file system \(nfs4\)")
    assert not store.path.exists()


@pytest.mark.parametrize("locked", ["news.db", ""])
async def test_a_file_or_folder_that_can_not_be_written_is_refused(store, monkeypatch, locked):
    await opened(store, create=True)
    denied = store.path.parent / locked
    monkeypatch.setattr(files.os, "access", lambda place, _mode: place != denied)  # the superuser may always write
    await refused(store, "can't be written by this user")


async def test_an_empty_file_becomes_a_database_only_when_asked_to(store):
    store.path.touch()
    await refused(store, "is empty", create=False)
    assert await opened(store, create=True) == []


async def test_a_making_that_was_broken_off_is_finished(store):
    altered(store, "PRAGMA page_size = 16384", "PRAGMA journal_mode = WAL")
    assert await opened(store, create=True) == []


async def test_topics_that_a_later_release_adds_are_made(store):
    await opened(store, create=True)
    altered(store, "DELETE FROM topic WHERE name = 'news.inbox.v1'", 'DROP TABLE "news.inbox.v1"')
    await refused(store, r"no topic news\.inbox\.v1", create=False)
    assert await opened(store, create=True) == []


async def test_what_the_file_says_of_a_topic_holds_not_this_releases_table(store):
    await opened(store, create=True)
    altered(store, """UPDATE topic SET settings = json_set(settings, '$."max.message.bytes"', '10')""")
    async with store.broker() as broker:
        assert broker.max_record_bytes(Topic.ARTICLES) == 10
        assert (await broker.describe(Topic.ARTICLES)).layout.settings["max.message.bytes"] == "10"


async def test_many_that_make_the_file_at_once_make_one(store):
    async with asyncio.TaskGroup() as tasks:
        for _ in range(8):
            tasks.create_task(opened(store, create=True))
    assert await opened(store) == []


@pytest.mark.parametrize("name", ["what?#%20.db", "naïve ключ.db", "a b;c.db", "-.db"])
async def test_any_file_name_will_do(store, name):
    store.path = store.path.parent / name
    async with store.broker() as broker:
        await store.write(broker, store.record(key=b"k"))
    assert await opened(store) == [b"k"]


async def test_a_link_is_the_file_it_points_to(store, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    link, file = store.path, tmp_path / "elsewhere" / "real.db"
    link.symlink_to(file)
    async with store.broker() as through:
        store.path = file
        async with store.broker() as direct:
            await store.write(through, store.record(key=b"k"))
            assert await store.keys(direct) == [b"k"]
