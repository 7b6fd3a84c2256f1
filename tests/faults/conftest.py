"""Places for replays to run in, and a data set of every format."""

import uuid
from dataclasses import replace

import pytest
from faults.offered import Folder
from faults.running import Place
from kafka.proxy import Proxy

from worker.kafka.options import KafkaOptions

PARTITIONS = 3
TIMEOUT = 5.0  # of a transaction, in seconds: what is left open blocks readers so long


async def made(
    folder,
    url,
    *,
    partitions=PARTITIONS,
    replication=1,
    options=KafkaOptions(),  # noqa: B008 (frozen)
    hangs=120,
    **settings,
) -> Place:
    options = replace(options, partitions=partitions, replication=replication, transaction_timeout=TIMEOUT)
    place = Place(folder, url, f"faults-{uuid.uuid4().hex[:8]}.", options, settings, hangs)
    await place.make()
    return place


@pytest.fixture
def embedded(tmp_path):
    return Place(tmp_path, f"sqlite:///{tmp_path}/news.db")


@pytest.fixture
async def on_kafka(kafka, tmp_path):
    return await made(tmp_path, f"kafka://{kafka.bootstrap}")


@pytest.fixture
async def on_trio(kafka_trio, tmp_path):
    return await made(tmp_path, f"kafka://{kafka_trio.bootstrap}", replication=3)


@pytest.fixture
async def proxy(kafka_found, kafka):
    async with Proxy(kafka.brokers[0].listeners["PROXIED"]) as standing:
        yield standing


@pytest.fixture
async def behind(kafka, tmp_path, proxy):
    """On Kafka, replays behind a proxy."""
    return await made(tmp_path, f"kafka://{kafka.bootstrap}", broker=f"kafka://{kafka.by('PROXIED')}")


@pytest.fixture(params=["embedded", "on_kafka"])
def place(request):
    """On each broker in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "set")


@pytest.fixture
def offered(folder):
    """Enough to be in the middle of, with some that is rejected."""
    folder.jsonl("a.jsonl", 300)
    folder.jsonl("b.jsonl", 100, bad_every=20)
    return folder
