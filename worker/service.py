"""The running worker: signals in, broker and readers opened and closed, what is asked for done in between.

The first SIGINT or SIGTERM lets what is under way be committed or dropped whole; the second ends the process at once, which
is as safe as SIGKILL is.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, aclosing, contextmanager
from functools import partial
from io import FileIO

import structlog

from worker import configured
from worker.broker.port import Broker
from worker.broker.topics import SETTINGS
from worker.core.memory import ReplayMemory
from worker.errors import BrokerAway, BrokerMissing
from worker.model import Topic
from worker.pipeline import claims
from worker.pipeline.job import Job, adopt
from worker.pipeline.patience import Patience
from worker.pipeline.pool import Limits, ReaderPool
from worker.pipeline.replay import pour, replay
from worker.pipeline.sinks import DryRun, Lines
from worker.pipeline.summary import Summary
from worker.settings import Settings

log = structlog.get_logger()

_DEFAULT_RECORD_BYTES = int(SETTINGS[Topic.ARTICLES]["max.message.bytes"])


async def replay_into_broker(settings: Settings, jobs: Sequence[Job], summary: Summary) -> None:
    """Replay each data set into the configured broker; what the errors of `pipeline.replay.replay` tell holds here."""
    with _stop_on_signals() as stop:
        async with AsyncExitStack() as stack:
            if broker := await _opened(settings, stack, stop):
                pool = await stack.enter_async_context(_pool(settings))
                for job in jobs:
                    await replay(broker, pool, job, summary, stop)
        summary.interrupted = stop.is_set()


async def _opened(settings: Settings, stack: AsyncExitStack, stop: asyncio.Event) -> Broker | None:
    """The broker, waited for while it is away; None when stopped meanwhile."""
    patience = Patience(settings.give_up_after_s, time.monotonic)
    while not stop.is_set():
        try:
            return await stack.enter_async_context(configured.broker(settings, create=True))
        except BrokerAway as error:
            await patience.wait(error, 0, stop)
    return None


async def replay_into_stream(settings: Settings, jobs: Sequence[Job], summary: Summary, stream: FileIO) -> None:
    """Write the events as lines and remember nothing. BrokenPipeError: nobody reads any more."""
    with _stop_on_signals() as stop:
        async with _pool(settings) as pool:
            for job in jobs:
                sink = Lines(stream, partial(adopt, job, summary), stop)
                await pour(sink, pool, job, summary, stop, remembered={}, record_bytes=_DEFAULT_RECORD_BYTES)
        summary.interrupted = stop.is_set()


async def dry_run(settings: Settings, jobs: Sequence[Job], summary: Summary) -> None:
    """Count what a replay would publish, given what the broker remembers, if there is one."""
    memories = {job.dataset: ReplayMemory(job.dataset) for job in jobs}
    record_bytes = _DEFAULT_RECORD_BYTES
    try:
        async with configured.broker(settings, create=False) as broker:
            record_bytes = broker.max_record_bytes(Topic.ARTICLES)
            async with aclosing(broker.read(Topic.REPLAYS)) as records:
                async for record in records:
                    for memory in memories.values():
                        memory.absorb(record.key, record.value)
    except BrokerMissing:
        log.debug("broker.missing", hint="nothing is remembered yet")
    with _stop_on_signals() as stop:
        async with _pool(settings) as pool:
            for job in jobs:
                files = memories[job.dataset].files
                claims.chosen(job.intent, memories[job.dataset])  # refuses what the replay would
                sink = DryRun(partial(adopt, job, summary))
                await pour(sink, pool, job, summary, stop, remembered=files, record_bytes=record_bytes)
        summary.interrupted = stop.is_set()


def _pool(settings: Settings) -> ReaderPool:
    return ReaderPool(settings.jobs, Limits(settings.read_timeout_s, settings.read_memory_mb * 1024 * 1024))


@contextmanager
def _stop_on_signals() -> Iterator[asyncio.Event]:
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
