"""What every service opens: signals heard, the broker waited for, processes to read with.

The first SIGINT or SIGTERM lets what is under way be committed or dropped whole; the second ends the process at once, which
is as safe as SIGKILL is.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any, TypeVar

import structlog

from worker import configured
from worker.broker.port import Broker
from worker.errors import BrokerAway
from worker.pipeline.patience import Patience
from worker.pipeline.readers.pool import Limits, ReaderPool
from worker.pipeline.stopping import Stopped, unless
from worker.settings import Settings

log = structlog.get_logger()

_T = TypeVar("_T")


@contextmanager
def stop_on_signals() -> Iterator[asyncio.Event]:
    """An event that the first signal sets."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal(number: signal.Signals) -> None:
        if stop.is_set():
            os._exit(128 + number)
        log.info(
            "worker.stopping", signal=number.name, hint="what is under way is committed; a second signal ends at once"
        )
        stop.set()

    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, on_signal, number)
    try:
        yield stop
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def _untold(_: str | None) -> None:
    """For a service that nobody asks how it stands."""


async def opened(
    settings: Settings, stack: AsyncExitStack, stop: asyncio.Event, waits_for: Callable[[str | None], None] = _untold
) -> Broker | None:
    """The broker, as `patiently` waits for it."""
    return await patiently(
        settings, stop, lambda: stack.enter_async_context(configured.broker(settings, create=True)), waits_for
    )


async def patiently(
    settings: Settings,
    stop: asyncio.Event,
    work: Callable[[], Coroutine[Any, Any, _T]],
    waits_for: Callable[[str | None], None] = _untold,
) -> _T | None:
    """What `work` returns, begun again while the broker is away; None when stopped meanwhile. `waits_for`: told why, then None."""
    patience = Patience(settings.give_up_after_s, time.monotonic)
    while not stop.is_set():
        try:
            found = await unless(stop, work())
        except Stopped:  # one that doesn't answer is given up after many seconds only
            break
        except BrokerAway as error:
            waits_for(str(error))
            await patience.wait(error, 0, stop)
        else:
            waits_for(None)
            return found
    return None


def readers(settings: Settings) -> ReaderPool:
    """Processes that read documents, within the limits set."""
    return ReaderPool(settings.jobs, Limits(settings.read_timeout_s, settings.read_memory_mb * 1024 * 1024))
