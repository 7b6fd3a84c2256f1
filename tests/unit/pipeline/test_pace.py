"""Pace: evenly at a rate, by a clock that the test turns."""

from __future__ import annotations

import asyncio

import pytest

from worker.pipeline.replays.pace import Pace


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def test_without_a_rate_everything_may_go_at_once() -> None:
    assert await Pace(None, Clock()).allow(5000, asyncio.Event()) == 5000


async def test_what_was_not_used_is_saved_up_for_a_tenth_of_a_second_only() -> None:
    clock = Clock()
    pace = Pace(1000, clock)
    clock.now += 60
    assert await pace.allow(5000, asyncio.Event()) == 100


async def test_a_slow_rate_still_lets_one_go() -> None:
    clock = Clock()
    pace = Pace(0.5, clock)
    assert await pace.allow(10, asyncio.Event()) == 1


@pytest.mark.parametrize("rate", [None, 0.001])
async def test_once_stopped_nothing_goes(rate: float | None) -> None:
    stop = asyncio.Event()
    pace = Pace(rate, Clock())
    if rate:
        await pace.allow(1, stop)
    waiting = asyncio.create_task(pace.allow(1, stop)) if rate else None
    await asyncio.sleep(0)
    stop.set()
    assert await (waiting or pace.allow(1, stop)) == 0
