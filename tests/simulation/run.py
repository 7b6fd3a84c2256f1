"""A simulation from its seed: rage for so many hours, then calm until what the feeds show was taken in, then the verdict."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from unittest.mock import patch

from simulation import clock, world
from simulation.asked import Operator
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
_WATCH_SECONDS, _MOST_STEPS = 30.0, 40_000


@dataclass(frozen=True)
class Result:
    """What came of it. `wrong`: nothing, if all is well."""

    seed: int
    hours: float  # that were simulated, the calm at the end included
    digest: str
    faults: Counter
    events: int
    asked: int
    commands: Counter  # by name and what each ended with
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
            one.loop.run_until_complete(_watched(one, _lived(one, hours * _HOUR, fury)))
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
            one.answers.counts,
            wrong,
            list(one.trace.last),
        )
        one.loop.run_until_complete(one.bury())
    return result


async def _watched(one, life):
    """Until it is over, or nothing but turning round and round, or somebody was seen to do what must not be."""
    living, turning = one.loop.create_task(life), one.loop.create_task(_turning(one))
    await asyncio.wait({living, turning}, return_when=asyncio.FIRST_COMPLETED)
    if not living.done():
        living.cancel()
        if not one.seen:
            raise AssertionError(
                f"{_MOST_STEPS:,} steps of workers in {_WATCH_SECONDS:.0f} s: they turn round and round"
            )
        return
    turning.cancel()
    living.result()


async def _turning(one):
    before, now = 0, 0
    while now - before < _MOST_STEPS and not one.seen:
        await asyncio.sleep(_WATCH_SECONDS)
        before, now = now, one.loop.steps


async def _lived(one, seconds, fury):
    for name in one.definitions:
        await one.define(name)
    for _ in range(WORKERS):
        one.start()
    writing = one.loop.create_task(one.writers.go_on(fury))
    operator = Operator(one, one.answers, one.chosen.random())
    asking = one.loop.create_task(operator.go_on(fury))
    try:
        await Nemesis(one, fury).rage(seconds)
        one.writers.over = True
        operator.over()
        await asyncio.wait([writing, asking])
        if judge(one):  # it holds at any time, and what is wrong already may never come to rest
            return
        await _rested(one, operator)
    finally:
        operator.end()
    one.rested = True
    one.over = True
    for worker in one.workers:
        worker.run.stop.set()
    await asyncio.wait([worker.task for worker in one.workers])


async def _rested(one, operator):
    for place in one.network.places.values():
        place.feed.rest()
    end = one.loop.time() + _REST_HOURS * _HOUR
    while left := _left(one) or operator.left:
        if one.loop.time() > end:
            raise AssertionError(f"not taken in after {_REST_HOURS} h of calm: {left}")
        await asyncio.sleep(_LOOK_SECONDS)


def _left(one):
    """What is still to be taken in: feeds, and some of the other system's records."""
    restless = [name for name, place in one.network.places.items() if not place.feed.resting]
    return restless or of_upstream(one, rested=True)[:3]
