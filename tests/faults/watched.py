"""Workers looked at while they run: whether their counts balance, and how much memory they have at what age."""

import asyncio
import math
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

import aiohttp
from faults.crew import Crew, Worker
from kafka.cluster import free_ports
from prometheus_client.parser import text_string_to_metric_families

EVERY = 2.0  # seconds
PATIENCE = 1.0  # seconds for an answer: who is frozen or dead gives none
BANDS = (
    20,
    40,
    80,
    160,
    320,
)  # seconds of age; those of a band have lived similarly long, and have their readers by then
FEW = 5  # samples below which nothing is said
MOST = 1.3  # times the memory that those of the first quarter had: what is above is no noise
PUBLISHED = ("created", "updated", "withdrawn")


@dataclass(frozen=True, slots=True)
class Seen:
    """A worker at an instant. `at`, `age`: seconds; `memory`: bytes of all its processes."""

    at: float
    age: float
    memory: float
    entries: float
    fates: Mapping[str, float]

    @property
    def balanced(self) -> bool:
        return self.entries == sum(count for fate, count in self.fates.items() if fate != "capped")


@dataclass
class Watch:
    """Over all workers of a crew that were started here."""

    crew: Crew
    begun: float = field(default_factory=time.monotonic)
    _ended: float = math.inf
    _doors: dict[Worker, tuple[str, float]] = field(default_factory=dict)
    seen: dict[Worker, list[Seen]] = field(default_factory=lambda: defaultdict(list))

    async def start(self, **settings) -> Worker:
        """Another worker, at whose door its numbers are to be had."""
        (port,) = free_ports(1)
        worker = await self.crew.start(health_address=f"127.0.0.1:{port}", **settings)
        self._doors[worker] = f"http://127.0.0.1:{port}/metrics", time.monotonic()
        return worker

    async def go_on(self) -> None:
        """Look again and again, for ever."""
        timeout = aiohttp.ClientTimeout(total=PATIENCE)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                await self.look(session)
                await asyncio.sleep(EVERY)

    async def look(self, session: aiohttp.ClientSession) -> None:
        for worker in self.crew.alive:
            door, born = self._doors[worker]
            with suppress(aiohttp.ClientError, TimeoutError, OSError):
                async with session.get(door) as answer:
                    text = await answer.text()
                at = time.monotonic()
                self.seen[worker].append(_seen(text, at, at - born))

    @property
    def unbalanced(self) -> list[str]:
        """What workers have said that doesn't add up."""
        return [
            f"{worker.name}: {seen.entries} entries, {dict(seen.fates)}"
            for worker, found in self.seen.items()
            for seen in found
            if not seen.balanced
        ]

    @property
    def published(self) -> int:
        """Events that workers have counted, as far as they were looked at before they were killed."""
        return int(sum(found[-1].fates[fate] for found in self.seen.values() if found for fate in PUBLISHED))

    def compared(self) -> None:
        """Of what is seen from now on memory is not compared: nobody is killed any more, so all live longer than any did before."""
        self._ended = time.monotonic()

    def memory(self) -> list[tuple[str, float, float]]:
        """By age: median MB in the first and in the last quarter of the time."""
        end = min(self._ended, time.monotonic())
        found = [seen for one in self.seen.values() for seen in one if seen.at < end]
        quarter = (end - self.begun) / 4
        told = []
        for low, high in pairwise(BANDS):
            aged = [seen for seen in found if low <= seen.age < high]
            early = [seen.memory for seen in aged if seen.at < self.begun + quarter]
            late = [seen.memory for seen in aged if seen.at > end - quarter]
            if min(len(early), len(late)) >= FEW:
                told.append((f"{low}-{high} s", median(early) / 1e6, median(late) / 1e6))
        return told


def grown(memory: list[tuple[str, float, float]]) -> list[str]:
    """The ages at which workers have more than they had in the beginning."""
    return [
        f"memory at {age}: {early:.0f} MB, later {late:.0f} MB" for age, early, late in memory if late > MOST * early
    ]


def _seen(text: str, at: float, age: float) -> Seen:
    samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
    named = defaultdict(list)
    for one in samples:
        named[one.name.removeprefix("news_worker_")].append(one)
    return Seen(
        at,
        age,
        sum(one.value for one in named["memory_bytes"]),
        named["entries_total"][0].value,
        {one.labels["fate"]: one.value for one in named["entry_fates_total"]},
    )
