"""The least that a test does with a cluster itself; `client` is the arguments of an aiokafka client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import for_code

Client = Mapping[str, Any]


@asynccontextmanager
async def administering(client: Client) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client, closed even when it could not start, as aiokafka's own is not."""
    admin = AIOKafkaAdminClient(**client)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


@asynccontextmanager
async def producing(client: Client) -> AsyncIterator[AIOKafkaProducer]:
    """Likewise."""
    producer = AIOKafkaProducer(**client)
    try:
        await producer.start()
        yield producer
    finally:
        await producer.stop()


async def create(client: Client, topic: str, partitions: int = 1, copies: int = 1, **configs: str) -> None:
    """Make a topic; `min_insync_replicas="2"` and the like are its configuration."""
    settings = {name.replace("_", "."): value for name, value in configs.items()}
    async with administering(client) as admin:
        made = await admin.create_topics([NewTopic(topic, partitions, copies, topic_configs=settings)])
        for _, code, *why in made.topic_errors:
            if code:
                raise for_code(code)(*why)


async def send(client: Client, topic: str, *values: bytes) -> None:
    async with producing({**client, "acks": "all"}) as producer:
        for value in values:
            await producer.send_and_wait(topic, value)


async def first(client: Client, topic: str, count: int) -> list[bytes]:
    """The values of the first records of partition 0, once there are so many."""
    async with AIOKafkaConsumer(**client, auto_offset_reset="earliest") as consumer:
        consumer.assign([TopicPartition(topic, 0)])
        return [(await consumer.getone()).value for _ in range(count)]
