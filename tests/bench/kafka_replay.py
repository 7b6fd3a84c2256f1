"""A replay into a real Kafka with everything on, beside what others do with the same articles: by turns, on one broker.

aiokafka sends the finished events; kcat and Kafka Connect send the lines as they are and know nothing of articles. The yardstick of
CPU time is `read` and `decide` alone, in as many processes at once. `NEWS_BENCH_KAFKA_ARTICLES` (default
100,000): articles a round.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice
from multiprocessing import get_context
from pathlib import Path
from statistics import median

from aiokafka import AIOKafkaProducer
from bench.beside.connect import Connect, connect
from bench.beside.usage import Used, cpu_of, used
from bench.corpus import lines
from bench.kafka_here import one_broker
from bench.read_cpu import COUNT as READ
from bench.read_cpu import documents, whole
from kafka.clients import create
from kafka.cluster import Cluster
from kafka.found import NotFound

from worker.model import Record

COUNT = int(os.environ.get("NEWS_BENCH_KAFKA_ARTICLES", "100000"))
PARTITIONS = 24
A_TRANSACTION = 1000
WORKER = [sys.executable, "-m", "worker"]
FEW = 100  # a replay of so many is start-up
ROUNDS = 3
AIOKAFKA, REPLAY = "aiokafka: the encoded events", "news-worker replay"
CONNECT, KCAT = "Kafka Connect, exactly once: lines", "kcat: lines, no transactions"
# Of Kafka Connect's rate at least; and CPU time of all processes, where read and decide take 110 µs (read_cpu.py).
RATE, AIM = 0.7, 145 / 110
MOST = 1.25 * AIM  # two readers, the parent, the broker: each takes the caches of the others


@dataclass
class Rounds:
    """What each contender took, by round, and what the broker took meanwhile."""

    cluster: Cluster
    folder: Path
    taken: dict[str, list[Used]] = field(default_factory=dict)
    served: dict[str, list[float]] = field(default_factory=dict)

    def take(self, name: str, contender: Callable[[], Used]) -> None:
        """Run it."""
        (broker,) = self.cluster.brokers
        assert broker.process
        before = cpu_of(broker.process.pid)
        self.taken.setdefault(name, []).append(contender())
        self.served.setdefault(name, []).append(cpu_of(broker.process.pid) - before)

    def topic(self, name: str) -> str:
        """A new topic, laid out as the worker's is."""
        asyncio.run(create(self.cluster.admin, name, PARTITIONS, max_message_bytes=str(1 << 20)))
        return name

    def worker(self, *arguments: str) -> Used:
        """The worker's own command, all its processes."""
        return used([*WORKER, *arguments], {"NEWS_WORKER_BROKER": f"kafka://{self.cluster.bootstrap}"})

    def show(self) -> None:
        """Medians."""
        print(f"{f'{COUNT:,} articles of 2 kB, medians of {ROUNDS}':42} {'a second':>8} {'µs CPU':>8} {'broker':>8}")
        for name, taken in self.taken.items():
            rate, cpu = COUNT / median(one.seconds for one in taken), median(one.cpu for one in taken)
            print(f"{name:42} {rate:8,.0f} {cpu / COUNT * 1e6:8.0f} {median(self.served[name]) / COUNT * 1e6:8.0f}")


async def sent_by_aiokafka(cluster: Cluster, topic: str) -> Used:
    """The events that the worker makes, sent one by one in transactions; making them isn't counted."""
    records = islice(cycle([record for document in documents() for record in whole(document)]), COUNT)
    producer = AIOKafkaProducer(
        **cluster.admin, transactional_id=topic, compression_type="zstd", max_batch_size=1 << 20
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


def reading(_: int) -> float:
    """µs CPU an article of `read` and `decide`, alone in this process."""
    made = documents()
    rounds = []
    for _round in range(5):
        begun = time.process_time()
        for document in made:
            whole(document)
        rounds.append((time.process_time() - begun) / READ * 1e6)
    return median(rounds)


def compared(rounds: Rounds, others: Connect | None) -> tuple[Used, list[float]]:
    """What start-up takes, and the yardstick after each round."""
    file, few = rounds.folder / "articles.jsonl", rounds.folder / "few.jsonl"
    for path, count in ((file, COUNT), (few, FEW)):
        with path.open("wb") as stream:
            stream.writelines(lines(count))
    rounds.worker("topics", "create")
    rounds.worker("replay", str(few), "--dataset=first")  # the broker compiles, the files' pages come to memory
    start_up = rounds.worker("replay", str(few), "--dataset=few")
    yardstick = []
    jobs = len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        for number in range(ROUNDS):
            one_round(rounds, number, file, others)
            yardstick += pool.map(reading, range(jobs))
    return start_up, yardstick


def one_round(rounds: Rounds, number: int, file: Path, others: Connect | None) -> None:
    """Each contender once, the two that are compared side by side."""
    cluster = rounds.cluster
    topics = {name: rounds.topic(f"by-{name}-{number}") for name in ("aiokafka", "connect", "kcat")}
    rounds.take(AIOKAFKA, lambda: asyncio.run(sent_by_aiokafka(cluster, topics["aiokafka"])))
    rounds.take(REPLAY, lambda: rounds.worker("replay", str(file), f"--dataset=round-{number}"))
    if others:
        rounds.take(CONNECT, lambda: asyncio.run(others.replay(file, topics["connect"], COUNT)))
    if shutil.which("kcat"):
        command = ["kcat", "-P", "-b", cluster.bootstrap, "-t", topics["kcat"], "-z", "zstd", "-l", str(file)]
        rounds.take(KCAT, lambda: used(command, {}))


@contextmanager
def connected(cluster: Cluster, folder: Path) -> Iterator[Connect | None]:
    """Kafka Connect, or word of why it isn't compared with."""
    with ExitStack() as stack:
        try:
            others = stack.enter_context(connect(cluster, folder))
        except NotFound as reason:
            print(f"{CONNECT}: not compared: {reason}")
            others = None
        yield others


def main() -> None:
    """Print the table; fail when a ratio does."""
    if not shutil.which("kcat"):
        print(f"{KCAT}: not compared, as it isn't here (Debian: apt-get install kcat)")
    with (
        tempfile.TemporaryDirectory() as made,
        one_broker(Path(made)) as cluster,
        connected(cluster, Path(made) / "connect") as others,
    ):
        rounds = Rounds(cluster, Path(made))
        start_up, yardstick = compared(rounds, others)
    rounds.show()
    each = (median(one.cpu for one in rounds.taken[REPLAY]) - start_up.cpu) / COUNT * 1e6
    alone = median(yardstick)
    print(
        f"replay without start-up {each:.0f} µs CPU an article, read and decide alone {alone:.0f}: ratio {each / alone:.2f}"
    )
    print(f"145 µs where read and decide take 110 would be {AIM:.2f}")
    if CONNECT in rounds.taken:
        pairs = zip(rounds.taken[REPLAY], rounds.taken[CONNECT], strict=True)
        rate = median(
            other.seconds / (ours.seconds - start_up.seconds) for ours, other in pairs
        )  # Connect has started before
        print(f"of Kafka Connect's rate: {rate:.2f}, round by round; {RATE} is the least")
        assert rate >= RATE, f"a replay has {rate:.2f} of Kafka Connect's rate, not {RATE}"
    assert each / alone <= MOST, f"an article takes {each / alone:.2f} times what reading it does, not {MOST:.2f}"


if __name__ == "__main__":
    main()
