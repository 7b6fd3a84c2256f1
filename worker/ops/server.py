"""Health and metrics over HTTP, on an address of their own (aiohttp.web).

The one decision: who asks is not trusted with anything. There are few connections, each for a short time, and nothing that is
answered holds a secret, a body or a feed's URL.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import orjson
from aiohttp import web
from aiohttp.http import HttpProcessingError

from worker.errors import UsageError
from worker.model import Totals
from worker.ops.health import stuck, unready
from worker.ops.metrics import Metrics, Readers

_MOST: Final = 64  # connections at a time
_LONGEST_SECONDS: Final = 15.0  # of a connection
_SHUTDOWN_SECONDS: Final = 0.2
_TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"


@asynccontextmanager
async def serving(host: str, port: int, totals: Totals, readers: Callable[[], Readers]) -> AsyncIterator[int]:
    """Answer on that address while the block runs; the port, which port 0 leaves open. UsageError: it can't be listened on."""
    metrics = Metrics(totals, readers, time.monotonic)

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if request.method not in {"GET", "HEAD"}:
            return web.Response(status=405, headers={"Allow": "GET, HEAD"})
        match request.path:
            case "/livez":
                return _said(stuck(totals, time.monotonic()))
            case "/readyz":
                return _said(unready(totals))
            case "/metrics":
                return web.Response(body=metrics.text(), headers={"Content-Type": _TEXT})
        return web.Response(status=404, text="/livez, /readyz and /metrics are here\n")

    told = logging.getLogger(__name__)
    told.addFilter(_is_ours)
    server = web.Server(answer, keepalive_timeout=_LONGEST_SECONDS, access_log=None, logger=told)
    loop = asyncio.get_running_loop()

    def connected() -> asyncio.Protocol:
        if len(server.connections) >= _MOST:  # the oldest has had its time: so nobody can keep others out
            _cut(server.connections[0])
        connection = server()
        loop.call_later(_LONGEST_SECONDS, _cut, connection)
        return connection

    try:
        listening = await loop.create_server(connected, host, port)
    except OSError as error:
        raise UsageError(f"health_address {host}:{port} can't be listened on: {error.strerror or error}") from None
    try:
        bound: int = listening.sockets[0].getsockname()[1]
        yield bound
    finally:
        listening.close()
        await server.shutdown(_SHUTDOWN_SECONDS)


def _cut(connection: web.RequestHandler) -> None:
    """End it now. Only to close it would wait for the client to read all that it has asked for."""
    if isinstance(connection.transport, asyncio.Transport):
        connection.transport.abort()
    connection.force_close()


def _is_ours(record: logging.LogRecord) -> bool:
    """What anybody sends that is no HTTP is answered so, and is no error of ours."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


def _said(wrong: list[str]) -> web.Response:
    body = orjson.dumps({"ok": not wrong, "why": wrong})
    return web.Response(status=503 if wrong else 200, body=body, headers={"Content-Type": "application/json"})
