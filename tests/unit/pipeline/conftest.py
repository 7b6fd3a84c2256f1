"""Documents to be read, a pool to read them in, and a world of feeds."""

import json

import pytest
from unit.pipeline.failing import Failing
from unit.pipeline.world import World

from worker.broker.connect import connect
from worker.model import Document, Format, Source
from worker.pipeline import patience
from worker.pipeline.readers.pool import Limits, ReaderPool

SOURCE = Source("dataset:data", "dataset", "dataset:data")
MEBIBYTE = 1024 * 1024


@pytest.fixture
def text():
    """A document of one article, named for its file."""

    def made(path):
        data = f"{path} tells of a river that rose for six days.".encode()
        return Document(SOURCE, path, Format.TEXT, data, 0, len(data), 0, 1_700_000_000_000)

    return made


@pytest.fixture
def jsonl():
    """A document of JSON lines, the part of a file that begins at a position and an ordinal."""

    def made(*records, start=0, ordinal=0):
        data = b"".join(json.dumps(record).encode() + b"\n" for record in records)
        return Document(SOURCE, "a.jsonl", Format.JSONL, data, start, start + len(data), ordinal, 1_700_000_000_000)

    return made


@pytest.fixture
def hanging():
    """A feed whose categories take minutes to parse: feedparser compares each with all before it."""
    many = "".join(f"<category>{number}</category>" for number in range(60_000))
    data = f'<rss version="2.0"><channel><title>t</title><item><title>x</title>{many}</item></channel></rss>'
    return Document(SOURCE, "hangs.xml", Format.FEED, data.encode(), 0, -1, 0, 1_700_000_000_000)


@pytest.fixture
async def pool():
    async with ReaderPool(1, Limits(60, 1024 * MEBIBYTE)) as opened:
        yield opened


@pytest.fixture
def no_pauses(monkeypatch):
    monkeypatch.setattr(patience, "_FIRST", 0.0)


@pytest.fixture
async def world(tmp_path):
    async with connect(f"sqlite:///{tmp_path}/news.db", create=True) as opened:
        yield World(Failing(opened))
