"""Clusters for tests, each started when first asked for and shared by the session: tests separate themselves by prefix.

`kafka` is one plain broker, `kafka_trio` three, `kafka_secured` one that lets nobody in unknown. Who kills brokers asks for
`kafka_to_kill` or `kafka_trio_to_kill`: the same, mended after the test.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from kafka.cluster import Cluster, start
from kafka.found import Kafka, NotFound, find
from kafka.secured import Secured, start_secured

RUNNING = os.environ.get("NEWS_TEST_KAFKA")


@pytest.fixture(scope="session")
def kafka_found() -> Kafka:
    """A Kafka to start; skips with how to get one."""
    if RUNNING:
        pytest.skip("NEWS_TEST_KAFKA is set, and this kills or secures brokers of its own: unset it")
    try:
        return find()
    except NotFound as reason:
        pytest.skip(str(reason))


@contextmanager
def served(cluster: Cluster) -> Iterator[Cluster]:
    """The cluster once it is ready, in a thread: a fixture of the session has no loop of its own."""
    try:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, cluster.ready()).result()
        yield cluster
    finally:
        cluster.close()


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if RUNNING:
        with served(Cluster(RUNNING)) as cluster:
            yield cluster
    else:
        with served(start(request.getfixturevalue("kafka_found"), tmp_path_factory.mktemp("kafka"))) as cluster:
            yield cluster


@pytest.fixture(scope="session")
def kafka_trio(kafka_found: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with served(start(kafka_found, tmp_path_factory.mktemp("trio"), brokers=3)) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def kafka_secured(kafka_found: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    secured = start_secured(kafka_found, tmp_path_factory.mktemp("secured"))
    with served(secured.cluster):
        yield secured


@pytest.fixture
async def kafka_to_kill(kafka_found: Kafka, kafka: Cluster) -> AsyncIterator[Cluster]:
    yield kafka
    kafka.mend()
    await kafka.ready()


@pytest.fixture
async def kafka_trio_to_kill(kafka_trio: Cluster) -> AsyncIterator[Cluster]:
    yield kafka_trio
    kafka_trio.mend()
    await kafka_trio.ready()
