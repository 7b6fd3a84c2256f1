"""A place for each kind of broker under test. Another broker joins the suite by one more param here."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from worker.broker.connect import administer, connect
from worker.broker.port import Broker, Shard
from worker.kafka.options import KafkaOptions
from worker.model import Topic

KAFKA = KafkaOptions(partitions=3, replication=1)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a test's topics are: connected to as often as the test has workers."""

    url: str
    prefix: str = field(default_factory=lambda: f"contract-{uuid.uuid4().hex[:8]}.")

    def connect(self) -> Broker:
        return connect(self.url, prefix=self.prefix, create=True, kafka=KAFKA)

    def shard(self, name: str) -> Shard:
        return Shard(f"news-worker/replay/{name}/0/1", Topic.REPLAYS, name.encode())

    async def make(self) -> None:
        async with administer(self.url, prefix=self.prefix, kafka=KAFKA) as administration:
            await administration.create((await administration.layouts()).values())


@pytest.fixture(params=["embedded", "kafka"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "embedded":
        return Place(f"sqlite:///{tmp_path}/news.db")
    made = Place(f"kafka://{request.getfixturevalue('kafka').bootstrap}")
    await made.make()
    return made


@pytest.fixture
async def broker(place: Place) -> AsyncIterator[Broker]:
    async with place.connect() as opened:
        yield opened
