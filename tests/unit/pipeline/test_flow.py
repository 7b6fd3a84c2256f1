"""What a replay has decided waits for more to be committed together, but only as long as more is coming."""

import asyncio
import io
import json
import os

import pytest

from worker.broker.connect import connect
from worker.core.read import read
from worker.model import Topic
from worker.pipeline.replays import flow
from worker.pipeline.replays.job import Options, from_files, from_stream
from worker.pipeline.replays.replay import pour, replay
from worker.pipeline.replays.summary import Summary

ROUND = 105  # lines of 5 kB, of which a document is cut


def line(name, size=1):
    return json.dumps({"headline": name, "text": "rain " * size}).encode() + b"\n"


@pytest.fixture
async def broker(tmp_path):
    async with connect(f"sqlite:///{tmp_path}/news.db", create=True) as opened:
        yield opened


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", buffering=0) as reader, os.fdopen(writing, "wb") as writer:
        yield reader, writer


async def test_what_came_on_a_standard_input_that_is_silent_now_is_published(broker, pool, pipe, monkeypatch):
    monkeypatch.setattr(flow, "_BATCH_DOCUMENTS", 1)
    reader, writer = pipe
    job = from_stream(reader, "piped", Options())
    replaying = asyncio.create_task(replay(broker, pool, job, Summary(), asyncio.Event()))
    following = broker.read(Topic.ARTICLES, follow=True)
    async with asyncio.timeout(20):
        for number in range(5):  # the fourth is too little to be committed by itself while more comes
            some = b"".join(line(f"{number} {place}", 1_000) for place in range(ROUND))
            await asyncio.to_thread(writer.write, some)
            await asyncio.to_thread(writer.flush)
            for _ in range(ROUND - 5 if number else 0):  # a document is known to have ended when the next has begun
                await anext(following)
        await asyncio.to_thread(writer.close)
        await replaying
    await following.aclose()


class Noted:
    """A sink that notes in what order it is called."""

    def __init__(self):
        self.calls = []

    async def publish(self, decision):
        self.calls.append(decision.published)

    def hurry(self):
        self.calls.append("hurry")

    async def flush(self):
        self.calls.append("flush")


class Waiting:
    """Readers that read nothing before the test lets them, and as many as there are batches."""

    jobs = 10

    def __init__(self, batches):
        self._left = batches
        self.let = asyncio.Event()

    async def read(self, documents, limit):
        self._left -= 1
        if not self._left:
            self.let.set()
        await self.let.wait()
        return [[read(document, limit)] for document in documents]


async def test_what_a_rate_lets_go_does_not_wait_for_what_it_keeps(pool):
    lines = io.BytesIO(b"".join(line(str(number)) for number in range(6)))
    sink = Noted()
    await poured(sink, pool, from_stream(lines, "piped", Options(rate=9.0)))
    assert among_publishes(sink.calls) == [1, *["hurry", 1] * 5]


async def test_while_more_is_being_read_nothing_is_hurried(tmp_path, monkeypatch):
    monkeypatch.setattr(flow, "_BATCH_DOCUMENTS", 1)
    for number in range(5):
        (tmp_path / f"{number}.txt").write_text("rain")
    sink = Noted()
    await poured(sink, Waiting(5), from_files([tmp_path], "data", Options()))
    assert among_publishes(sink.calls) == [1] * 5


async def poured(sink, readers, job):
    await pour(sink, readers, job, Summary(), asyncio.Event(), remembered={}, record_bytes=1_000_000)


def among_publishes(calls):
    """From the first to the last."""
    first, after = calls.index(1), len(calls) - calls[::-1].index(1)
    return calls[first:after]
