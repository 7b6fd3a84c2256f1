"""What remembering costs: bytes an entry, memory and start with 100,000 sources of 30 entries each, and a poll among so many.

Most sources are only remembered: written as checkpoints straight into the embedded broker, asked long ago for the last time
and not due for days. The others are served, asked every few seconds, and now and then changed. A poll's cost is the parent's
CPU time while these go on, over the requests that came. `NEWS_BENCH_SOURCES` (default 100,000) sets the most.
"""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.beside.usage import cpu_of
from feeds.serving import FeedServer, serving, sites

from worker.broker.connect import connect
from worker.broker.port import shard_of_sources
from worker.core.feeds.entry import OWNER, STRIDE, Entry
from worker.core.feeds.held import Held, Site
from worker.core.sources import stored
from worker.model import Definition, Head, Record, Validators

MOST = int(os.environ.get("NEWS_BENCH_SOURCES", "100000"))
FEW = 1_000
LIVE = 200  # sources that are served, of either number
ENTRIES = 30
INTERVAL = 4  # seconds between two polls of a live one
ROUNDS = 6  # polls of each while it is measured
WEEK = 7 * 86_400
A_TRANSACTION = 2_000  # sources
AIM_ENTRY, AIM_MEMORY, AIM_START = 100, 1_000, 60  # bytes, MB, seconds
FAR = 3  # times the aim for the start: then something is wrong, not the machine busy
GROWTH = 1.5  # of a poll's cost, from few to most


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run over so many sources came to."""

    sources: int
    start: float  # seconds from its start until the first request
    megabytes: float  # of the parent
    poll: float  # ms of the parent's CPU


def remembered(number: int, now: int) -> tuple[Record, list[Record]]:
    """A source that is only remembered: its definition, and the records of what it remembers."""
    name, chosen = f"s{number}", random.Random(number)
    url = f"https://{name}.example/feed/index.xml"
    definition = Definition(name, url, f"{name}.example", now, title=f"Source number {number}", interval_s=WEEK)
    head = Head(
        validators=Validators(url, f'"{chosen.randbytes(8).hex()}"', "Thu, 01 Jan 2026 10:00:00 GMT"),
        body=chosen.randbytes(16),
        initial_done=True,
        title=f"Source number {number}",
        polled_at=now,
        read_at=now,
        largest_window=ENTRIES,
    )
    held = Held(name, Site(definition.site), {}, head=head)
    for _ in range(ENTRIES):
        held.add(_entry(chosen, now // 1000))
    return stored.record(definition, now), held.written("bench", now)


def _entry(chosen: random.Random, now: int) -> Entry:
    eights, fours = [chosen.randbytes(8) for _ in range(4)], [chosen.randbytes(4) for _ in range(3)]
    return Entry(
        chosen.randbytes(16), chosen.randbytes(16), *eights, *fours, version=1, first=now, updated=now, flags=OWNER
    )


async def fill(url: str, server: FeedServer, sources: int) -> None:
    """The live ones defined, the others defined and remembered."""
    now = time.time_ns() // 1_000_000
    async with connect(url, create=True) as broker:
        await broker.append(
            [
                stored.record(Definition(name, server.url(name), plan.address, now, interval_s=INTERVAL), now)
                for name, plan in server.plans.items()
            ]
        )
        claim = await broker.claim(shard_of_sources(0))
        for numbers in _parts(sources - len(server.plans)):
            made = [remembered(number, now) for number in numbers]
            await broker.append([definition for definition, _ in made])
            await claim.commit([record for _, records in made for record in records])
        await claim.release()


def _parts(count: int) -> Iterator[range]:
    """0 to count, in parts."""
    for first in range(0, count, A_TRANSACTION):
        yield range(first, min(first + A_TRANSACTION, count))


def watched(url: str, server: FeedServer, sources: int) -> Seen:
    """Run the worker until each live source was polled often enough."""
    begun = time.monotonic()
    command = [sys.executable, "-m", "worker", "run", "--allow-net", "127.0.0.0/8", "--log-level", "error", "--broker"]
    with subprocess.Popen([*command, url]) as process:
        try:
            until_asked(server, 1, process)
            start = time.monotonic() - begun
            until_asked(server, 3 * LIVE, process)  # each was read, and found unchanged
            before, cpu = server.times_asked(), cpu_of(process.pid)
            until_asked(server, before + ROUNDS * LIVE, process)
            poll = (cpu_of(process.pid) - cpu) / (server.times_asked() - before) * 1000
            return Seen(sources, start, _resident(process.pid), poll)
        finally:
            process.terminate()


def until_asked(server: FeedServer, count: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until there were so many requests."""
    while server.times_asked() < count:
        assert process.poll() is None, "the worker ended"
        time.sleep(0.02)


def _resident(pid: int) -> float:
    """MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def seen(folder: Path, sources: int) -> Seen:
    """Filled and watched; a few of the live ones go on all the time."""
    folder.mkdir()
    url = f"sqlite:///{folder}/news.db"
    plans = [*sites(LIVE - LIVE // 20, entries=ENTRIES), *sites(LIVE, entries=ENTRIES, moves=10**6)[-LIVE // 20 :]]
    with serving(folder / "feeds", plans) as server:
        asyncio.run(fill(url, server, sources))
        return watched(url, server, sources)


def main() -> None:
    """Print the table; fail where memory grows, or a poll's cost does."""
    with tempfile.TemporaryDirectory() as made:
        rows = [seen(Path(made) / str(sources), sources) for sources in (FEW, MOST)]
    print(f"{'sources':>9} {'start, s':>9} {'memory, MB':>11} {'ms CPU a poll':>14}")
    for row in rows:
        print(f"{row.sources:9,} {row.start:9.1f} {row.megabytes:11,.0f} {row.poll:14.2f}")
    few, most = rows
    source = (most.megabytes - few.megabytes) / (most.sources - few.sources) * 1e6
    print(f"a remembered entry: {STRIDE} bytes packed; a source of {ENTRIES}: {source:,.0f} bytes in memory")
    assert STRIDE <= AIM_ENTRY
    assert most.megabytes <= AIM_MEMORY, f"{most.megabytes:,.0f} MB"
    assert most.start <= FAR * AIM_START, f"{most.start:.0f} s until the first request"
    assert most.poll <= GROWTH * few.poll, "a poll must not cost more the more sources there are"


if __name__ == "__main__":
    main()
