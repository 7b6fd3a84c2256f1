"""What all shards of a worker share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from worker.broker.port import Broker
from worker.model import Totals
from worker.pipeline.polls.poll import Tools


@dataclass(frozen=True, slots=True)
class Run:
    """See above."""

    broker: Broker
    tools: Tools
    slots: asyncio.Semaphore  # polls under way at a time, from the request to the commit
    totals: Totals
    worker: str  # host:process, for people
    token: str  # random, of this process
    give_up_after: float  # seconds of faults without a commit
    grace: float  # seconds that what is under way has when the worker is to stop
    once: bool  # every source one time
    stop: asyncio.Event
