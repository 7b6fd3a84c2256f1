"""Blocking work that a process may end without: a thread that waits for the other end of a pipe is never joined."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

_T = TypeVar("_T")


async def in_thread(work: Callable[[], _T]) -> _T:
    """What `work` returns or raises. Unlike `asyncio.to_thread`, neither the loop nor the interpreter waits for it at its end."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[_T] = loop.create_future()

    def settle(finish: Callable[[], None]) -> None:
        if not done.cancelled():
            finish()

    def run() -> None:
        finish: Callable[[], None]
        try:
            finish = partial(done.set_result, work())
        except Exception as error:  # noqa: BLE001 (handed on to who waits)
            finish = partial(done.set_exception, error)
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, finish)

    threading.Thread(target=run, name="news-worker-blocking", daemon=True).start()
    return await done
