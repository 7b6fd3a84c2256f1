"""Feeds that take a process that can be killed: a fault where they were polled, one rejection where they were saved."""

import json

import pytest
from unit.core.polled import articles, document, rss

from worker.model import Code, Document, Format, Source
from worker.pipeline.readers.pool import Limits, ReaderPool

MIB = 1024 * 1024
LIMIT = 1_048_576
SEALS = "<guid>seals</guid><title>Seals counted</title>"
DATASET = Source("dataset:harbour", "dataset", "dataset:harbour")


@pytest.fixture
async def pool():
    async with ReaderPool(1, Limits(30.0, 512 * MIB)) as readers:
        yield readers


@pytest.fixture
async def small_pool():
    """Of memory what a start takes and little more, so that what is large is soon too large."""
    async with ReaderPool(1, Limits(3.0, 192 * MIB)) as readers:
        yield readers


def saved(data):
    return Document(DATASET, "bad.rss", Format.FEED, data.encode(), 0, -1, 0, 0)


LARGE = rss(f"{SEALS}<description>{'x' * 50_000_000}</description>")
MANY = rss(f"{SEALS}<description>{'<a/>' * 1_000_000}</description>")


@pytest.mark.parametrize("data", [LARGE, MANY], ids=["one element of 50 MB", "a million elements"])
async def test_what_kills_its_reader_is_a_fault_of_a_poll_and_siblings_are_read(small_pool, data):
    (bad,), (good,) = await small_pool.read([document(data), document(rss(SEALS))], LIMIT)
    assert bad.items == ()
    assert bad.fault.code in {Code.READER_DIED, Code.TIMED_OUT}
    assert [article.entry_key for article in articles(good)] == ["seals"]


async def test_what_kills_its_reader_is_one_rejection_of_a_replay(small_pool):
    ((reading,),) = await small_pool.read([saved(LARGE)], LIMIT)
    (rejection,) = reading.items
    assert rejection.code in {Code.READER_DIED, Code.TIMED_OUT}
    assert (reading.fault, rejection.traits) == (None, None)
    assert rejection.size == len(LARGE)


@pytest.mark.parametrize(
    "text",
    ["&lt;!-- " * 60_000, "<" * 100_000, f"&#{'1' * 5_000};", "&#xD800;", "<b>" * 100_000],
    ids=["comments", "brackets", "a reference without end", "no character", "elements in each other"],
)
async def test_what_once_took_minutes_is_read_or_a_fault_in_its_time(pool, text):
    ((reading,),) = await pool.read([document(rss(f"{SEALS}<description>{text}</description>"))], LIMIT)
    assert reading.fault or [article.entry_key for article in articles(reading)] == ["seals"]


async def test_ten_thousand_entries_are_ten_thousand_articles(pool):
    items = [{"id": str(n), "title": f"Seal {n}"} for n in range(10_000)]
    data = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items})
    ((reading,),) = await pool.read([document(data)], LIMIT)
    assert len(articles(reading)) == 10_000
