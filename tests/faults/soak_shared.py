"""The long form of shared feeds: 200,000 events past a hundred kills of workers, fifteen of brokers, and freezes, as a row.

NEWS_EVENTS, NEWS_WORKER_KILLS and NEWS_BROKER_KILLS scale it, NEWS_SEED sets the moments. With NEWS_SECONDS it ends after so long,
wherever it is then. Exit 1 when anything is amiss.
"""

import asyncio
import os
import random
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from faults.conftest import made
from faults.crew import SESSION, Crew, crew, impolite, restless
from faults.faults import killed
from faults.polled import Polled
from faults.soak import SEED, tell, tell_row
from feeds.serving import serving
from kafka.cluster import JVM, Cluster, start
from kafka.found import find

EVENTS = int(os.environ.get("NEWS_EVENTS", "200000"))
WORKER_KILLS = int(os.environ.get("NEWS_WORKER_KILLS", "100"))
BROKER_KILLS = int(os.environ.get("NEWS_BROKER_KILLS", "15"))
SECONDS = float(os.environ.get("NEWS_SECONDS", "inf"))
WORKERS, PARTITIONS = 3, 12
SITES, EACH = 12, 2
ENTRIES, PACE = 180, 60
FREEZE_EVERY = 10  # kills
HANGS = 3600  # seconds


async def faults(workers: Crew, cluster: Cluster, chosen: random.Random) -> str:
    """Kill and freeze while feeds go on; what was done."""
    with_broker = set(chosen.sample(range(WORKER_KILLS), min(BROKER_KILLS, WORKER_KILLS)))
    number = brokers = frozen = 0
    end = time.monotonic() + SECONDS
    while number < WORKER_KILLS and time.monotonic() < end:
        await workers.events(chosen.randint(1, max(1, EVENTS // WORKER_KILLS)))
        one = chosen.choice(workers.alive)
        if number in with_broker:
            async with killed(cluster, 0):
                await one.kill()
            brokers += 1
        elif number % FREEZE_EVERY == 1:
            one.freeze()
            await asyncio.sleep(chosen.uniform(0.5, 2) * SESSION)
            one.thaw()
            frozen += 1
            await workers.events(chosen.randint(1, 100))
            await one.kill()
        else:
            await one.kill()
        await workers.start()
        number += 1
        if number % FREEZE_EVERY == 0:
            tell(f"{number} workers, {brokers} brokers killed, {frozen} frozen", sys.stderr)
    if time.monotonic() < end and (missing := EVENTS - len(await workers.polled.records())) > 0:
        await workers.events(missing)
    return f"{number} workers and {brokers} brokers killed, {frozen} workers frozen"


async def row(polled: Polled, cluster: Cluster) -> bool:
    begun = time.monotonic()
    async with crew(polled, WORKERS) as workers:
        workers.hangs = HANGS
        done = await faults(workers, cluster, random.Random(SEED))
        await workers.at_rest()
        await workers.end()
        events, verdict = len(await polled.records()), await polled.judged()
        requests = polled.server.requests
        rude = impolite(requests, workers.all)
    tell_row(polled.place, f"{WORKERS} workers share feeds: {done}", events, verdict)
    tell(
        f"{time.monotonic() - begun:,.0f} s, seed {SEED}; {len(requests):,} requests, {len(rude)} of them at a site twice at once"
    )
    return verdict.clean and not rude


async def main(folder: Path) -> bool:
    cluster = start(find(), folder / "kafka", jvm=JVM)
    try:
        await cluster.ready()
        place = await made(folder, f"kafka://{cluster.bootstrap}", partitions=PARTITIONS, hangs=10 * HANGS)
        with serving(folder / "feeds", restless(SITES, EACH, entries=ENTRIES, pace=PACE, reverts=0.0)) as server:
            polled = Polled(place, server)
            await polled.define(interval_s=1)
            return await row(polled, cluster)
    finally:
        cluster.close()


if __name__ == "__main__":
    with TemporaryDirectory() as name:
        sys.exit(not asyncio.run(main(Path(name))))
