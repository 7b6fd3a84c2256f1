"""The two clocks: one that names instants and may be set, and one to wait by that nobody sets."""

from __future__ import annotations

import time


def wall_clock() -> int:
    """Milliseconds since the epoch, UTC."""
    return time.time_ns() // 1_000_000


def running_clock() -> int:
    """Milliseconds of a clock that nobody sets, to wait by."""
    return time.monotonic_ns() // 1_000_000


def on_running_clock(instant: int) -> int:
    """An instant of the wall clock on the running one, as they stand to each other now."""
    return instant - wall_clock() + running_clock()


def on_wall_clock(instant: int) -> int:
    """The other way round."""
    return instant - running_clock() + wall_clock()
