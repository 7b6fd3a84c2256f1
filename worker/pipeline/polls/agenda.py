"""When which source is due, the earliest first, and whose turn it is: one at a time a site.

All instants are ms of a clock that nobody sets, so that a wrong wall clock makes nothing due at once, and nothing for days.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable
from typing import Final

_LONGEST_SLEEP: Final = 30.0


class Agenda:
    """Sources, the instants that they are due at, and the sites that are being asked."""

    def __init__(self) -> None:
        self._due: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []
        self._busy: dict[str, deque[str]] = {}  # sites that are being asked, and who waits for them
        self._ready: deque[tuple[str, str]] = deque()  # sources whose site has become free for them, with the site
        self._since: dict[str, int] = {}  # those that wait for their site, and when they were due
        self._changed = asyncio.Event()

    def __contains__(self, source: str) -> bool:
        """Whether it is due at some instant, or waits for its site."""
        return source in self._due or source in self._since

    def put(self, source: str, due: int) -> None:
        """The source is due at that instant, and at no other; if it waits for its site, it waits no more."""
        self._since.pop(source, None)
        self._due[source] = due
        heapq.heappush(self._heap, (due, source))
        self._changed.set()

    def drop(self, source: str) -> None:
        """The source is not due at all."""
        self._due.pop(source, None)
        self._since.pop(source, None)

    def take(self, now: int, site_of: Callable[[str], str | None]) -> tuple[str, int] | None:
        """A source that is due and whose site nobody asks, and since when it is due; None: there is none.

        It is taken off, and its site counts as being asked until it is freed.

        `site_of`: None for a source that is no more.
        """
        while self._ready:
            waited, site = self._ready.popleft()
            if waited in self._since and site_of(waited) == site:
                return waited, self._since.pop(waited)
            self.free(site)  # it was put elsewhere, or dropped, since
        return self._next(now, site_of)

    def _next(self, now: int, site_of: Callable[[str], str | None]) -> tuple[str, int] | None:
        while self._heap and self._heap[0][0] <= now:
            due, source = heapq.heappop(self._heap)
            if self._due.get(source) != due:
                continue  # it was put elsewhere since
            del self._due[source]
            site = site_of(source)
            if site is None:
                continue
            if site in self._busy:
                self._busy[site].append(source)
                self._since[source] = due
                continue
            self._busy[site] = deque()
            return source, due
        return None

    def free(self, site: str) -> None:
        """The site has answered: the next that waits for it is ready."""
        if self._busy[site]:
            self._ready.append((self._busy[site].popleft(), site))
        else:
            del self._busy[site]
        self._changed.set()

    @property
    def idle(self) -> bool:
        """Whether nothing is due, waits or is being asked."""
        return not (self._due or self._busy or self._ready)

    def late(self, now: int) -> tuple[int, int]:
        """How many are due or wait for their site, and by how many ms the first of them is late."""
        due = [at for at in self._due.values() if at <= now]
        first = min([*due, *self._since.values()], default=now)
        return len(due) + len(self._since), now - first

    def wake(self) -> None:
        """Let `wait` return."""
        self._changed.set()

    async def wait(self, now: int) -> None:
        """Return when the next may be due, or something has changed."""
        pause = min(max(0, self._heap[0][0] - now) / 1000, _LONGEST_SLEEP) if self._heap else _LONGEST_SLEEP
        try:
            async with asyncio.timeout(pause):
                await self._changed.wait()
        except TimeoutError:
            pass
        self._changed.clear()
