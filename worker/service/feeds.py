"""Polling: the lists of sources applied, everything opened that polls need, and polled until a signal."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import structlog

from worker.broker.port import Broker
from worker.core.sources.difference import Kind
from worker.model import Topic
from worker.pipeline import definitions
from worker.pipeline.job import wall_clock
from worker.pipeline.polls.poll import Tools
from worker.pipeline.polls.run import Run
from worker.pipeline.polls.totals import Totals
from worker.pipeline.polls.worker import poll_sources
from worker.service.common import opened, readers, stop_on_signals
from worker.settings import Settings, secrets_folder
from worker.sources.feed import Client, ClientOptions, secrets_from

log = structlog.get_logger()


async def poll(settings: Settings, lists: Sequence[Path], totals: Totals, *, once: bool) -> None:
    """Poll the broker's sources, those of the lists among them, until a signal, or each of them once.

    UsageError: a list can't be read. Else as `pipeline.polls.worker.poll_sources` tells.
    """
    with stop_on_signals() as stop:
        async with AsyncExitStack() as stack:
            if broker := await opened(settings, stack, stop):
                await _apply(broker, lists)
                tools = Tools(
                    await stack.enter_async_context(Client(_client_options(settings))),
                    await stack.enter_async_context(readers(settings)),
                    secrets_from(secrets_folder(), os.environ),
                    broker.max_record_bytes(Topic.ARTICLES),
                )
                worker, token = f"{socket.gethostname()}:{os.getpid()}", secrets.token_hex(8)
                slots = asyncio.Semaphore(settings.max_polls)
                await poll_sources(
                    Run(broker, tools, slots, totals, worker, token, settings.give_up_after_s, once=once, stop=stop)
                )
        totals.interrupted = stop.is_set()


async def _apply(broker: Broker, lists: Sequence[Path]) -> None:
    if lists:
        plan = await definitions.apply(broker, definitions.listed(lists), wall_clock())
        for wrong in plan.wrong:
            log.warning("source.not_usable", reason=str(wrong))
        log.info("sources.applied", **{kind.value: len(plan.of(kind)) for kind in Kind})


def _client_options(settings: Settings) -> ClientOptions:
    return ClientOptions(
        settings.allow_net,
        settings.proxy.get_secret_value() if settings.proxy else None,
        settings.contact,
        total_s=settings.fetch_timeout_s,
        body_bytes=settings.max_body_mb * 1024 * 1024,
        connections=settings.max_polls,
    )
