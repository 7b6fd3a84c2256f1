"""Lines on standard output, whatever it is and whoever reads it."""

import asyncio
import json
import os

import pytest

from worker.model import Decision, Record, Topic
from worker.pipeline.replays import sinks
from worker.pipeline.replays.sinks import Lines

COUNT = 300
LARGE = b'{"a":"%b"}' % (b"x" * 1000)
RECORD = Record(Topic.ARTICLES, b"k", LARGE, (("ce_id", b"1"),), 0, b"k")
DECISION = Decision("a", (RECORD,) * COUNT, COUNT, (), (), 0, None)  # more than a pipe holds


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as reader, os.fdopen(writing, "wb", buffering=0) as writer:
        yield reader, writer


@pytest.mark.parametrize("blocking", [True, False])
async def test_every_line_arrives_through_any_pipe(pipe, blocking):
    reader, writer = pipe
    os.set_blocking(writer.fileno(), blocking)
    adopted = []
    lines = Lines(writer, adopted.extend, asyncio.Event())
    publishing = asyncio.create_task(lines.publish(DECISION))
    read = [await asyncio.to_thread(reader.readline) for _ in range(COUNT)]
    await publishing
    assert adopted == [DECISION]
    assert {json.loads(line)["cloudevent"]["id"] for line in read} == {"1"}


async def test_a_pipe_that_nobody_will_read_any_more_is_told(pipe):
    reader, writer = pipe
    reader.close()
    with pytest.raises(BrokenPipeError):
        await Lines(writer, list, asyncio.Event()).publish(DECISION)


async def test_once_stopped_it_finishes_what_is_read_on_and_begins_nothing(pipe, monkeypatch):
    monkeypatch.setattr(sinks, "_GRACE_SECONDS", 60)
    reader, writer = pipe
    adopted, stop = [], asyncio.Event()
    lines = Lines(writer, adopted.extend, stop)
    publishing = asyncio.create_task(lines.publish(DECISION))
    await asyncio.to_thread(reader.readline)
    stop.set()
    for _ in range(COUNT - 1):
        await asyncio.to_thread(reader.readline)
    await publishing
    assert adopted == [DECISION]
    await lines.publish(DECISION)
    assert adopted == [DECISION]
