"""The loop that everything simulated runs in: it never waits, and a seed sets the order of what is ready.

The one decision: when nothing is ready, time is what the next timer says. Whose a callback is, is told by its context: a frozen
process's is held, and a dead one is frozen for good.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from contextvars import Context

from simulation.process import PROCESS, Process, State


class Stuck(AssertionError):
    """Nothing is ready, and no timer is set."""


class _Counted:
    """Hashed by a number instead of its address, so that a set of these has the same order in each run."""

    def __new__(cls, *_, loop, **__):
        made = super().__new__(cls)
        made.number = next(loop.numbers)
        return made

    def __hash__(self):
        return self.number


class _Task(_Counted, asyncio.Task):
    pass


class _Future(_Counted, asyncio.Future):
    pass


class Loop(asyncio.AbstractEventLoop):
    """See above. `before`: called with the process that is about to take a step, and may kill or freeze it."""

    def __init__(self, chosen):
        self.numbers = itertools.count()
        self.before: Callable[[Process, asyncio.Handle], None] = lambda _process, _handle: None
        self.errors: list[str] = []
        self.steps = 0
        self._chosen = chosen
        self._now = 0.0
        self._ready: list[asyncio.Handle] = []
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []

    def time(self):
        return self._now

    def run_until_complete(self, future):
        task = asyncio.ensure_future(future, loop=self)
        asyncio._set_running_loop(self)
        try:
            while not task.done():
                self._turn()
        finally:
            asyncio._set_running_loop(None)
        return task.result()

    def _turn(self):
        while self._timers and self._timers[0][2].cancelled():
            heapq.heappop(self._timers)
        if not self._ready:
            if not self._timers:
                raise Stuck
            self._now = max(self._now, self._timers[0][0])
        while self._timers and self._timers[0][0] <= self._now:
            self._ready.append(heapq.heappop(self._timers)[2])
        ready, self._ready = self._ready, []
        if len(ready) > 1:
            self._chosen.shuffle(ready)
        for handle in ready:
            if not handle.cancelled():
                self._step(handle)

    def _step(self, handle):
        process = handle._context.get(PROCESS)
        if process is not None:
            self.steps += 1
            self.before(process, handle)
            if process.state in (State.FROZEN, State.DEAD):
                process.held.append(handle)
                return
        handle._run()

    def thaw(self, process):
        """What was held runs, in whatever order."""
        held, process.held = process.held, []
        self._ready.extend(held)

    def outside(self, delay, callback, *arguments):
        """Call it later, whoever is dead or frozen by then."""
        return self.call_later(delay, callback, *arguments, context=Context())

    def call_soon(self, callback, *arguments, context=None):
        handle = asyncio.Handle(callback, arguments, self, context)
        self._ready.append(handle)
        return handle

    def call_later(self, delay, callback, *arguments, context=None):
        return self.call_at(self._now + delay, callback, *arguments, context=context)

    def call_at(self, when, callback, *arguments, context=None):
        handle = asyncio.TimerHandle(when, callback, arguments, self, context)
        heapq.heappush(self._timers, (when, next(self.numbers), handle))
        return handle

    def create_future(self):
        return _Future(loop=self)

    def create_task(self, coroutine, *, name=None, context=None):
        task = _Task(coroutine, loop=self, name=name, context=context)
        process = PROCESS.get() if context is None else context.get(PROCESS)
        if process is not None:
            process.tasks[task] = None
            task.add_done_callback(process.tasks.pop, context=Context())
        return task

    def call_exception_handler(self, context):
        self.errors.append(f"{context['message']}: {context.get('exception')!r}")

    def get_debug(self):
        return False

    def is_running(self):
        return True

    def _timer_handle_cancelled(self, handle):
        """Its timer is passed over when its time comes."""
