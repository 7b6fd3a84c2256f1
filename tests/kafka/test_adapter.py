"""What the adapter takes for granted of the aiokafka that is pinned: a producer or consumer in any state ends within moments."""

import asyncio
import uuid

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, ProducerFenced, TopicAuthorizationFailedError
from kafka.clients import create

from worker.kafka.adapter import close, discard, fatal, stop, why_not_reached

LONG = 5.0  # seconds; a discard takes a tenth of one, aiokafka's own stop never ends where the broker is away


@pytest.fixture
async def topic(kafka):
    name = f"adapter.{uuid.uuid4()}"
    await create(kafka.admin, name)
    return name


async def started(cluster, name):
    producer = AIOKafkaProducer(bootstrap_servers=cluster.bootstrap, transactional_id=name, request_timeout_ms=2_000)
    await producer.start()
    return producer


async def idle(producer, topic):
    pass


async def begun(producer, topic):
    await producer.begin_transaction()


async def sent(producer, topic):
    await producer.begin_transaction()
    await producer.send(topic, b"v", partition=0)


async def acknowledged(producer, topic):
    await producer.begin_transaction()
    await producer.send_and_wait(topic, b"v", partition=0)


async def committed(producer, topic):
    await acknowledged(producer, topic)
    await producer.commit_transaction()


STATES = (idle, begun, sent, acknowledged, committed)


@pytest.mark.parametrize("fault", ["none", "kill", "freeze"])
async def test_a_producer_is_discarded_in_any_state_whatever_became_of_the_broker(kafka_to_kill, topic, fault):
    before = asyncio.all_tasks()
    producers = {}
    for state in STATES:
        producers[state] = await started(kafka_to_kill, state.__name__)
        await state(producers[state], topic)
    if fault != "none":
        getattr(kafka_to_kill, fault)()
    ending = [asyncio.create_task(producers[state].commit_transaction()) for state in (sent, acknowledged)]
    await asyncio.sleep(0)  # lets them begin

    for producer in producers.values():
        async with asyncio.timeout(LONG):
            await discard(producer)
    for task in ending:
        task.cancel()
    await asyncio.wait(ending)
    assert {task for task in asyncio.all_tasks() - before if not task.done()} == set()


async def test_what_ended_a_producer_that_was_fenced_is_known(kafka, topic):
    former = await started(kafka, "fenced")
    await begun(former, topic)
    latter = await started(kafka, "fenced")
    assert fatal(former) is None
    with pytest.raises(KafkaError):
        await former.send_and_wait(topic, b"v", partition=0)

    assert isinstance(fatal(former), ProducerFenced)
    for producer in (former, latter):
        await discard(producer)


@pytest.mark.parametrize("assigned", [True, False])
async def test_a_consumer_is_stopped_at_any_moment(kafka, topic, assigned):
    before = asyncio.all_tasks()
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap)
    await consumer.start()
    if assigned:
        consumer.assign([TopicPartition(topic, 0)])
        consumer.seek(TopicPartition(topic, 0), 0)
        await consumer.getmany(timeout_ms=10)
    async with asyncio.timeout(LONG):
        await stop(consumer)
    assert {task for task in asyncio.all_tasks() - before if not task.done()} == set()


async def test_whoever_is_cancelled_while_a_consumer_ends_hears_of_it(kafka):
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap)
    await consumer.start()
    ending = asyncio.create_task(close(consumer._client))
    await asyncio.sleep(0)  # now it waits for the client's own task, and its own `close` would look past a cancellation
    ending.cancel()
    await asyncio.wait({ending})
    assert ending.cancelled()
    await stop(consumer)


async def test_why_a_broker_is_not_reached_is_told_apart(kafka):
    host, _, port = kafka.bootstrap.rpartition(":")
    assert await why_not_reached(host, int(port)) is None
    assert isinstance(await why_not_reached("127.0.0.1", 1), ConnectionRefusedError)
    with pytest.raises(AssertionError):
        assert await why_not_reached("no-such-host.invalid", 9092) is None


async def test_a_transaction_that_is_spoilt_ends_its_sender_before_anything_more_is_sent(kafka, topic):
    """Else aiokafka sends what waits for its partition to be added, and the marker of the transaction before may commit it."""
    producer = await started(kafka, f"spoilt-{topic}")
    await producer.begin_transaction()
    await producer.send(topic, b"v", partition=0)  # its partition is to be added first
    waiting = set(producer._txn_manager.partitions_to_add())
    with pytest.raises(ProducerFenced) as raised:
        producer._txn_manager.error_transaction(why := TopicAuthorizationFailedError({"another"}))
    assert raised.value.__cause__ is why  # what `fatal` tells
    assert producer._txn_manager.partitions_to_add() == waiting == {TopicPartition(topic, 0)}
    await discard(producer)
