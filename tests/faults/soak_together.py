"""The long form of everything at once: a million events past 200 kills of workers and replays and 30 of brokers, as rows.

On one broker, then on three; NEWS_BROKERS=1 or 3 chooses one of them. NEWS_EVENTS, NEWS_WORKER_KILLS and NEWS_BROKER_KILLS (of
each row) scale it, NEWS_SEED sets the moments. With NEWS_SECONDS nothing more is killed after so long, and all is let finish.
Exit 1 when anything is amiss.
"""

import asyncio
import logging
import os
import random
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from faults.conftest import made
from faults.soak import SEED, tell, tell_row
from faults.together import Scale, Together, together
from kafka.cluster import Cluster, start
from kafka.found import find

EVENTS = int(os.environ.get("NEWS_EVENTS", "1000000"))
WORKER_KILLS = int(os.environ.get("NEWS_WORKER_KILLS", "200"))
BROKER_KILLS = int(os.environ.get("NEWS_BROKER_KILLS", "30"))
BROKERS = [int(number) for number in os.environ.get("NEWS_BROKERS", "1,3").split(",")]
PARTITIONS = 12
SECONDS = float(os.environ.get("NEWS_SECONDS", "inf"))
KILLS_A_STAGE = 10
SECONDS_A_KILL = 8  # about: so fast is the replay that has a rate that it runs most of the time
HANGS = 7200  # seconds
REPORT = 30  # seconds
SHOWN = 20  # of what is wrong


def scale() -> Scale:
    rate = max(50, 1.5 * EVENTS / 4 / (WORKER_KILLS * SECONDS_A_KILL))
    return Scale(EVENTS, WORKER_KILLS, BROKER_KILLS, stages=max(1, WORKER_KILLS // KILLS_A_STAGE), rate=rate)


async def report(everything: Together, begun: float) -> None:
    """To whoever waits, now and then."""
    while True:
        await asyncio.sleep(REPORT)
        asked = everything.asking.came_to.total()
        events = await everything.events()
        told = f"{everything.done}; {asked} commands answered, about {events:,} events"
        tell(f"{time.monotonic() - begun:,.0f} s: {told}", sys.stderr)


async def row(cluster: Cluster, folder: Path) -> bool:
    begun = time.monotonic()
    brokers = len(cluster.brokers)
    url = f"kafka://{cluster.bootstrap}"
    place = await made(folder, url, partitions=PARTITIONS, replication=brokers, hangs=HANGS)
    async with together(scale(), place, cluster, random.Random(SEED), folder / "feeds") as everything:
        everything.watch.crew.hangs = HANGS
        reporting = asyncio.create_task(report(everything, begun))
        await everything.fury(SECONDS)
        tell(f"{time.monotonic() - begun:,.0f} s: {everything.done}; now it is calm", sys.stderr)
        wrong = await everything.calm()
        tell(f"{time.monotonic() - begun:,.0f} s: all is done, and judged now", sys.stderr)
        outcome = await everything.judged(wrong)
        reporting.cancel()
    tell_row(place, f"{brokers} of Kafka 4.1: {everything.done}", outcome.events, outcome.verdict)
    _tell_more(everything, begun)
    for one in outcome.wrong[:SHOWN]:
        tell(one)
    if not outcome.verdict.clean:
        tell(f"{outcome.verdict}"[:10_000], sys.stderr)
    return outcome.verdict.clean and not outcome.wrong


def _tell_more(everything: Together, begun: float) -> None:
    asked = ", ".join(f"{name} {state} {count}" for (name, state), count in sorted(everything.asking.came_to.items()))
    memory = ", ".join(f"{age}: {early:.0f} and {late:.0f}" for age, early, late in everything.watch.memory())
    calls = ", ".join(f"{lane.name} {dict(lane.calls)}" for lane in everything.replays.lanes)
    tell(f"{time.monotonic() - begun:,.0f} s, seed {SEED}; {everything.done.faults} times the server of a feed failed")
    tell(f"commands: {asked}; {len(everything.asking.forgotten)} articles forgotten")
    tell(f"MB of a worker in the first and in the last quarter, by its age: {memory}")
    tell(f"replays: {calls}")
    tell(
        f"again: NEWS_BROKERS={len(everything.cluster.brokers)} NEWS_SEED={SEED} NEWS_EVENTS={EVENTS} "
        f"NEWS_WORKER_KILLS={WORKER_KILLS} NEWS_BROKER_KILLS={BROKER_KILLS} "
        "PYTHONPATH=tests .venv/bin/python -m faults.soak_together"
    )


async def main(folder: Path) -> bool:
    tell("| broker | faults | events | lost | twice | invented | out of order |")
    tell("|---|---|---|---|---|---|---|")
    clean = True
    for brokers in BROKERS:
        here = folder / f"of-{brokers}"
        cluster = start(find(), here / "kafka", brokers)  # that start quickly, as they do again and again
        try:
            await cluster.ready()
            clean &= await row(cluster, here)
        finally:
            cluster.close()
    return clean


if __name__ == "__main__":
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it says of a broker that is killed
    with TemporaryDirectory() as name:
        sys.exit(not asyncio.run(main(Path(name))))
