"""An upstream topic read from given offsets on, on a real Kafka: what comes, what is passed over, and what is said of it."""

import asyncio
import uuid
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import NewPartitions, RecordsToDelete
from kafka.clients import administering, create, producing

from worker.kafka.connection import connection
from worker.kafka.options import KafkaOptions
from worker.model import Fault, FaultKind
from worker.sources.topic import Options, TopicFault, client, consuming

PARTITIONS = 2


@pytest.fixture
async def topic(kafka):
    name = f"upstream-{uuid.uuid4().hex[:8]}"
    await create(kafka.admin, name, PARTITIONS)
    return name


@asynccontextmanager
async def reading(kafka, topic, positions=None, **named):
    """The topic, begun."""
    given = {"share": None, "refused": lambda _cluster, _topic: None, "in_words": str, **named}
    where = connection(f"kafka://{kafka.bootstrap}", KafkaOptions())
    async with consuming(Options("desk", where, topic, **given)) as reader:
        await reader.begin(positions or {})
        yield reader


async def sent(kafka, topic, *values, partition=0):
    async with producing({**kafka.admin, "max_request_size": 8 * 1024 * 1024}) as producer:
        for value in values:
            await producer.send_and_wait(topic, value, partition=partition)


async def taken(reader, count):
    """So many records, by partition."""
    found = {}
    while sum(map(len, found.values())) < count:
        for one in await reader.take():
            found.setdefault(one.partition, []).extend(record.value for record in one.records)
    return found


async def all_of(reader):
    await reader.end_here()
    found = []
    while not await reader.ended():
        found += [record.value for one in await reader.take() for record in one.records]
    return found


async def test_each_partition_comes_in_its_order_and_goes_on_where_it_is_told_to(kafka, topic):
    await sent(kafka, topic, b"0", b"1", b"2")
    await sent(kafka, topic, b"a", b"b", partition=1)
    async with reading(kafka, topic) as reader:
        assert await taken(reader, 5) == {0: [b"0", b"1", b"2"], 1: [b"a", b"b"]}
        assert await reader.behind() == 0
    async with reading(kafka, topic, {0: 2, 1: 1}) as reader:
        assert await taken(reader, 2) == {0: [b"2"], 1: [b"b"]}


async def test_a_share_is_the_partitions_that_fall_to_it(kafka, topic):
    await sent(kafka, topic, b"0")
    await sent(kafka, topic, b"a", partition=1)
    async with reading(kafka, topic, share=(1, 2)) as reader:
        assert await all_of(reader) == [b"a"]


async def test_what_was_aborted_never_comes_and_of_what_stays_open_nothing_does(kafka, topic, monkeypatch):
    monkeypatch.setattr(client, "_OPEN_SECONDS", 0.5)
    producer = AIOKafkaProducer(**kafka.admin, transactional_id=topic)
    async with producer:
        await producer.begin_transaction()
        await producer.send_and_wait(topic, b"aborted", partition=0)
        await producer.abort_transaction()
        async with producer.transaction():
            await producer.send_and_wait(topic, b"committed", partition=0)
        async with reading(kafka, topic) as reader:
            assert await all_of(reader) == [b"committed"]
            assert await reader.behind() == 0
        await producer.begin_transaction()
        await producer.send_and_wait(topic, b"open", partition=0)
        async with reading(kafka, topic) as reader:
            assert await all_of(reader) == [b"committed"]
        await producer.commit_transaction()


async def test_it_can_begin_after_all_that_there_is(kafka, topic):
    await sent(kafka, topic, b"old")
    async with reading(kafka, topic) as reader:
        ends = await reader.last()
    assert ends == {0: 1, 1: 0}
    await sent(kafka, topic, b"new")
    async with reading(kafka, topic, ends) as reader:
        assert await all_of(reader) == [b"new"]


async def test_partitions_that_are_added_are_taken_up_while_it_is_read(kafka, topic, monkeypatch):
    monkeypatch.setattr(client, "_LOOK_EVERY", 0.1)
    await sent(kafka, topic, b"0")
    async with reading(kafka, topic) as reader:
        assert await taken(reader, 1) == {0: [b"0"]}
        async with administering(kafka.admin) as admin:
            await admin.create_partitions({topic: NewPartitions(PARTITIONS + 1)})
        await until_known(kafka, topic)
        await sent(kafka, topic, b"first of the third", partition=2)
        assert await taken(reader, 1) == {2: [b"first of the third"]}


async def test_offsets_that_retention_has_passed_are_counted_and_it_goes_on_at_the_earliest(kafka, topic):
    await sent(kafka, topic, *[b"%d" % number for number in range(5)])
    async with administering(kafka.admin) as admin:
        await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(3)})
    async with reading(kafka, topic, {0: 1, 1: 0}) as reader:
        passed = []
        while not passed:
            passed = await reader.take()
        assert [(one.partition, one.records, one.end, one.lost) for one in passed] == [(0, (), 3, 2)]
        assert await taken(reader, 2) == {0: [b"3", b"4"]}


async def test_a_topic_that_ends_before_the_position_was_made_anew_and_is_read_from_its_start(kafka, topic):
    await sent(kafka, topic, b"0")
    async with reading(kafka, topic, {0: 7}) as reader:
        passed = []
        while not passed:
            passed = await reader.take()
        assert [(one.partition, one.end, one.lost) for one in passed] == [(0, 0, 0)]
        assert await taken(reader, 1) == {0: [b"0"]}


async def test_records_larger_than_what_is_fetched_at_once_come_one_at_a_time(kafka):
    topic = f"upstream-{uuid.uuid4().hex[:8]}"
    await create(kafka.admin, topic, 1, max_message_bytes="8388608")
    large = [bytes([65 + number]) * 3 * 1024 * 1024 for number in range(3)]
    await sent(kafka, topic, b"small", *large, b"small again")
    async with reading(kafka, topic) as reader:
        assert await all_of(reader) == [b"small", *large, b"small again"]


async def test_a_topic_that_is_not_there_or_is_refused_is_a_fault(kafka, topic):
    assert (await fault(kafka, "no-such-topic")).kind is FaultKind.MISSING
    refused = await fault(kafka, topic, refused=lambda cluster, name: f"{name} of {cluster} is ours")
    assert refused.kind is FaultKind.UNCONFIGURED
    assert topic in refused.message


async def test_a_topic_that_is_deleted_while_it_is_read_is_a_fault(kafka, topic, monkeypatch):
    monkeypatch.setattr(client, "_LOOK_EVERY", 0.1)
    await sent(kafka, topic, b"0")
    async with reading(kafka, topic) as reader:
        await taken(reader, 1)
        async with administering(kafka.admin) as admin:
            await admin.delete_topics([topic])
        with pytest.raises(TopicFault, match="no such topic"):
            await ends(reader)


async def test_a_cluster_that_answers_nothing_is_a_fault_and_can_be_left(kafka_to_kill, topic, monkeypatch):
    for name in ("_LOOK_EVERY", "_ASK_SECONDS"):
        monkeypatch.setattr(client, name, 0.5)
    await sent(kafka_to_kill, topic, b"0")
    async with reading(kafka_to_kill, topic) as reader:
        await taken(reader, 1)
        kafka_to_kill.freeze()
        with pytest.raises(TopicFault) as raised:
            await ends(reader)
    assert raised.value.fault.kind is FaultKind.TIMEOUT


async def ends(reader):
    async with asyncio.timeout(60):
        while True:
            await reader.take()


async def fault(kafka, topic, **named) -> Fault:
    with pytest.raises(TopicFault) as raised:
        async with reading(kafka, topic, **named):
            pass
    return raised.value.fault


async def until_known(kafka, topic):
    async with administering(kafka.admin) as admin:
        while len((await admin.describe_topics([topic]))[0]["partitions"]) == PARTITIONS:  # noqa: ASYNC110 (no event tells)
            await asyncio.sleep(0.05)
