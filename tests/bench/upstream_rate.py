"""How fast an upstream topic is read beside a replay of the same articles, both into one Kafka, by turns.

`NEWS_BENCH_UPSTREAM` (default 40,000): articles a round.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from bench.beside.usage import Used, used
from bench.corpus import lines
from bench.kafka_here import one_broker
from kafka.clients import create, producing
from kafka.cluster import Cluster

COUNT = int(os.environ.get("NEWS_BENCH_UPSTREAM", "40000"))
FEW = 100  # so many are start-up
PARTITIONS = 4
ROUNDS = 3
RATE = 0.7  # of the replay's, at least
WORKER = [sys.executable, "-m", "worker"]


async def filled(cluster: Cluster, topic: str, values: Iterable[bytes]) -> None:
    """A topic with a record a line."""
    await create(cluster.admin, topic, PARTITIONS)
    async with producing({**cluster.admin, "linger_ms": 5}) as producer:
        sent = [await producer.send(topic, value.rstrip()) for value in values]
        for one in sent:
            await one


def worker(cluster: Cluster, prefix: str, *arguments: str) -> Used:
    """The worker's own command, with topics of its own."""
    named = {"NEWS_WORKER_BROKER": f"kafka://{cluster.bootstrap}", "NEWS_WORKER_PREFIX": f"{prefix}."}
    return used([*WORKER, *arguments], named)


def consumed(cluster: Cluster, topic: str, prefix: str) -> float:
    """Seconds to read the topic to its end."""
    worker(cluster, prefix, "topics", "create")
    worker(cluster, prefix, "sources", "add", f"kafka://{cluster.bootstrap}/{topic}")
    return worker(cluster, prefix, "run", "--once").seconds


def replayed(cluster: Cluster, file: Path, prefix: str) -> float:
    """Seconds to replay the file."""
    worker(cluster, prefix, "topics", "create")
    return worker(cluster, prefix, "replay", str(file)).seconds


def compared(cluster: Cluster, folder: Path) -> list[tuple[float, float]]:
    """Articles a second, round by round: of the replay, of the topic; without start-up."""
    for name, count in (("many", COUNT), ("few", FEW)):
        (folder / f"{name}.jsonl").write_bytes(b"".join(lines(count)))
        asyncio.run(filled(cluster, name, lines(count)))
    rates = []
    for number in range(ROUNDS):
        seconds = [
            measure(cluster, of_many, f"{name}-many-{number}") - measure(cluster, of_few, f"{name}-few-{number}")
            for name, measure, of_few, of_many in (
                ("replay", replayed, folder / "few.jsonl", folder / "many.jsonl"),
                ("topic", consumed, "few", "many"),
            )
        ]
        rates.append(((COUNT - FEW) / seconds[0], (COUNT - FEW) / seconds[1]))
    return rates


def main() -> None:
    """Print the rates; fail when their ratio does."""
    with tempfile.TemporaryDirectory() as made, one_broker(Path(made)) as cluster:
        rates = compared(cluster, Path(made))
    for replay, topic in rates:
        print(f"replay {replay:6,.0f} articles a second, upstream topic {topic:6,.0f}: {topic / replay:.2f}")
    ratio = median(topic / replay for replay, topic in rates)
    print(f"of the replay's rate: {ratio:.2f}, round by round; {RATE} is the least")
    assert ratio >= RATE, f"a topic is read with {ratio:.2f} of the rate of a replay, not {RATE}"


if __name__ == "__main__":
    main()
