"""Workers that consume an upstream topic, killed at any moment: each record comes to what it must once, and in order.

`NEWS_KILLS` sets how many kills, `NEWS_SEED` which moments; a failure names the seed.
"""

import asyncio
import os
import random
from contextlib import suppress

import pytest
from faults.upstreamed import made

KILLS = int(os.environ.get("NEWS_KILLS", "0")) or 3
SEED = int(os.environ.get("NEWS_SEED", "1"))
BETWEEN = 600  # records from one kill to the next, at most
TRANSACTION = 0.03  # seconds, about: so that the kill falls anywhere within one


@pytest.fixture
async def upstream(kafka):
    return await made(kafka)


async def test_once_all_is_published_that_there_was_and_then_nothing_more(place, upstream):
    await upstream.send(500, broken_every=50, transaction=100)
    await upstream.define(place)
    code, said = await place.run("run", "--once", "--jobs", "1")
    assert code == 1, said  # some were rejected
    assert (await upstream.judged(place)).clean
    code, said = await place.run("run", "--once", "--jobs", "1")
    assert code == 0, said
    assert (await upstream.judged(place)).clean
    await upstream.send(10)
    code, said = await place.run("run", "--once", "--jobs", "1")
    assert "10 created" in said
    assert (await upstream.judged(place)).clean


async def test_sigkill_at_random_moments_loses_nothing_and_doubles_nothing(place, upstream):
    chosen = random.Random(SEED)
    await upstream.send(KILLS * BETWEEN + 1000, broken_every=50)
    await upstream.define(place)
    killed = 0
    for _ in range(KILLS):
        async with place.running("run", "--jobs", "1") as process:
            await place.events_or_end(chosen.randint(1, BETWEEN), process)
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), chosen.uniform(0, TRANSACTION))
            killed += process.returncode is None
    assert killed == KILLS, f"some ended by themselves (NEWS_SEED={SEED})"
    code, said = await place.run("run", "--once", "--jobs", "1")
    assert code == 1, said  # some were rejected
    verdict = await upstream.judged(place)
    assert verdict.clean, f"NEWS_SEED={SEED}: {verdict}"
