"""A replay into a real Kafka with everything on, beside what others do with the same articles, one after another on one broker.

aiokafka sends the finished events; kcat and Kafka Connect send the lines as they are and know nothing of articles.
`NEWS_BENCH_KAFKA_ARTICLES` (default 100,000) sets how many. What is promised is ratios.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path
from statistics import median

from aiokafka import AIOKafkaProducer
from bench.beside.connect import connect
from bench.beside.usage import Used, cpu_of, used
from bench.corpus import lines
from bench.read_cpu import documents, whole, yardstick
from kafka.clients import create
from kafka.cluster import JVM, Cluster, start
from kafka.found import NotFound, find

from worker.model import Record

COUNT = int(os.environ.get("NEWS_BENCH_KAFKA_ARTICLES", "100000"))
PARTITIONS = 24
A_TRANSACTION = 1000
WORKER = [sys.executable, "-m", "worker"]
FEW = 100  # a replay of so many is start-up
KCAT = "kcat: not compared, as it isn't here (Debian: apt-get install kcat)"
# Of Kafka Connect's rate at least; and µs CPU an article over all processes, where the bare language model takes 35.
RATE, AIM = 0.7, 145 / 35
MOST = 1.25 * AIM  # as read_cpu.py tells: other work takes the caches


class Rounds:
    """One contender after another, and what the broker took meanwhile."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.cluster, self.folder = cluster, folder

    def take(self, name: str, contender: Callable[[], Used]) -> Used:
        """Run it, and print its line."""
        (broker,) = self.cluster.brokers
        assert broker.process
        before = cpu_of(broker.process.pid)
        taken = contender()
        served = cpu_of(broker.process.pid) - before
        print(
            f"{name:42} {COUNT / taken.seconds:8,.0f} {taken.cpu / COUNT * 1e6:8.0f} {served / COUNT * 1e6:8.0f}",
            flush=True,
        )
        return taken

    def topic(self, name: str) -> str:
        """A new topic, laid out as the worker's is."""
        asyncio.run(create(self.cluster.admin, name, PARTITIONS, max_message_bytes=str(1 << 20)))
        return name

    def worker(self, *arguments: str) -> Used:
        """The worker's own command, all its processes."""
        return used([*WORKER, *arguments], {"NEWS_WORKER_BROKER": f"kafka://{self.cluster.bootstrap}"})


async def sent_by_aiokafka(cluster: Cluster, topic: str) -> Used:
    """The events that the worker makes, sent one by one in transactions; making them isn't counted."""
    records = islice(cycle([record for document in documents() for record in whole(document)]), COUNT)
    producer = AIOKafkaProducer(
        **cluster.admin, transactional_id="aiokafka", compression_type="zstd", max_batch_size=1 << 20
    )
    async with producer:
        begun, cpu = time.monotonic(), time.process_time()
        for some in _transactions(records):
            async with producer.transaction():
                for one in some:
                    await producer.send(
                        topic, one.value, key=one.key, timestamp_ms=one.timestamp, headers=list(one.headers)
                    )
        return Used(time.monotonic() - begun, time.process_time() - cpu)


def _transactions(records: Iterator[Record]) -> Iterator[list[Record]]:
    while some := list(islice(records, A_TRANSACTION)):
        yield some


def compared(rounds: Rounds) -> tuple[Used, Used | None, float]:
    """What the replay took without its start-up, what Connect took, and the yardstick in µs around the replay."""
    file, few = rounds.folder / "articles.jsonl", rounds.folder / "few.jsonl"
    for path, count in ((file, COUNT), (few, FEW)):
        with path.open("wb") as stream:
            stream.writelines(lines(count))
    rounds.worker("topics", "create")
    rounds.worker("replay", str(few), "--dataset=first")  # the broker compiles, the files' pages come to memory
    start_up = rounds.worker("replay", str(few), "--dataset=few")
    print(f"{f'{COUNT:,} articles of 2 kB':42} {'a second':>8} {'µs CPU':>8} {'broker':>8}")
    bootstrap, cluster = rounds.cluster.bootstrap, rounds.cluster
    topic = rounds.topic("by-aiokafka")
    rounds.take("aiokafka: the encoded events", lambda: asyncio.run(sent_by_aiokafka(cluster, topic)))
    beside = [yardstick()]
    replayed = rounds.take("news-worker replay", lambda: rounds.worker("replay", str(file)))
    beside.append(yardstick())
    others = None
    try:
        topic_ = rounds.topic("by-connect")
        others = rounds.take(
            "Kafka Connect, exactly once: lines",
            lambda: asyncio.run(connect(cluster, rounds.folder / "connect", file, topic_, COUNT)),
        )
    except NotFound as reason:
        print(f"Kafka Connect: not compared: {reason}")
    if shutil.which("kcat"):
        command = ["kcat", "-P", "-b", bootstrap, "-t", rounds.topic("by-kcat"), "-z", "zstd", "-l", str(file)]
        rounds.take("kcat: lines, no transactions", lambda: used(command, {}))
    else:
        print(KCAT)
    without = Used(replayed.seconds - start_up.seconds, replayed.cpu - start_up.cpu)
    return without, others, median(beside)


def main() -> None:
    """Print the table; fail when a ratio does."""
    try:
        kafka = find()
    except NotFound as reason:
        print(f"skipped: {reason}")
        return
    with tempfile.TemporaryDirectory() as made:
        cluster = start(kafka, Path(made) / "kafka", jvm=JVM)
        try:
            asyncio.run(cluster.ready())
            replayed, others, model = compared(Rounds(cluster, Path(made)))
        finally:
            cluster.close()
    each = replayed.cpu / COUNT * 1e6
    print(f"replay without start-up: {COUNT / replayed.seconds:,.0f} a second, {each:.0f} µs CPU an article")
    print(
        f"ratio to the bare language model's {model:.0f} µs: {each / model:.2f}; 145 µs where it takes 35 would be {AIM:.2f}"
    )
    if others:
        print(f"of Kafka Connect's rate: {others.seconds / replayed.seconds:.2f}; {RATE} is the least")
        assert others.seconds / replayed.seconds >= RATE, f"a replay is slower than {RATE} times Kafka Connect"
    assert each / model <= MOST, (
        f"an article takes {each / model:.2f} times what the language model does, not {MOST:.2f}"
    )


if __name__ == "__main__":
    main()
