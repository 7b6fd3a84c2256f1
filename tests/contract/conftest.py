"""A place for each kind of broker under test. Another broker joins the suite by one more param here."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from worker.broker.connect import connect
from worker.broker.port import Broker, Shard
from worker.model import Topic


@dataclass(frozen=True, slots=True)
class Place:
    """Where a test's topics are: connected to as often as the test has workers."""

    url: str
    prefix: str

    def connect(self) -> Broker:
        return connect(self.url, prefix=self.prefix, create=True)

    def shard(self, name: str) -> Shard:
        return Shard(f"{self.prefix}news-worker/replay/{name}/0/1", Topic.REPLAYS, name.encode())


@pytest.fixture(params=["embedded"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return {"embedded": Place(f"sqlite:///{tmp_path}/news.db", "contract.")}[request.param]


@pytest.fixture
async def broker(place: Place) -> AsyncIterator[Broker]:
    async with place.connect() as opened:
        yield opened
