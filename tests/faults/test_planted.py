"""The oracle of the replays on Kafka: bugs planted there turn it red, where what is not planted stays clean.

That of a checkpoint committed apart is planted on both brokers, in test_replay_killed.py.
"""

from contextlib import asynccontextmanager
from signal import SIGCONT, SIGSTOP

from aiokafka import AIOKafkaProducer
from faults.going_on import BEFORE, PACE
from faults.planted import at, planted
from faults.running import stopped, until

from worker.broker.kafka.partitions import partition_of
from worker.model import Topic

LATER = 4


async def test_a_restore_goes_past_what_another_producer_has_open_in_the_partition(kafka, behind, proxy, folder):
    folder.jsonl("a.jsonl", 600)
    async with behind.replaying("set", *PACE) as process:
        await behind.events(BEFORE)
        async with open_transaction(kafka, behind):
            await behind.events(BEFORE)
            async with proxy.silent():
                await until(process, "broker.away")
        _, said = await process.communicate()
    assert process.returncode == 0, said
    assert (await behind.judged(folder)).clean


async def test_planted_restore_to_the_read_committed_end_is_found(kafka, behind, proxy, folder):
    folder.jsonl("a.jsonl", 600)
    async with behind.replaying("set", *PACE, program=planted("short restore")) as process:
        await behind.events(BEFORE)
        async with open_transaction(kafka, behind):
            await behind.events(BEFORE)
            async with proxy.silent():
                await until(process, "broker.away")
            await process.communicate()
    assert (await behind.judged(folder)).twice


async def test_planted_former_owner_that_is_not_fenced_is_found(on_kafka, folder):
    folder.jsonl("a.jsonl", 300)
    program = planted("unfenced", at("begun", LATER, SIGSTOP))
    patient = {"kafka_transaction_timeout_s": 120}  # else the deadline of its commit ends it, before anything is sent
    async with on_kafka.replaying("set", *PACE, program=program, **patient) as older:
        await stopped(older)
        code, said = await on_kafka.replay("set", program=planted("unfenced"))
        assert code == 0, said
        older.send_signal(SIGCONT)
        await older.communicate()
    assert (await on_kafka.judged(folder)).twice


@asynccontextmanager
async def open_transaction(kafka, place):
    """Another producer's, within the block, in the partition of what is remembered of the data set."""
    name = place.prefix + Topic.REPLAYS.value
    async with AIOKafkaProducer(**kafka.admin, transactional_id=f"{place.prefix}another") as producer:
        await producer.begin_transaction()
        await producer.send_and_wait(name, b"1", key=b"another", partition=partition_of(b"set", place.kafka.partitions))
        yield
        await producer.abort_transaction()
