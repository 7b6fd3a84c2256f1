"""Replays: into the configured broker, into a stream, or nowhere (a dry run)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack, aclosing
from functools import partial
from io import FileIO

import structlog

from worker import configured
from worker.broker.topics import SETTINGS
from worker.core.replays.memory import ReplayMemory
from worker.errors import BrokerMissing
from worker.model import Topic
from worker.pipeline.replays import claims
from worker.pipeline.replays.job import Job, adopt
from worker.pipeline.replays.replay import pour, replay
from worker.pipeline.replays.sinks import DryRun, Lines
from worker.pipeline.replays.summary import Summary
from worker.service.common import opened, readers, stop_on_signals
from worker.settings import Settings

log = structlog.get_logger()

_DEFAULT_RECORD_BYTES = int(SETTINGS[Topic.ARTICLES]["max.message.bytes"])


async def replay_into_broker(settings: Settings, jobs: Sequence[Job], summary: Summary) -> None:
    """Replay each data set into the configured broker; what the errors of `pipeline.replay.replay` tell holds here."""
    with stop_on_signals() as stop:
        async with AsyncExitStack() as stack:
            if broker := await opened(settings, stack, stop):
                pool = await stack.enter_async_context(readers(settings))
                for job in jobs:
                    await replay(broker, pool, job, summary, stop)
        summary.interrupted = stop.is_set()


async def replay_into_stream(settings: Settings, jobs: Sequence[Job], summary: Summary, stream: FileIO) -> None:
    """Write the events as lines and remember nothing. BrokenPipeError: nobody reads any more."""
    with stop_on_signals() as stop:
        async with readers(settings) as pool:
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
    with stop_on_signals() as stop:
        async with readers(settings) as pool:
            for job in jobs:
                files = memories[job.dataset].files
                claims.chosen(job.intent, memories[job.dataset])  # refuses what the replay would
                sink = DryRun(partial(adopt, job, summary))
                await pour(sink, pool, job, summary, stop, remembered=files, record_bytes=record_bytes)
        summary.interrupted = stop.is_set()
