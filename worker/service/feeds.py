"""Polling: the lists of sources applied, everything opened that polls need, and polled until a signal."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from worker import __version__, configured
from worker.broker.port import Broker
from worker.core.sources.difference import Kind
from worker.core.sources.lists import Listed
from worker.model import Topic, Totals
from worker.ops.health import unready
from worker.ops.metrics import Readers, resident
from worker.ops.server import serving
from worker.pipeline import definitions
from worker.pipeline.clocks import wall_clock
from worker.pipeline.polls.poll import Tools
from worker.pipeline.polls.run import Run
from worker.pipeline.polls.worker import poll_sources
from worker.pipeline.readers.pool import ReaderPool
from worker.service.common import opened, patiently, readers, stop_on_signals
from worker.settings import Settings, secrets_folder
from worker.sources.feed import Client, ClientOptions, secrets_from

log = structlog.get_logger()

_LOOK_SECONDS: Final = 0.1


async def poll(settings: Settings, lists: Sequence[Path], totals: Totals, *, once: bool) -> None:
    """Poll the broker's sources, those of the lists among them, until a signal, or each of them once.

    UsageError: a list can't be read, or a setting is wrong: raised before anything is opened. Else as
    `pipeline.polls.worker.poll_sources` tells.
    """
    listed = definitions.listed(lists) if lists else None
    client = Client(_client_options(settings))
    configured.broker(settings, create=True)  # like both before it for what is wrong with the call: said before any I/O
    with stop_on_signals() as stop:
        async with AsyncExitStack() as stack:
            reading = readers(settings)
            health = None
            if settings.health_address:
                host, port = settings.health_address
                bound = await stack.enter_async_context(serving(host, port, totals, lambda: _numbers(reading)))
                health = f"{host}:{bound}"
            _say_start(settings, health)
            await stack.enter_async_context(_telling_ready(totals))
            waits_for = partial(setattr, totals, "waits_for")
            if broker := await opened(settings, stack, stop, waits_for):
                if listed:
                    applying = partial(_apply, broker, listed, configured.own_topics(settings))
                    totals.unusable = await patiently(settings, stop, applying, waits_for) or 0
                tools = Tools(
                    await stack.enter_async_context(client),
                    await stack.enter_async_context(reading),
                    secrets_from(secrets_folder(), os.environ),
                    broker.max_record_bytes(Topic.ARTICLES),
                    configured.own_cluster(settings),
                )
                worker, token = f"{socket.gethostname()}:{os.getpid()}", secrets.token_hex(8)
                slots = asyncio.Semaphore(settings.max_polls)
                await poll_sources(
                    Run(
                        broker=broker,
                        tools=tools,
                        slots=slots,
                        totals=totals,
                        worker=worker,
                        token=token,
                        give_up_after=settings.give_up_after_s,
                        grace=settings.grace_s,
                        once=once,
                        stop=stop,
                    )
                )
                if once and not stop.is_set():
                    totals.urls = await _urls(broker, {*totals.faults, *totals.left})
        totals.interrupted = stop.is_set()


def _say_start(settings: Settings, health: str | None) -> None:
    log.info(
        "worker.starting",
        version=__version__,
        broker=settings.broker,  # without its secrets, as all that is logged
        prefix=settings.prefix,
        partitions=settings.kafka_partitions if configured.own_cluster(settings) else 1,
        health=health,
    )


@asynccontextmanager
async def _telling_ready(totals: Totals) -> AsyncIterator[None]:
    """Say it once, when it is: what keeps a worker from it later is logged where it happens."""

    async def tell() -> None:
        while unready(totals):  # noqa: ASYNC110 (nobody tells of all that it depends on)
            await asyncio.sleep(_LOOK_SECONDS)
        log.info("worker.ready", shards=len(totals.standing))

    telling = asyncio.create_task(tell())
    try:
        yield
    finally:
        telling.cancel()
        await asyncio.wait({telling})


async def _apply(broker: Broker, listed: Listed, own: Collection[str]) -> int:
    """How many entries were of no use."""
    plan = await definitions.apply(broker, listed, wall_clock(), own)
    for wrong in plan.wrong:
        log.warning("source.not_usable", reason=str(wrong))
    log.info("sources.applied", **{kind.value: len(plan.of(kind)) for kind in Kind})
    return len(plan.wrong)


async def _urls(broker: Broker, sources: set[str]) -> dict[str, str]:
    if not sources:
        return {}
    known = await definitions.known(broker)
    return {one.definition.id: one.definition.url for one in known if one.definition.id in sources}


def _numbers(pool: ReaderPool) -> Readers:
    processes = pool.processes
    return Readers(len(processes), pool.idle, pool.killed, sum(map(resident, processes)))


def _client_options(settings: Settings) -> ClientOptions:
    return ClientOptions(
        settings.allow_net,
        settings.proxy.get_secret_value() if settings.proxy else None,
        settings.contact,
        total_s=settings.fetch_timeout_s,
        body_bytes=settings.max_body_mb * 1024 * 1024,
        connections=settings.max_polls,
    )
