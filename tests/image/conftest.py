"""The image, built and unpacked once, and places to run it in."""

from __future__ import annotations

import uuid
from contextlib import ExitStack

import pytest
from image.contained import Contained
from image.engine import Missing, unpacked
from kafka.cluster import free_ports

from worker.kafka.options import KafkaOptions

PARTITIONS = 3


@pytest.fixture(scope="session")
def image():
    with ExitStack() as stack:
        try:
            found = stack.enter_context(unpacked())
        except Missing as reason:
            pytest.skip(str(reason))
        yield found


def health():
    """A port of its own: the network is the machine's."""
    return {"health_address": f"127.0.0.1:{free_ports(1)[0]}"}


@pytest.fixture
def embedded(image, tmp_path):
    """Topics in a file on the volume."""
    volume = tmp_path / "volume"
    volume.mkdir()
    return Contained(
        volume, f"sqlite:///{volume}/news.db", settings={"broker": "sqlite:///news.db", **health()}, image=image
    )


@pytest.fixture
async def on_kafka(image, kafka, tmp_path):
    volume = tmp_path / "volume"
    volume.mkdir()
    options = KafkaOptions(partitions=PARTITIONS, replication=1)
    return Contained(
        volume, f"kafka://{kafka.bootstrap}", f"image-{uuid.uuid4().hex[:8]}.", options, health(), image=image
    )


@pytest.fixture(params=["embedded", "on_kafka"])
def place(request):
    return request.getfixturevalue(request.param)
