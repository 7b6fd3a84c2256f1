"""Brokers killed, frozen and too few, in the middle of a replay on Kafka."""

import signal

import pytest
from faults.faults import frozen, killed
from faults.going_on import BEFORE, PACE, goes_on
from kafka.clients import administering

AWAY = "broker.away"


@pytest.fixture
def offered(folder):
    folder.jsonl("a.jsonl", 500, bad_every=20)
    return folder


async def test_a_broker_that_is_killed_and_restarted(kafka_to_kill, on_kafka, offered):
    await goes_on(on_kafka, offered, killed(kafka_to_kill, 0), AWAY)


async def test_a_broker_that_is_frozen_for_longer_than_a_commit_may_take(kafka_to_kill, on_kafka, offered):
    await goes_on(on_kafka, offered, frozen(kafka_to_kill), AWAY)


async def test_a_broker_and_the_worker_killed_together(kafka_to_kill, on_kafka, offered):
    async with on_kafka.replaying("set", *PACE) as process:
        await on_kafka.events(BEFORE)
        async with killed(kafka_to_kill, 0):
            process.kill()
            await process.wait()
    assert process.returncode == -signal.SIGKILL
    code, said = await on_kafka.replay("set")
    assert code == 1, said
    assert (await on_kafka.judged(offered)).clean


async def test_one_of_three_brokers_killed_the_others_go_on_without_it(kafka_trio_to_kill, on_trio, offered):
    """The one that keeps the split's transactions, and of course leads partitions too."""
    async with on_trio.replaying("set", *PACE) as process:
        await on_trio.events(BEFORE)
        kafka_trio_to_kill.kill(await coordinator(kafka_trio_to_kill, f"{on_trio.prefix}news-worker/replay/set/0/1"))
        _, said = await process.communicate()
    assert process.returncode == 1, said
    assert (await on_trio.judged(offered)).clean


async def test_too_few_copies_in_sync_are_waited_for(kafka_trio_to_kill, on_trio, offered):
    await goes_on(on_trio, offered, killed(kafka_trio_to_kill, 1, 2), AWAY)


async def coordinator(cluster, transactional_id):
    """The broker that keeps its transactions: leader of the partition that Java's hash of its name tells."""
    async with administering(cluster.admin) as admin:
        (found,) = await admin.describe_topics(["__transaction_state"])
    hashed = 0
    for character in transactional_id:
        hashed = (31 * hashed + ord(character)) & 0xFFFFFFFF
    number = min(hashed, 2**32 - hashed) % len(found["partitions"])  # the absolute value, taken for a signed one
    return next(each["leader"] for each in found["partitions"] if each["partition"] == number)
