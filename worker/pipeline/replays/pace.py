"""How many articles may go now: evenly at a rate, without a timer where there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_BURST_SECONDS = 0.1


class Pace:
    """Earns articles at `rate` a second by a monotonic clock and never saves up more than a tenth of a second's."""

    def __init__(self, rate: float | None, monotonic: Callable[[], float]) -> None:
        self._rate = rate
        self._monotonic = monotonic
        self._earned = 1.0
        self._last = monotonic()

    @property
    def limited(self) -> bool:
        """Whether it ever keeps an article waiting."""
        return self._rate is not None

    async def allow(self, most: int, stop: asyncio.Event) -> int:
        """Wait until at least one article may go; how many may, at most `most`. 0 once `stop` is set."""
        if self._rate is None:
            return 0 if stop.is_set() else most
        while not stop.is_set():
            now = self._monotonic()
            self._earned = min(self._earned + (now - self._last) * self._rate, max(1.0, self._rate * _BURST_SECONDS))
            self._last = now
            if self._earned >= 1:
                allowed = min(most, int(self._earned))
                self._earned -= allowed
                return allowed
            try:
                async with asyncio.timeout((1 - self._earned) / self._rate):
                    await stop.wait()
            except TimeoutError:
                continue
        return 0
