"""The loop that everything simulated runs in: it never waits, and a seed sets the order of what is ready.

The one decision: when nothing is ready, time is what the next timer says. Whose a callback is, is told by its context: a frozen
process's is held, and a dead one is frozen for good.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from contextvars import Context, copy_context

from simulation.process import PROCESS, Process, State

_HELD = (State.FROZEN, State.DEAD)


class Stuck(AssertionError):
    """Nothing is ready, and no timer is set."""


class _Counted:
    """Hashed by a number instead of its address, so that a set of these has the same order in each run."""

    number: int

    def __hash__(self):
        return self.number


class _Task(_Counted, asyncio.Task):
    def __new__(cls, *_, loop, **__):
        made = super().__new__(cls)
        made.number = next(loop.numbers)  # here already: made, it is put into a set of all tasks
        return made


class _Future(_Counted, asyncio.Future):
    pass


class Handle:
    """What runs, or is to: as `asyncio.Handle`, which takes more time to make than most callbacks to run."""

    __slots__ = ("arguments", "callback", "context", "gone")

    def __init__(self, callback, arguments, context):
        self.callback, self.arguments = callback, arguments
        self.context = copy_context() if context is None else context
        self.gone = False

    def cancel(self):
        self.gone = True
        self.callback = self.arguments = None


class Loop(asyncio.AbstractEventLoop):
    """See above. `before`: called with the process that is about to take a step, and may kill or freeze it."""

    def __init__(self, chosen):
        self.numbers = itertools.count()
        self.before: Callable[[Process, Handle], None] = lambda _process, _handle: None
        self.errors: list[str] = []
        self.steps = 0
        self._chosen = chosen
        self._now = 0.0
        self._ready: list[Handle] = []
        self._timers: list[tuple[float, int, Handle]] = []

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
        timers = self._timers
        while timers and timers[0][2].gone:
            heapq.heappop(timers)
        if not self._ready:
            if not timers:
                raise Stuck
            self._now = max(self._now, timers[0][0])
        while timers and timers[0][0] <= self._now:
            self._ready.append(heapq.heappop(timers)[2])
        ready, self._ready = self._ready, []
        if len(ready) > 1:
            self._shuffle(ready)
        for handle in ready:
            if not handle.gone:
                self._step(handle)

    def _shuffle(self, ready):
        """As `random.shuffle` does it, and by the same numbers, in half its time."""
        bits = self._chosen.getrandbits
        for last in range(len(ready) - 1, 0, -1):
            length = (last + 1).bit_length()
            other = bits(length)
            while other > last:
                other = bits(length)
            ready[last], ready[other] = ready[other], ready[last]

    def _step(self, handle):
        process = handle.context.get(PROCESS)
        if process is not None:
            self.steps += 1
            self.before(process, handle)
            if process.state in _HELD:
                process.held.append(handle)
                return
        try:
            handle.context.run(handle.callback, *handle.arguments)
        except Exception as error:  # noqa: BLE001 (whatever it is, the seed is to be told)
            self.errors.append(f"exception in a callback: {error!r}")

    def thaw(self, process):
        """What was held runs, in whatever order."""
        held, process.held = process.held, []
        self._ready.extend(held)

    def outside(self, delay, callback, *arguments):
        """Call it later, whoever is dead or frozen by then."""
        return self.call_later(delay, callback, *arguments, context=Context())

    def call_soon(self, callback, *arguments, context=None):
        handle = Handle(callback, arguments, context)
        self._ready.append(handle)
        return handle

    def call_later(self, delay, callback, *arguments, context=None):
        return self.call_at(self._now + delay, callback, *arguments, context=context)

    def call_at(self, when, callback, *arguments, context=None):
        handle = Handle(callback, arguments, context)
        heapq.heappush(self._timers, (when, next(self.numbers), handle))
        return handle

    def create_future(self):
        future = _Future(loop=self)
        future.number = next(self.numbers)
        return future

    def create_task(self, coroutine, *, name=None, context=None):
        task = _Task(coroutine, loop=self, name=name, context=context)
        process = PROCESS.get() if context is None else context.get(PROCESS)
        if process is not None:
            process.tasks[task] = None
            task.add_done_callback(process.tasks.pop, context=Context())
        return task

    def call_exception_handler(self, context):
        self.errors.append(f"{context['message']}: {context.get('exception')!r}")

    get_debug = bool  # False: a call of it from C, as there is one for each future, is the cheapest of all

    def is_running(self):
        return True
