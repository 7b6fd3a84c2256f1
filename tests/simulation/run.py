"""A simulation from its seed: rage for so many hours, then calm until what the feeds show was taken in, then the verdict."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from unittest.mock import patch

from simulation import clock, world
from simulation.nemesis import Nemesis
from simulation.remembered import remembered
from simulation.verdict import judge, of_upstream
from simulation.world import WORKERS

from worker.pipeline.polls import agenda, poll, reporting, stream

_PARTS = 2  # records of a part, so that small documents come to several transactions as large ones do
_REPORTS = (
    600.0  # seconds between two reports of a shard, and looks at what is due: else these would be most of what happens
)
_HOUR = 3600.0
_REST_HOURS = 48  # within which all must be taken in once it is calm: pauses after faults last a day at most
_LOOK_SECONDS = 600.0


@dataclass(frozen=True)
class Result:
    """What came of it. `wrong`: nothing, if all is well."""

    seed: int
    hours: float  # that were simulated, the calm at the end included
    digest: str
    faults: Counter
    events: int
    asked: int
    wrong: list[str]
    last: list[str]


def simulate(seed, hours, fury=1.0):
    """The same of the same arguments. `fury`: how many times as much befalls the workers as usual."""
    one = world.made(seed)
    with (
        clock.virtual(one.loop, one.chosen),
        one.trace.listening(),
        remembered(),
        one.upstream.consumed(),
        patch.object(poll, "MOST_RECORDS", _PARTS),
        patch.object(stream, "MOST_RECORDS", _PARTS),
        patch.object(agenda, "_LONGEST_SLEEP", _REPORTS),
        patch.object(reporting, "_EVERY_SECONDS", _REPORTS),
    ):
        try:
            one.loop.run_until_complete(_lived(one, hours * _HOUR, fury))
        except Exception as error:  # noqa: BLE001 (whatever it is, the seed is to be told)
            one.wrong.append(f"{error!r}")
        wrong = [*judge(one), *one.loop.errors]
        result = Result(
            seed,
            one.loop.time() / _HOUR,
            one.trace.digest,
            one.trace.faults,
            one.cluster.heard + one.cluster.unheard,
            one.network.asked,
            wrong,
            list(one.trace.last),
        )
        one.loop.run_until_complete(one.bury())
    return result


async def _lived(one, seconds, fury):
    for name in one.definitions:
        await one.define(name)
    for _ in range(WORKERS):
        one.start()
    writing = one.loop.create_task(one.writers.go_on(fury))
    await Nemesis(one, fury).rage(seconds)
    one.writers.over = True
    await writing
    if judge(one):  # it holds at any time, and what is wrong already may never come to rest
        return
    await _rested(one)
    one.rested = True
    one.over = True
    for worker in one.workers:
        worker.run.stop.set()
    await asyncio.wait([worker.task for worker in one.workers])


async def _rested(one):
    feeds = [place.feed for place in one.network.places.values()]
    for feed in feeds:
        feed.rest()
    end = one.loop.time() + _REST_HOURS * _HOUR
    while not all(feed.resting for feed in feeds):
        if one.loop.time() > end:
            restless = [feed.plan.name for feed in feeds if not feed.resting]
            raise AssertionError(f"not taken in after {_REST_HOURS} h of calm: {restless}")
        await asyncio.sleep(_LOOK_SECONDS)
    end = one.loop.time() + _HOUR
    while of_upstream(one, rested=True) and one.loop.time() < end:
        await asyncio.sleep(_LOOK_SECONDS)
