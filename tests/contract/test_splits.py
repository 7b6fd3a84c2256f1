"""Splits of a data set, replayed by processes of their own into each kind of broker."""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from worker.core.identity import split_of
from worker.model import Topic

TREE = Path(__file__).parents[2]
HANGS = 120  # seconds after which a replay is taken to hang
FILES = [f"{number:03}.jsonl" for number in range(60)]
EACH = 20
ALL = Counter(f"{name} {number}" for name in FILES for number in range(EACH))
SLOWLY = ("--rate", "10")  # so slowly that it is never done before it is taken over


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "set"
    path.mkdir()
    for name in FILES:
        (path / name).write_text("".join(json.dumps({"headline": f"{name} {number}"}) + "\n" for number in range(EACH)))
    return path


@pytest.fixture
def replaying(place, folder):
    """A replay in a process of its own, killed when left."""
    named = {
        "BROKER": place.url,
        "PREFIX": place.prefix,
        "JOBS": "1",
        "KAFKA_PARTITIONS": "3",
        "KAFKA_REPLICATION": "1",
    }
    settings = {f"NEWS_WORKER_{name}": value for name, value in named.items()}

    @asynccontextmanager
    async def running(*arguments):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "worker", "replay", "set", *arguments),
            cwd=folder.parent,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, **settings, "PYTHONPATH": str(TREE)},
        )
        try:
            async with asyncio.timeout(HANGS):
                yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.communicate()

    return running


@pytest.fixture
def replay(replaying):
    async def ran(*arguments):
        async with replaying(*arguments) as process:
            _, said = await process.communicate()
            return process.returncode, said.decode()

    return ran


async def published(broker):
    return Counter([_headline(record) async for record in broker.read(Topic.ARTICLES)])


async def some_published(broker, index, count):
    """Wait until something of the split is."""
    async for record in broker.read(Topic.ARTICLES, follow=True):
        if split_of(_headline(record).partition(" ")[0], count) == index:
            return


def _headline(record):
    return json.loads(record.value)["item"]["headlines"][0]["value"]


async def test_splits_side_by_side_publish_everything_once(broker, replay):
    results = await asyncio.gather(*(replay("--split", f"{index}/3") for index in range(3)))
    assert [code for code, _ in results] == [0, 0, 0], results
    assert await published(broker) == ALL
    code, said = await replay("--split", "0/2")
    assert (code, "nothing was published" in said) == (0, True), said


async def test_the_older_of_two_replays_of_a_split_ends_and_the_other_split_goes_on(broker, replaying, replay):
    async with replaying("--split", "0/2", *SLOWLY) as older, replaying("--split", "1/2") as other:
        await some_published(broker, 0, 2)
        code, told = await replay("--split", "0/2")
        (_, said), (_, of_other) = await older.communicate(), await other.communicate()
    assert (older.returncode, code, other.returncode) == (1, 0, 0), (said, told, of_other)
    assert b"another replay of split 0/2 of data set 'set' has begun" in said
    assert await published(broker) == ALL


async def test_a_killed_split_refuses_another_number_and_is_finished_without_a_split(broker, replaying, replay):
    async with replaying("--split", "1/3", *SLOWLY) as process:
        await some_published(broker, 1, 3)
        process.kill()
        await process.wait()
    code, said = await replay("--split", "0/2")
    assert code == 2, said
    assert "begun in 3 splits and is not finished" in said
    code, said = await replay()
    assert code == 0, said
    assert await published(broker) == ALL
