"""An embedded broker on a fresh file, with a clock that the test sets."""

import itertools

import pytest

from worker.broker.embedded.broker import EmbeddedBroker
from worker.broker.port import Shard
from worker.model import Record, Topic

DAY = 24 * 60 * 60 * 1000


class Store:
    """A file, its clock (`now`, ms), and short ways to write to it and to read it."""

    def __init__(self, path):
        self.path = path
        self.now = 1_000 * DAY
        self._numbers = itertools.count()

    def broker(self, *, create=True, patience=10.0):
        return EmbeddedBroker(self.path, create=create, now=lambda: self.now, patience=patience)

    def shard(self):
        return Shard("news-worker/replay/data/0/1", Topic.REPLAYS, b"data")

    def record(self, topic=Topic.ARTICLES, key=None, value=b"v", age=0):
        key = b"%d" % next(self._numbers) if key is None else key
        return Record(topic, key, value, (), self.now - age, b"data")

    async def write(self, broker, *records):
        """Commit the records as a worker would that claims, commits once and ends."""
        claim = await broker.claim(self.shard())
        try:
            await claim.commit(records)
        finally:
            await claim.release()

    async def keys(self, broker, topic=Topic.ARTICLES):
        return [record.key async for record in broker.read(topic)]


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "news.db")
