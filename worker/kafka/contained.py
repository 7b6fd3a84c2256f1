"""What aiokafka lets out into the loop: exceptions of futures that nobody waits for any more. Counted, and said at debug level."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import structlog
from aiokafka.errors import KafkaError

log = structlog.get_logger()

_Handler = Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object]


class Contained:
    """While it is on, a KafkaError that reaches the loop's exception handler ends there; all else goes on as before."""

    def __init__(self) -> None:
        self.count = 0
        self._before: _Handler | None = None

    def begin(self) -> None:
        """Put it before the running loop's handler."""
        loop = asyncio.get_running_loop()
        self._before = loop.get_exception_handler()
        loop.set_exception_handler(self._handle)

    def end(self) -> None:
        """Put back what was there."""
        asyncio.get_running_loop().set_exception_handler(self._before)

    def _handle(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, KafkaError):
            self.count += 1
            log.debug("kafka.exception_contained", reason=repr(error), count=self.count)
        elif self._before:
            self._before(loop, context)
        else:
            loop.default_exception_handler(context)
