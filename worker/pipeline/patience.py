"""How a broker that is away is waited for: at first a moment, then longer, in the end no more."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Final

import structlog

from worker.errors import BrokerError, ClaimLost

log = structlog.get_logger()

_FIRST: Final = 0.2  # seconds; doubled with each try, with jitter, so that workers don't come back all at once
_LONGEST: Final = 3.0
_APART: Final = 120.0  # faults further apart are no series: each of our deadlines is shorter


class Patience:
    """Of one who needs the broker. `most`: seconds of a series of faults without progress after which it is over.

    The series begins with a fault, not with the last progress: there may have been nothing to do for hours.
    """

    def __init__(self, most: float, monotonic: Callable[[], float]) -> None:
        self._most = most
        self._monotonic = monotonic
        self._pause = _FIRST
        self._since = self._last = monotonic()
        self._reached = -1

    async def wait(self, error: BrokerError, reached: int, stop: asyncio.Event) -> None:
        """Return when it is time to try again, at once when `stop` is set; raise the error when patience is over.

        `reached`: a number that grows as long as there is progress.
        """
        now = self._monotonic()
        if reached != self._reached or now - self._last > _APART:
            self._pause, self._since, self._reached = _FIRST, now, reached
        self._last = now
        if now - self._since > self._most:
            raise error
        event = "shard.lost" if isinstance(error, ClaimLost) else "broker.away"
        log.warning(event, reason=str(error), retry_in_seconds=round(self._pause, 1))
        try:
            async with asyncio.timeout(self._pause * random.uniform(0.5, 1.0)):  # noqa: S311 (a pause, no secret)
                await stop.wait()
        except TimeoutError:
            self._pause = min(self._pause * 2, _LONGEST)
