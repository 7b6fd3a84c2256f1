"""How long a small commit takes, how fast what was committed is restored, and how soon all goes on after a broker was lost.

Straight through the broker's port, on real brokers of this machine. `NEWS_BENCH_KAFKA_STATES` (default 200,000) sets how many files
are remembered. Milliseconds mean little where other work runs: what fails the run is far above the aims.
"""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from statistics import quantiles

import structlog
from bench.kafka_here import found_or_end
from bench.read_cpu import documents, whole
from kafka.cluster import JVM, Cluster, answers, start
from kafka.found import Kafka

from worker.broker.connect import administer, connect
from worker.broker.port import Broker, Claim, Shard
from worker.core.replays.memory import file_records
from worker.errors import BrokerError
from worker.model import Decision, FileState, Record, Topic

STATES = int(os.environ.get("NEWS_BENCH_KAFKA_STATES", "200000"))
CLAIMS, PRODUCERS = 24, 64
A_TRANSACTION = 2000
IDLE, WARM = (20, 1.0), (300, 0.03)  # commits, and seconds between them
ROUNDS = 30
NOW = time.time_ns() // 1_000_000
EVENT = replace(whole(documents()[0])[0], timestamp=NOW)
TRIES = 0.2, 3.0  # seconds between claims of a broker that is away, at first and at most: as a replay does it
FAR = 10  # times an aim: then something is wrong, not the machine busy
Row = tuple[str, float, float, str]  # what, the aim, what was measured, its unit


def shard(number: int) -> Shard:
    """Of a data set of its own."""
    return Shard(f"news-worker/replay/bench-{number}/0/1", Topic.REPLAYS, f"bench-{number}".encode())


def state(number: int, file: int) -> Record:
    """What is remembered of a file, as long as usual."""
    path = f"2026/{file % 365:03}/articles-{file:07}.jsonl"
    found = FileState(
        path, f"/srv/news/{path}", 1_000_000 + file, 2_000, NOW * 1_000_000, "a" * 64, 2_000, 1, True, None
    )
    return file_records(f"bench-{number}", [Decision(path, (), 0, (), (), 0, found)], NOW)[0]


def small(number: int) -> list[Record]:
    """An event of 2 kB and what is then remembered."""
    return [EVENT, state(number, 0)]


@asynccontextmanager
async def opened(cluster: Cluster) -> AsyncIterator[Broker]:
    """The broker, its topics made."""
    url = f"kafka://{cluster.bootstrap}"
    async with administer(url) as administration:
        await administration.create((await administration.layouts()).values())
    async with connect(url, create=False) as broker:
        yield broker


@asynccontextmanager
async def claimed(broker: Broker, count: int) -> AsyncIterator[list[Claim]]:
    """So many claims at once, given back at the end."""
    async with AsyncExitStack() as stack:
        claims = await asyncio.gather(*(broker.claim(shard(number)) for number in range(count)))
        for claim in claims:
            stack.push_async_callback(claim.release)
        yield list(claims)


async def timed(claim: Claim, number: int) -> float:
    """Seconds of one small commit."""
    begun = time.monotonic()
    await claim.commit(small(number))
    return time.monotonic() - begun


async def memory(broker: Broker) -> list[Row]:
    """MB that so many producers take, each once used; before anything else took memory that these could use again."""
    async with claimed(broker, 1) as (claim,):
        await claim.commit(small(0))
    before = _resident()
    async with claimed(broker, PRODUCERS) as claims:
        await asyncio.gather(*(claim.commit(small(number)) for number, claim in enumerate(claims)))
        return [(f"memory of {PRODUCERS} claims", 10, _resident() - before, "MB")]


async def commits(broker: Broker) -> list[Row]:
    """Of one claim with pauses between its commits, and of many at once."""
    rows: list[Row] = []
    async with claimed(broker, CLAIMS) as claims:
        for claim in claims:
            await timed(claim, 0)
        for name, (count, pause) in {"idle": IDLE, "warm": WARM}.items():
            taken = []
            for _ in range(count):
                await asyncio.sleep(pause)
                taken.append(await timed(claims[0], 0))
            rows += [(f"small commit, {name}, p50", 10, _percentile(taken, 50), "ms")]
            rows += [(f"small commit, {name}, p99", 50, _percentile(taken, 99), "ms")]
        together: list[float] = []
        for _ in range(ROUNDS):
            await asyncio.sleep(WARM[1])
            together += await asyncio.gather(*(timed(claim, number) for number, claim in enumerate(claims)))
        rows += [(f"{CLAIMS} small commits at once, p99", 200, _percentile(together, 99), "ms")]
    return rows


async def restores(broker: Broker) -> list[Row]:
    """Records a second: all in one partition, then as many over the partitions of many claims at once."""
    rows: list[Row] = []
    async with claimed(broker, CLAIMS + 1) as claims:
        *many, one = claims
        await _remembered(one, CLAIMS, STATES)
        for number, claim in enumerate(many):
            await _remembered(claim, number, STATES // CLAIMS)
        shards = [shard(number) for number in range(CLAIMS + 1)]
        for name, some in (("1 claim", shards[CLAIMS:]), (f"{CLAIMS} claims at once", shards[:CLAIMS])):
            begun = time.monotonic()
            async for _ in broker.restore(some):
                pass
            # Not what was handed over: claims that share a partition get each other's.
            rows += [(f"restore, {name}, {STATES:,} records", 40_000, STATES / (time.monotonic() - begun), "/s")]
    return rows


async def _remembered(claim: Claim, number: int, count: int) -> None:
    for first in range(0, count, A_TRANSACTION):
        await claim.commit([state(number, file) for file in range(first, min(first + A_TRANSACTION, count))])


class Owner:
    """Commits over and over, claiming anew after each fault; `begun` is when its newest commit that went well did."""

    def __init__(self, broker: Broker, number: int) -> None:
        self._broker, self._number = broker, number
        self.begun = 0.0

    async def commit_for_ever(self) -> None:
        pause, most = TRIES
        while True:
            try:
                claim = await self._broker.claim(shard(self._number))
                try:
                    while True:
                        begun = time.monotonic()
                        await claim.commit(small(self._number))
                        self.begun, pause = begun, TRIES[0]
                        await asyncio.sleep(WARM[1] * CLAIMS)
                finally:
                    await claim.release()
            except BrokerError:
                await asyncio.sleep(pause)
                pause = min(pause * 2, most)


async def recovery(broker: Broker, lose: Callable[[], Awaitable[float]]) -> float:
    """Seconds from the instant that `lose` returns until every one of many claims has begun a commit that goes well."""
    owners = [Owner(broker, number) for number in range(CLAIMS)]
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(owner.commit_for_ever()) for owner in owners]
        await _all_since(owners, time.monotonic())
        since = await lose()
        await _all_since(owners, since)
        taken = time.monotonic() - since
        for task in running:
            task.cancel()
    return taken


async def _all_since(owners: Sequence[Owner], since: float) -> None:
    async with asyncio.timeout(300):
        while not all(owner.begun > since for owner in owners):  # noqa: ASYNC110 (looking is no part of what is measured)
            await asyncio.sleep(0.02)


async def one_broker(kafka: Kafka, folder: Path) -> list[Row]:
    """All that one broker is enough for; at the end it is killed and comes back."""
    cluster = start(kafka, folder, jvm=JVM)

    async def killed_and_back() -> float:
        cluster.restart()
        while not await answers(cluster.bootstrap):  # noqa: ASYNC110 (a port tells nobody that it is open)
            await asyncio.sleep(0.02)
        return time.monotonic()

    try:
        await cluster.ready()
        async with opened(cluster) as broker:
            rows = [*await memory(broker), *await commits(broker), *await restores(broker)]
            taken = await recovery(broker, killed_and_back)
            return [*rows, (f"broker killed: {CLAIMS} claims commit, from its port's answer", 10, taken, "s")]
    finally:
        cluster.close()


async def one_of_three(kafka: Kafka, folder: Path) -> list[Row]:
    """Of three brokers one is killed and stays away."""
    cluster = start(kafka, folder, brokers=3, jvm=JVM)

    async def killed() -> float:
        cluster.kill(1)
        return time.monotonic()

    try:
        await cluster.ready()
        async with opened(cluster) as broker:
            return [(f"one of three killed: {CLAIMS} claims commit", 20, await recovery(broker, killed), "s")]
    finally:
        cluster.close()


def _percentile(seconds: Sequence[float], percent: int) -> float:
    """In ms."""
    return quantiles(seconds, n=100, method="inclusive")[percent - 1] * 1000


def _resident() -> float:
    """MB of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    """Print the table; fail where an aim is missed by far."""
    # What a lost broker makes aiokafka say is no result.
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    kafka = found_or_end()
    with tempfile.TemporaryDirectory() as made:
        rows = asyncio.run(one_broker(kafka, Path(made) / "one"))
        rows += asyncio.run(one_of_three(kafka, Path(made) / "three"))
    print(f"{'':58} {'aim':>8} {'measured':>9}")
    for name, aim, measured, unit in rows:
        print(f"{name:58} {aim:8,.0f} {measured:9,.1f} {unit}")
    for name, aim, measured, unit in rows:
        far = measured < aim / FAR if unit == "/s" else measured > aim * FAR
        assert not far, f"{name}: {measured:,.1f} {unit}, and the aim is {aim:,}"


if __name__ == "__main__":
    main()
