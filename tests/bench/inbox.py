"""How soon a command is carried out that an owner is asked for: from its append to its outcome being read, on both brokers.

A worker runs as a user runs it, in a process of its own; what asks it is this one, by a reader that stands, as those that the
command line makes for itself cost more on Kafka than the command does. `NEWS_BENCH_COMMANDS` (default 300) scales it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import tempfile
import time
from contextlib import aclosing
from pathlib import Path
from statistics import quantiles

import structlog
from faults.conftest import made
from faults.polled import Polled
from faults.running import Place, until
from feeds.feed import Plan
from feeds.serving import serving
from kafka.cluster import JVM, start
from kafka.found import NotFound, find

from worker.core.feeds.inbox import SHARD_KEY, Command, command_record, loaded_inbox
from worker.model import Topic
from worker.pipeline.clocks import wall_clock

COMMANDS = int(os.environ.get("NEWS_BENCH_COMMANDS", "300"))
WARM = 20
AIMS = {"p50": 100.0, "p99": 500.0}  # ms
FAR = 2  # times an aim: then something is wrong, not the machine busy
HANGS = 600
WEEK = 7 * 86_400
SITE = "127.0.7.1"


async def measured(place: Place, folder: Path) -> list[float]:
    """The ms that each command took, asked for one after another."""
    with serving(folder, [Plan("one", SITE, entries=10)]) as server:
        polled = Polled(place, server)
        await polled.define(interval_s=WEEK)
        async with polled.running() as process, place.connect() as broker:
            await until(process, "shards.owned")
            taken = []
            partition = broker.partition_of(Topic.CHECKPOINTS, SITE.encode())
            async with aclosing(broker.read(Topic.CHECKPOINTS, partition=partition, follow=True)) as records:
                for number in range(WARM + COMMANDS):
                    command = Command(f"bench {number}", "resume" if number % 2 else "pause", "one", {})
                    begun = time.monotonic()
                    await broker.append([command_record(command, SITE, wall_clock())])
                    async for record in records:
                        if record.key == SHARD_KEY and command.id in loaded_inbox(record.value or b"").outcomes:
                            break
                    taken.append((time.monotonic() - begun) * 1000)
            return taken[WARM:]


async def main(folder: Path) -> None:
    """Print what was seen; fail where it is far over its aim."""
    places = [Place(folder, f"sqlite:///{folder}/news.db")]
    cluster = None
    try:
        cluster = start(find(), folder / "kafka", jvm=JVM)
        await cluster.ready()
        places.append(await made(folder, f"kafka://{cluster.bootstrap}", hangs=HANGS))
    except NotFound as reason:
        print(f"skipped on Kafka: {reason}")
    try:
        for place in places:
            cuts = quantiles(await measured(place, folder / f"feeds {place.kind}"), n=100)
            found = {"p50": cuts[49], "p99": cuts[98]}
            for name, aim in AIMS.items():
                print(f"a command done, {place.kind:8} {name}: {found[name]:6.1f} ms (aim {aim:g})", flush=True)
                assert found[name] <= FAR * aim, f"{place.kind}: {name} is {found[name]:.0f} ms"
    finally:
        if cluster is not None:
            cluster.close()


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    with tempfile.TemporaryDirectory() as made_folder:
        asyncio.run(main(Path(made_folder)))
