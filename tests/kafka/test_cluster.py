"""What the tests on a real Kafka build on: it comes up, dies, and comes back with what it had."""

import asyncio
import os
import select
import subprocess
import sys
import uuid
from contextlib import suppress
from pathlib import Path

import pytest
from aiokafka.errors import KafkaConnectionError
from kafka.clients import administering, create, first, send
from kafka.cluster import Broke, start
from kafka.properties import Ways

DIES = """
import sys
from pathlib import Path
from kafka.cluster import start
from kafka.found import find
from os import kill, getpid

cluster = start(find(), Path(sys.argv[1]))
print(cluster.brokers[0].process.pid, flush=True)
kill(getpid(), 9)
"""


@pytest.fixture
def topic():
    return f"cluster.{uuid.uuid4()}"


def state(process: int) -> str:
    """A letter: proc(5)."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]


async def test_a_record_outlives_a_kill(kafka_to_kill, topic):
    await create(kafka_to_kill.admin, topic)
    await send(kafka_to_kill.admin, topic, b"before")
    kafka_to_kill.kill()
    with pytest.raises(KafkaConnectionError):
        await send(kafka_to_kill.admin, topic, b"meanwhile")
    kafka_to_kill.restart()
    await kafka_to_kill.ready()
    await send(kafka_to_kill.admin, topic, b"after")
    assert await first(kafka_to_kill.admin, topic, 2) == [b"before", b"after"]


async def test_a_frozen_broker_answers_once_thawed(kafka_to_kill, topic):
    await create(kafka_to_kill.admin, topic)
    kafka_to_kill.freeze()
    sending = asyncio.create_task(send(kafka_to_kill.admin, topic, b"waits"))
    assert state(kafka_to_kill.brokers[0].process.pid) == "T"
    assert not sending.done()
    kafka_to_kill.thaw()
    await sending
    assert await first(kafka_to_kill.admin, topic, 1) == [b"waits"]


async def test_three_brokers_serve_without_one_and_take_it_back(kafka_trio_to_kill, topic):
    await create(kafka_trio_to_kill.admin, topic, copies=3)
    kafka_trio_to_kill.kill(1)
    await send(kafka_trio_to_kill.admin, topic, b"by two")
    kafka_trio_to_kill.restart(1)
    await kafka_trio_to_kill.ready()
    async with administering(kafka_trio_to_kill.admin) as admin:
        (found,) = await admin.describe_topics([topic])
    assert sorted(found["partitions"][0]["isr"]) == [0, 1, 2]
    assert await first(kafka_trio_to_kill.admin, topic, 1) == [b"by two"]


def test_a_broker_that_does_not_come_up_says_why(kafka_found, tmp_path):
    with pytest.raises(Broke, match="neither"):
        start(kafka_found, tmp_path, ways=Ways({"PLAIN": "PLAINTEXT"}, {"process.roles": "neither"}))


def test_a_broker_ends_with_whoever_started_it_even_when_that_is_killed(kafka_found, tmp_path):
    tests = str(Path(__file__).parents[1])
    ran = subprocess.run(
        [sys.executable, "-c", DIES, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": tests},
        stdout=subprocess.PIPE,
        check=False,
    )
    with suppress(ProcessLookupError):  # it was faster
        broker = os.pidfd_open(int(ran.stdout))
        ended, _, _ = select.select([broker], [], [], 30)  # a pidfd can be read once its process has ended
        os.close(broker)
        assert ended
