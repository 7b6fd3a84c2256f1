"""How long a broker that is away is waited for."""

import asyncio

import pytest

from worker.errors import BrokerAway
from worker.pipeline.patience import Patience

ERROR = BrokerAway("down")


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def fault(clock):
    """A fault at a time, after so many commits."""
    stop = asyncio.Event()
    stop.set()  # so that nothing is waited for
    patience = Patience(300, clock)

    async def met(at, reached=0):
        clock.now = at
        await patience.wait(ERROR, reached, stop)

    return met


async def test_a_series_of_faults_is_over_after_the_time_that_was_given(fault):
    for at in range(0, 301, 10):
        await fault(at)
    with pytest.raises(BrokerAway):
        await fault(310)


async def test_progress_begins_it_anew(fault):
    for at in range(0, 1_000, 10):
        await fault(at, reached=at // 100)


async def test_time_in_which_nothing_went_wrong_does_not_count(fault):
    await fault(10_000)
    await fault(10_010)
    await fault(90_000)
    await fault(90_010)


async def test_it_waits_longer_each_time_unless_it_is_told_to_stop(clock, monkeypatch):
    pauses = []
    timeout = asyncio.timeout

    def noted(seconds):
        pauses.append(seconds)
        return timeout(0)

    monkeypatch.setattr(asyncio, "timeout", noted)
    patience = Patience(300, clock)
    for _ in range(6):
        await patience.wait(ERROR, 0, asyncio.Event())
    assert all(0.5 * full <= pause <= full for pause, full in zip(pauses, (0.2, 0.4, 0.8, 1.6, 3.0, 3.0), strict=True))
