"""A network between clients and a broker that can be cut: it stands where the PROXIED listener sends its clients.

It passes whole frames of Kafka's protocol, so that one request, or the reply to it, can be made to vanish.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from struct import Struct
from typing import Self

from kafka.properties import Listener

END_TXN = 26
_SIZE = Struct(">i")
_REQUEST = Struct(">hhi")  # API key, its version, correlation id
_REPLY = Struct(">i")


class Proxy:
    """Stands while the `async with` block runs; passes everything unless told otherwise."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._passing = asyncio.Event()
        self._passing.set()
        self._lost_request: Callable[[int], bool] = lambda _key: False
        self._lost_reply: Callable[[int], bool] = lambda _key: False

    @asynccontextmanager
    async def silent(self) -> AsyncIterator[None]:
        """Connections are taken and held, and nothing goes either way; what was sent comes late."""
        self._passing.clear()
        try:
            yield
        finally:
            self._passing.set()

    @asynccontextmanager
    async def refusing(self) -> AsyncIterator[None]:
        """Nobody listens, and what was connected is cut."""
        await self._close()
        try:
            yield
        finally:
            await self._listen()

    @contextmanager
    def losing(self, api_key: int, *, reply: bool) -> Iterator[None]:
        """Every such request vanishes, or else the reply to it."""
        name = "_lost_reply" if reply else "_lost_request"
        before = getattr(self, name)
        setattr(self, name, lambda key: key == api_key)
        try:
            yield
        finally:
            setattr(self, name, before)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._listener.advertised)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await self._join(reader, writer)
        except asyncio.CancelledError:
            pass  # cut: asyncio's own server would report it
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def _join(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        try:
            broker, to_broker = await asyncio.open_connection("127.0.0.1", self._listener.port)
        except OSError:
            return
        asked: dict[int, int] = {}

        def request_passes(frame: bytes) -> bool:
            key, _, correlation = _REQUEST.unpack_from(frame)
            asked[correlation] = key
            return not self._lost_request(key)

        def reply_passes(frame: bytes) -> bool:
            (correlation,) = _REPLY.unpack_from(frame)
            return not self._lost_reply(asked.pop(correlation, -1))

        ways = {
            asyncio.create_task(self._pass(client, to_broker, request_passes)),
            asyncio.create_task(self._pass(broker, to_client, reply_passes)),
        }
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            to_broker.transport.abort()

    async def _pass(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, passes: Callable[[bytes], bool]
    ) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await source.readexactly(_SIZE.size)
                frame = await source.readexactly(*_SIZE.unpack(head))
                await self._passing.wait()
                if passes(frame):
                    target.write(head + frame)
                    await target.drain()

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()
