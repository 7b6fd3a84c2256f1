"""The long form: a million events past a hundred kills of workers and fifteen of brokers, as a row for docs/reliability.md.

NEWS_EVENTS, NEWS_WORKER_KILLS and NEWS_BROKER_KILLS scale it, NEWS_SEED sets the moments. Exit 1 when anything is amiss.
"""

import asyncio
import os
import random
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from contract.oracle import Verdict
from faults.conftest import made
from faults.faults import killed
from faults.offered import Folder
from faults.running import Place, until
from kafka.cluster import JVM, Cluster, start
from kafka.found import find

EVENTS = int(os.environ.get("NEWS_EVENTS", "1000000"))
WORKER_KILLS = int(os.environ.get("NEWS_WORKER_KILLS", "100"))
BROKER_KILLS = int(os.environ.get("NEWS_BROKER_KILLS", "15"))
SEED = int(os.environ.get("NEWS_SEED", "1"))
FILES = 20
TRANSACTION = 0.05  # seconds, about: so that a kill falls anywhere within one
HANGS = 3600  # seconds for the longest part, the last


def filled(path: Path) -> Folder:
    folder = Folder(path)
    for number in range(FILES):
        folder.jsonl(f"{number}.jsonl", EVENTS // FILES, bad_every=1000)
    return folder


async def kills(place: Place, cluster: Cluster | None, chosen: random.Random) -> tuple[int, int]:
    """Begin again and again, kill again and again; how many workers and brokers were."""
    with_broker = set(chosen.sample(range(WORKER_KILLS), min(BROKER_KILLS, WORKER_KILLS))) if cluster else set()
    between = max(1, EVENTS // WORKER_KILLS // 2)  # the most: a replay runs on while its events are counted
    workers = brokers = 0
    for number in range(WORKER_KILLS):
        async with place.replaying("set") as process:
            await place.events_or_end(chosen.randint(1, between), process)
            if cluster and number in with_broker and process.returncode is None:
                async with killed(cluster, 0):
                    await until(process, "broker.away")
                brokers += 1
                await place.events_or_end(chosen.randint(1, between), process)
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), chosen.uniform(0, TRANSACTION))
            workers += process.returncode is None
    return workers, brokers


async def row(place: Place, cluster: Cluster | None) -> bool:
    begun = time.monotonic()
    folder = filled(place.folder / "set")
    workers, brokers = await kills(place, cluster, random.Random(SEED))
    code, said = await place.replay("set")
    verdict = await place.judged(folder)
    faults = f"{workers} workers" + (f", {brokers} brokers" if cluster else "")
    tell_row(place, f"{faults} killed", len(folder.offered), verdict)
    return ended(place, begun, verdict, code, said)


def tell_row(place: Place, faults: str, events: int, verdict: Verdict) -> None:
    """The row that stands in docs/reliability.md."""
    wrong = (verdict.lost, verdict.twice, verdict.invented, verdict.out_of_order)
    tell(f"| {place.kind} | {faults} | {events:,} | {' | '.join(str(len(each)) for each in wrong)} |")


def ended(place: Place, begun: float, verdict: Verdict, code: int, said: str) -> bool:
    """Whether all is well, which is told if not. `code`, `said`: of the last call."""
    tell(f"{place.kind}: {time.monotonic() - begun:,.0f} s, seed {SEED}, the last call ended with {code}", sys.stderr)
    clean = verdict.clean and code in {0, 1}
    if not clean:
        tell(said, sys.stderr)
    return clean


def tell(line: str, where=sys.stdout) -> None:
    where.write(f"{line}\n")
    where.flush()


async def main(folder: Path) -> bool:
    tell("| broker | faults | events | lost | twice | invented | out of order |")
    tell("|---|---|---|---|---|---|---|")
    embedded, real = folder / "embedded", folder / "real"
    for each in (embedded, real):
        each.mkdir()
    clean = await row(Place(embedded, f"sqlite:///{embedded}/news.db", hangs=HANGS), None)
    shutil.rmtree(embedded)  # a gigabyte that is judged
    cluster = start(find(), folder / "kafka", jvm=JVM)
    try:
        await cluster.ready()
        place = await made(real, f"kafka://{cluster.bootstrap}", hangs=HANGS)
        return await row(place, cluster) and clean
    finally:
        cluster.close()


if __name__ == "__main__":
    with TemporaryDirectory() as name:
        sys.exit(not asyncio.run(main(Path(name))))
