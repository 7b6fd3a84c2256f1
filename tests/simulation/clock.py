"""The clocks of what is simulated: the running one is the loop's, the wall clock that and what each process's is wrong by."""

from __future__ import annotations

import random
import secrets
import time
from contextlib import contextmanager
from unittest.mock import patch

from simulation.process import PROCESS

BEGIN = 1_780_000_000 * 10**9  # ns since the epoch, when the simulation begins
SECOND = 10**9
A_DAY_MS = 86_400_000


@contextmanager
def virtual(loop, chosen):
    """Within it nobody sees the machine's clocks, nor chance that no seed has set."""

    def now():
        return round(loop.time() * SECOND)

    def wall():
        process = PROCESS.get()
        return BEGIN + now() + (process.ahead * 10**6 if process else 0)

    before = random.getstate()
    random.seed(chosen.random())
    try:
        with (
            patch.object(time, "time_ns", wall),
            patch.object(time, "time", lambda: wall() / SECOND),
            patch.object(time, "monotonic", loop.time),
            patch.object(time, "monotonic_ns", now),
            patch.object(secrets, "token_hex", lambda size: chosen.randbytes(size).hex()),
        ):
            yield
    finally:
        random.setstate(before)


def right(loop):
    """By a clock that is right, in ms since the epoch."""
    return (BEGIN + round(loop.time() * SECOND)) // 10**6
