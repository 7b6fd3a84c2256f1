"""Work that is dropped when the worker is to stop: whatever waits for the broker and has decided nothing yet."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


class Stopped(Exception):
    """`stop` was set before the work was done; it was cancelled."""


async def unless(stop: asyncio.Event, work: Coroutine[Any, Any, _T]) -> _T:
    """What the work returns or raises. Stopped: `stop` was set meanwhile, and the work has ended."""
    working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise Stopped
    finally:
        working.cancel()
        stopping.cancel()
        await asyncio.wait({working, stopping})
        if not working.cancelled():
            working.exception()  # retrieved
