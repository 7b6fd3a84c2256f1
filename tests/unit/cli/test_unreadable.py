"""A definition that a newer release wrote: the source is left alone, neither polled nor taken for removed."""

import asyncio

import pytest

from worker.broker.connect import connect
from worker.core.feeds import ShardMemory, faulted
from worker.model import Definition, Fault, FaultKind, Record, Topic

DEFINITION = Definition("gazette", "http://127.0.0.1:9/feed", "127.0.0.1", 5)
NOON = 1_700_000_000_000


@pytest.fixture
def url(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path}/news.db"
    monkeypatch.setenv("NEWS_WORKER_BROKER", url)
    return url


def remembered():
    """What an older release's polls have left."""
    memory = ShardMemory("token")
    memory.restored()
    memory.define(DEFINITION)
    list(faulted(DEFINITION, memory, Fault(FaultKind.CONNECT, "nobody listens"), NOON))
    return memory.records(NOON)


async def append(url, records):
    async with connect(url, create=True) as broker:
        await broker.append(records)


async def head(url):
    memory = ShardMemory("another")
    async with connect(url, create=False) as broker:
        async for record in broker.read(Topic.CHECKPOINTS):
            memory.absorb(record.key, record.value)
    memory.restored()
    return memory.head("gazette")


@pytest.mark.parametrize(
    ("newer", "left"), [(Record(Topic.SOURCES, b"gazette", b'{"v":2}', (), NOON, b"127.0.0.1"), True), (None, False)]
)
def test_what_is_remembered_of_it_stays_unlike_that_of_a_source_that_was_removed(url, call, newer, left):
    asyncio.run(append(url, [*remembered(), *filter(None, [newer])]))
    outcome = call("run", "--once")

    assert ("newer news-worker" in outcome.out + outcome.error) is left
    assert (asyncio.run(head(url)).removed_at == 0) is left
