"""What whoever runs it waits for: cold start to ready, /metrics with 10,000 sources, SIGTERM to exit, memory of an idle worker.

On the embedded broker. What is waited for is measured beside a Python that does nothing, since a busy machine slows both; of
/metrics the worker's CPU time counts, and of memory the proportional share (PSS) of all its processes.
"""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.beside.usage import cpu_of
from bench.poll_memory import WEEK, remembered
from feeds.serving import FeedServer, serving, sites

from worker.broker.connect import connect
from worker.broker.port import shard_of_sources
from worker.core.sources import stored
from worker.model import Definition

ROUNDS = 7
SOURCES = 10_000
REQUESTS = 100
READERS = 2
FEEDS = 20  # that have the readers begun
HANGS = 120.0
AIM_READY, AIM_METRICS, AIM_EXIT, AIM_MEMORY = 3.0, 50.0, 2.0, 200.0  # seconds, ms, seconds, MB
BARE = 0.018  # seconds that a Python which does nothing takes where little else runs: the aims as ratios


@dataclass(slots=True)
class Worker:
    """One that runs, and where it is asked."""

    process: subprocess.Popen[bytes]
    port: int

    def get(self, path: str) -> str | None:
        """What it answers; None: nobody does, or it is not ready."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=HANGS) as answer:
                return str(answer.read(), "utf-8")
        except OSError:  # an answer of 503 is one
            return None

    def until(self, path: str, *said: str) -> None:
        """Return when it says all of these there."""
        begun = time.monotonic()
        while (answer := self.get(path)) is None or not all(one in answer for one in said):
            assert self.process.poll() is None, "the worker ended"
            assert time.monotonic() - begun < HANGS, f"it never says {said} at {path}"
            time.sleep(0.01)

    def stopped(self) -> float:
        """Seconds from SIGTERM to its end."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(HANGS) == 0
        return time.monotonic() - begun


@contextmanager
def running(url: str) -> Iterator[Worker]:
    """A worker on that broker with two readers, started and not yet ready."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = ["run", "--jobs", str(READERS), "--log-level", "error", "--health-address", f"127.0.0.1:{port}"]
    command += ["--allow-net", "127.0.0.0/8"]
    process = subprocess.Popen([sys.executable, "-m", "worker", *command, "--broker", url])
    try:
        yield Worker(process, port)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def processes_of(pid: int) -> list[int]:
    """The process and all that came of it."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(entry.parent.name)] = int(entry.read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has ended meanwhile
            continue
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def pss(pid: int) -> float:
    """MB, the proportional share of what is shared counted in."""
    told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(kilobytes) for kilobytes in re.findall(r"^Pss: +(\d+) kB", told, re.MULTILINE)) * 1024 / 1e6


def idle(folder: Path) -> list[float]:
    """MB of each process of a worker that has polled a few feeds, and now has nothing to do."""
    url = f"sqlite:///{folder}/idle.db"
    with serving(folder / "feeds", sites(FEEDS)) as server:
        asyncio.run(define(url, server))
        with running(url) as worker:
            polled = f'news_worker_polls_total{{outcome="read"}} {FEEDS}.0'
            worker.until("/metrics", polled, f'news_worker_readers{{state="idle"}} {READERS}.0')
            return [pss(one) for one in processes_of(worker.process.pid)]


async def define(url: str, server: FeedServer) -> None:
    """The server's feeds, each polled once, and then not for days."""
    now = time.time_ns() // 1_000_000
    async with connect(url, create=True) as broker:
        made = [
            Definition(name, server.url(name), plan.address, now, interval_s=WEEK)
            for name, plan in server.plans.items()
        ]
        await broker.append([stored.record(one, now) for one in made])


async def fill(url: str, sources: int) -> None:
    """So many sources, asked lately, and not due for days."""
    now = time.time_ns() // 1_000_000
    async with connect(url, create=True) as broker:
        claim = await broker.claim(shard_of_sources(0))
        made = [remembered(number, now) for number in range(sources)]
        await broker.append([definition for definition, _ in made])
        await claim.commit([record for _, records in made for record in records])
        await claim.release()


def bare() -> float:
    """Seconds of a Python that does nothing."""
    begun = time.monotonic()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.monotonic() - begun


def main() -> None:
    """Print what was seen; fail where a ratio, CPU time or memory is over its aim."""
    bares, readies, exits = [], [], []
    with tempfile.TemporaryDirectory() as made:
        for number in range(ROUNDS):
            bares.append(bare())
            begun = time.monotonic()
            with running(f"sqlite:///{made}/{number}.db") as worker:
                worker.until("/readyz")
                readies.append(time.monotonic() - begun)
                exits.append(worker.stopped())
        url = f"sqlite:///{made}/many.db"
        asyncio.run(fill(url, SOURCES))
        with running(url) as worker:
            worker.until("/readyz")
            walls, cpu = [], cpu_of(worker.process.pid)
            for _ in range(REQUESTS):
                begun = time.monotonic()
                assert worker.get("/metrics")
                walls.append((time.monotonic() - begun) * 1000)
            metrics = (cpu_of(worker.process.pid) - cpu) / REQUESTS * 1000
            many = sum(map(pss, processes_of(worker.process.pid)))
        memory = idle(Path(made))
    once = median(bares)
    for name, seconds, aim in (("cold start to ready", readies, AIM_READY), ("SIGTERM to exit, idle", exits, AIM_EXIT)):
        seen = median(seconds)
        print(f"{name}: {seen:.2f} s (aim {aim:g}), {seen / once:.0f} times a bare Python (aim {aim / BARE:.0f})")
    print(f"/metrics with {SOURCES:,} sources: {metrics:.1f} ms CPU, {median(walls):.1f} ms wall (aim {AIM_METRICS:g})")
    total = sum(memory)
    print(f"memory of an idle worker, {len(memory)} processes: {total:.0f} MB PSS (aim {AIM_MEMORY:g}):", end=" ")
    print(", ".join(f"{one:.0f}" for one in memory), f"MB; with {SOURCES:,} sources {many:.0f} MB")
    assert median(readies) <= AIM_READY / BARE * once, "the start takes too long"
    assert median(exits) <= AIM_EXIT / BARE * once, "the stop takes too long"
    assert metrics <= AIM_METRICS, "/metrics costs too much"
    assert total <= AIM_MEMORY, "an idle worker takes too much memory"


if __name__ == "__main__":
    main()
