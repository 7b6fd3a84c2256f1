"""The long form for upstream topics: 100,000 records past 25 kills of workers, on each broker, as rows for docs/reliability.md.

NEWS_EVENTS and NEWS_WORKER_KILLS scale it, NEWS_SEED sets the moments. Exit 1 when anything is amiss.
"""

import asyncio
import os
import random
import sys
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from faults import upstreamed
from faults.conftest import made
from faults.running import Place
from faults.soak import HANGS, SEED, TRANSACTION, ended, tell, tell_row
from kafka.cluster import JVM, Cluster, start
from kafka.found import find

EVENTS = int(os.environ.get("NEWS_EVENTS", "100000"))
KILLS = int(os.environ.get("NEWS_WORKER_KILLS", "25"))


async def kills(place: Place, chosen: random.Random) -> int:
    """Begin again and again, kill again and again; how many were."""
    killed = 0
    for _ in range(KILLS):
        async with place.running("run", "--jobs", "1") as process:
            await place.events_or_end(chosen.randint(1, max(1, EVENTS // KILLS // 2)), process)
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), chosen.uniform(0, TRANSACTION))
            killed += process.returncode is None
    return killed


async def row(place: Place, cluster: Cluster) -> bool:
    begun = time.monotonic()
    upstream = await upstreamed.made(cluster)
    await upstream.send(EVENTS, broken_every=1000)
    await upstream.define(place)
    killed = await kills(place, random.Random(SEED))
    code, said = await place.run("run", "--once")
    verdict = await upstreamed.judged(place, upstream)
    tell_row(place, f"{killed} workers killed", len(upstream.offered), verdict)
    return ended(place, begun, verdict, code, said)


async def main(folder: Path) -> bool:
    tell("| broker | faults | records | lost | twice | invented | out of order |")
    tell("|---|---|---|---|---|---|---|")
    embedded, real = folder / "embedded", folder / "real"
    for each in (embedded, real):
        each.mkdir()
    cluster = start(find(), folder / "kafka", jvm=JVM)
    try:
        await cluster.ready()
        clean = await row(Place(embedded, f"sqlite:///{embedded}/news.db", hangs=HANGS), cluster)
        return await row(await made(real, f"kafka://{cluster.bootstrap}", hangs=HANGS), cluster) and clean
    finally:
        cluster.close()


if __name__ == "__main__":
    with TemporaryDirectory() as name:
        sys.exit(not asyncio.run(main(Path(name))))
