"""A client that is started while the cluster counts no broker among its own: it asks again, and keeps no connection of before."""

import asyncio

import aiokafka.client
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.metadata import MetadataResponse_v1

import worker.kafka.adapter as module

NONE, ONE = [], [(7, "broker", 9092, None)]


class Connection:
    def __init__(self, brokers):
        self._brokers = brokers
        self.closed = False

    def connected(self):
        return not self.closed

    async def send(self, _request):
        return MetadataResponse_v1(self._brokers, 7, [])

    def close(self, **_why):
        self.closed = True
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


@pytest.fixture
def cluster(monkeypatch):
    """A cluster that counts these brokers, connection by connection; the connections that were made."""
    made = []

    def counts(*answers):
        left = list(answers)

        async def connect(*_address, **_options):
            made.append(Connection(left.pop(0) if len(left) > 1 else left[0]))
            return made[-1]

        monkeypatch.setattr(aiokafka.client, "create_conn", connect)
        return made

    monkeypatch.setattr(module, "_PAUSE", 0.0)
    return counts


async def test_a_client_is_started_when_the_cluster_counts_a_broker(cluster):
    connections = cluster(NONE, NONE, ONE)
    client = AIOKafkaAdminClient(bootstrap_servers="broker:9092")
    await client.start()
    try:
        assert client._client.get_random_node() == 7
        assert [connection.closed for connection in connections] == [True, True, True]
    finally:
        await client.close()


async def test_whoever_starts_it_sets_for_how_long(cluster):
    cluster(NONE)
    client = AIOKafkaAdminClient(bootstrap_servers="broker:9092")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await client.start()
    await client.close()
