"""A worker killed at random moments and begun again: nothing lost, nothing twice, in order.

`NEWS_KILLS` sets how many kills, `NEWS_SEED` which moments; a failure names the seed.
"""

import asyncio
import os
import random
import sys
from contextlib import suppress
from pathlib import Path

from contract import ledger
from contract.ledger import offer, publish, read
from contract.oracle import judge

KILLS = int(os.environ.get("NEWS_KILLS", "20"))
SEED = int(os.environ.get("NEWS_SEED", "1"))
TRANSACTION = 0.01  # seconds, about: so that the kill falls anywhere within one
TREE = Path(__file__).parents[2]


async def test_sigkill_at_random_moments_loses_nothing_and_doubles_nothing(place):
    chosen = random.Random(SEED)
    known = 0
    for _ in range(KILLS):
        claimed, committed = await killed(place, chosen)
        assert claimed >= known, f"what was said to be committed is gone (NEWS_SEED={SEED})"
        known = committed

    async with place.connect() as broker:
        reached = await publish(broker, place.shard("ledger"), [1])
        assert judge(offer(reached), await read(broker)).clean, f"NEWS_SEED={SEED}"
    assert reached > known > 0


async def killed(place, chosen):
    """The position where a worker began, and the last that it said to have committed before it was killed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, ledger.__file__, place.url, place.prefix, place.shard("ledger").name, "1000"),
        str(chosen.randrange(2**32)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{TREE}{os.pathsep}{TREE / 'tests'}"},
    )
    try:
        lines = [await process.stdout.readline() for _ in range(chosen.randint(1, 5))]
        with suppress(TimeoutError):
            async with asyncio.timeout(chosen.uniform(0, TRANSACTION)):
                await process.wait()
    finally:
        with suppress(ProcessLookupError):  # it ended by itself: then the lines below tell why
            process.kill()
        rest, _ = await process.communicate()
    said = [int(line.split()[1]) for line in [*lines, *rest.splitlines(keepends=True)] if line.endswith(b"\n")]
    return said[0], said[-1]
