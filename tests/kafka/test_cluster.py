"""What the tests on a real Kafka build on: it comes up, dies and comes back with what it had."""

import uuid

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic


@pytest.fixture
def topic():
    return f"cluster.{uuid.uuid4()}"


async def create(cluster, topic, copies=1):
    admin = AIOKafkaAdminClient(**cluster.admin)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, copies)])
    finally:
        await admin.close()


async def send(cluster, topic, value):
    async with AIOKafkaProducer(**cluster.admin, acks="all") as producer:
        await producer.send_and_wait(topic, value)


async def values(cluster, topic, count):
    found = []
    async with AIOKafkaConsumer(**cluster.admin, auto_offset_reset="earliest") as consumer:
        consumer.assign([TopicPartition(topic, 0)])
        while len(found) < count:
            found.append((await consumer.getone()).value)
    return found


async def test_a_record_outlives_a_kill(kafka_to_kill, topic):
    await create(kafka_to_kill, topic)
    await send(kafka_to_kill, topic, b"before")
    kafka_to_kill.restart()
    await kafka_to_kill.ready()
    await send(kafka_to_kill, topic, b"after")
    assert await values(kafka_to_kill, topic, 2) == [b"before", b"after"]
