"""Workers that share feeds on a real Kafka: how soon another has what one leaves, how long the others pause, what sharing costs.

Each worker is a process as a user runs it; when it was given shards and when it had fenced and restored them is read from its log.
`NEWS_BENCH_FEEDS` (default 1,000) and `NEWS_BENCH_RESTORED` (default 10,000) scale it. Seconds mean little where other
work runs: what fails the run is far above the aims.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import tempfile
import time
from collections.abc import Coroutine
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import structlog
from bench.beside.usage import cpu_of
from bench.kafka_here import found_or_end
from bench.poll_memory import remembered
from faults.conftest import made
from faults.crew import Crew, Worker, crew
from faults.polled import Polled
from faults.running import Place
from feeds.feed import Plan
from feeds.serving import FeedServer, serving, sites
from kafka.cluster import JVM, Cluster, answers, start
from kafka.found import Kafka

from worker.broker.connect import connect
from worker.broker.kafka.partitions import partition_of
from worker.broker.port import Member, Share, Start, shard_of_sources
from worker.model import Topic

FEEDS = int(os.environ.get("NEWS_BENCH_FEEDS", "1000"))
RESTORED = int(os.environ.get("NEWS_BENCH_RESTORED", "10000"))
PARTITIONS, SESSION = 24, 10.0  # as they come
ROUNDS = 3
QUIET = 3.0  # seconds without a change after which none is under way
A_COMMIT = 100  # sources
INTERVAL, PASSES = 5, 4  # seconds between two polls of a feed, and how many of all are measured
FAR = 4  # times an aim: then something is wrong, not the machine busy
HANGS = 3600
Row = tuple[str, float, float, str]  # what, the aim, what was measured, its unit


def one_a_shard() -> list[Plan]:
    """A feed in each partition, which goes on whenever it was taken in."""
    plans: dict[int, Plan] = {}
    number = 0
    while len(plans) < PARTITIONS:
        number += 1
        address = f"127.0.{8 + number // 250}.{1 + number % 250}"
        shard = partition_of(address.encode(), PARTITIONS)
        plans.setdefault(shard, Plan(f"f{shard}", address, "json", entries=5, moves=10**6, seed=shard))
    return list(plans.values())


def when(worker: Worker, event: str, since: int = 0) -> list[float]:
    """The instants (seconds since the epoch) at which it said so, after the line of that number."""
    said = [json.loads(line) for line in worker.said[since:] if line.startswith("{") and f'"{event}"' in line]
    return [datetime.fromisoformat(line["timestamp"]).timestamp() for line in said]


async def moved(workers: Crew, leave: signal.Signals) -> float:
    """Seconds from the signal to one of the workers until the last of the others has what it had."""
    leaving, *others = workers.alive
    seen = [len(one.said) for one in others]
    begun = time.time()
    leaving.process.send_signal(leave)
    for one, since in zip(others, seen, strict=True):
        await one.says('"shards.owned"', since=since)
    await leaving.process.wait()
    had = [when(one, "shards.owned", since)[0] for one, since in zip(others, seen, strict=True)]
    await (await workers.start()).says('"shards.owned"')
    await shared_out(workers)
    return max(had) - begun


async def shared_out(workers: Crew) -> None:
    """Wait until nobody hears of a change any more."""
    before = -1
    while before != (before := sum(len(when(one, "shards.assigned")) for one in workers.all)):  # noqa: ASYNC110 (silence is no event)
        await asyncio.sleep(QUIET)


async def pauses(workers: Crew, place: Place) -> dict[str, float]:
    """For how long, at most, a member that stays doesn't know what falls to it, as another comes, and goes."""
    taken: dict[str, float] = {}
    async with (
        connect(place.url, prefix=place.prefix, create=False, kafka=place.kafka) as broker,
        broker.membership() as member,
    ):
        await settled(member)
        for _ in range(ROUNDS):
            taken["come"] = max(taken.get("come", 0), await pause(member, workers.start()))
            taken["go"] = max(taken.get("go", 0), await pause(member, workers.alive[0].stop()))
    return taken


async def pause(member: Member, change: Coroutine[object, object, object]) -> float:
    """Seconds for which it is not settled what falls to the member, the longest of those that the change brings."""
    changing = asyncio.create_task(change)
    share, longest = member.share, 0.0
    while not longest or await still_changing(member, share):
        while share.settled:
            share = await member.changed(share)
        begun = time.monotonic()
        share = await settled(member)
        longest = max(longest, time.monotonic() - begun)
    await changing
    return longest


async def still_changing(member: Member, share: Share) -> bool:
    try:
        async with asyncio.timeout(QUIET):
            await member.changed(share)
    except TimeoutError:
        return False
    return True


async def settled(member: Member) -> Share:
    share = member.share
    while not share.settled:
        share = await member.changed(share)
    return share


async def broker_back(cluster: Cluster, place: Place) -> float:
    """Seconds from its port's answer after a kill until each shard has committed."""
    await asyncio.to_thread(cluster.restart)
    while not await answers(cluster.bootstrap):  # noqa: ASYNC110 (a port tells nobody that it is open)
        await asyncio.sleep(0.02)
    begun, left = time.monotonic(), set(range(PARTITIONS))
    await cluster.ready()
    async with connect(place.url, prefix=place.prefix, create=False, kafka=place.kafka) as broker:
        since = Start(since=time.time_ns() // 1_000_000 - round((time.monotonic() - begun) * 1000))
        async for record in broker.read(Topic.CHECKPOINTS, since, follow=True):
            left.discard(record.partition)
            if not left:
                return time.monotonic() - begun
    raise AssertionError


async def restored(place: Place, served: FeedServer) -> float:
    """Seconds that one worker takes to fence and restore all shards with many sources."""
    now = time.time_ns() // 1_000_000
    async with connect(place.url, prefix=place.prefix, create=False, kafka=place.kafka) as broker:
        by_shard: dict[int, list[int]] = {}
        pairs = [remembered(number, now) for number in range(RESTORED)]
        for number, (definition, _) in enumerate(pairs):
            by_shard.setdefault(broker.partition_of(Topic.SOURCES, definition.partition_by), []).append(number)
        await broker.append([definition for definition, _ in pairs])
        for shard, numbers in by_shard.items():
            claim = await broker.claim(shard_of_sources(shard))
            for first in range(0, len(numbers), A_COMMIT):
                part = numbers[first : first + A_COMMIT]
                await claim.commit([record for number in part for record in pairs[number][1]])
            await claim.release()
    async with crew(Polled(place, served), 1) as workers:
        (worker,) = workers.all
        await worker.says('"shards.owned"')
        return when(worker, "shards.owned")[0] - when(worker, "shards.assigned")[0]


async def poll_cost(place: Place, count: int) -> float:
    """Ms of CPU a poll, over all processes of so many workers, in steady work; most answers are 304."""
    plans = [replace(plan, moves=10**6 * (number % 20 == 0)) for number, plan in enumerate(sites(FEEDS, entries=10))]
    with tempfile.TemporaryDirectory() as books, serving(Path(books), plans) as served:
        polled = Polled(place, served)
        await polled.define(interval_s=INTERVAL)
        async with crew(polled, count, kafka_session_timeout_s=SESSION, log_level="info") as workers:
            await until_asked(served, 3 * FEEDS)  # each was read, and found unchanged
            before, begun = served.times_asked(), cpu_of_all(workers)
            await until_asked(served, before + PASSES * FEEDS)
            return (cpu_of_all(workers) - begun) / (served.times_asked() - before) * 1000


def cpu_of_all(workers: Crew) -> float:
    """CPU seconds so far of the workers and their readers: each worker is a session of its own."""
    sessions = {worker.process.pid for worker in workers.alive}
    pids = [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit()]
    return sum(cpu_of(pid) for pid in pids if _session(pid) in sessions)


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return 0


async def until_asked(server: FeedServer, count: int) -> None:
    while server.times_asked() < count:  # noqa: ASYNC110 (a file tells nobody that it grows)
        await asyncio.sleep(0.05)


async def measured(cluster: Cluster, folder: Path) -> list[Row]:
    url = f"kafka://{cluster.bootstrap}"
    rows: list[Row] = []

    async def fresh() -> Place:
        return await made(folder, url, partitions=PARTITIONS, hangs=HANGS)

    with serving(folder / "feeds", one_a_shard()) as served:
        taken = await restored(await fresh(), served)
        rows.append((f"{PARTITIONS} shards with {RESTORED:,} sources restored", 10, taken, "s"))
        _tell(rows)
        place = await fresh()
        polled = Polled(place, served)
        await polled.define(interval_s=1)
        async with crew(polled, 3, kafka_session_timeout_s=SESSION) as workers:
            await shared_out(workers)
            for name, number, aim in (("SIGTERM", signal.SIGTERM, 2.0), ("SIGKILL", signal.SIGKILL, SESSION + 2)):
                taken = max([await moved(workers, number) for _ in range(ROUNDS)])
                rows.append((f"{name} until others have its shards, the longest of {ROUNDS}", aim, taken, "s"))
                _tell(rows)
            taken = await broker_back(cluster, place)
            rows.append(("broker back until all shards commit, from its port's answer", 10, taken, "s"))
            _tell(rows)
            for name, taken in (await pauses(workers, place)).items():
                rows.append((f"pause of who stays as others {name}, the longest of {ROUNDS}", 1.5, taken, "s"))
                _tell(rows)
    costs = {count: await poll_cost(await fresh(), count) for count in (1, 3)}
    print(f"{FEEDS:,} feeds, {INTERVAL} s apart: {costs[1]:.2f} ms CPU a poll of one worker, {costs[3]:.2f} of three")
    return [*rows, ("CPU a poll of three workers, to that of one", 1.2, costs[3] / costs[1], "")]


def _tell(rows: list[Row]) -> None:
    name, aim, value, unit = rows[-1]
    print(f"{name:66} {aim:6,.1f} {value:9,.2f} {unit}", flush=True)


async def main(kafka: Kafka, folder: Path) -> list[Row]:
    cluster = start(kafka, folder / "kafka", jvm=JVM)
    try:
        await cluster.ready()
        return await measured(cluster, folder)
    finally:
        cluster.close()


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    kafka = found_or_end()
    print(f"{'':66} {'aim':>6} {'measured':>9}")
    with tempfile.TemporaryDirectory() as made_folder:
        result = asyncio.run(main(kafka, Path(made_folder)))
    _tell(result)
    for what, wanted, value, _ in result:
        assert value <= FAR * wanted, f"{what}: {value:.2f}, and the aim is {wanted}"
