"""What all shards of a worker share, and how they wait for the broker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from worker.broker.port import Broker
from worker.errors import BrokerAway, ClaimLost, Unsure
from worker.model import Totals
from worker.pipeline.patience import Patience
from worker.pipeline.polls.poll import Tools

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
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


async def until_there(run: Run, do: Callable[[], Awaitable[_T]], said: Callable[[str], None] = lambda _why: None) -> _T:
    """What `do` returns; it is called again whenever the broker was away, and `said` is told why.

    BrokerAway, Unsure or ClaimLost: patience is over.
    """
    patience = Patience(run.give_up_after, time.monotonic)
    while True:
        try:
            return await do()
        except (BrokerAway, Unsure, ClaimLost) as error:
            said(str(error))
            await patience.wait(error, run.totals.commits, run.stop)
