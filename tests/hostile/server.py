"""A server that answers as it is told to, byte by byte, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Asked:
    method: str
    target: str
    headers: dict[str, str]  # names in lower case
    connection: int


Play = Callable[[Asked, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answer(status=200, body=b"", *headers, length=True):
    """Bytes of a whole answer; headers as `Name: value`, in str or bytes."""
    lines = [f"HTTP/1.1 {status} Whatever".encode()]
    lines += [header.encode() if isinstance(header, str) else header for header in headers]
    if length and status not in {304, 204}:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def redirect(location, status=302):
    return answer(status, b"", b"Location: " + (location if isinstance(location, bytes) else location.encode()))


@dataclass
class Server:
    plays: dict[str, bytes | Play | list[bytes]] = field(default_factory=dict)  # by path; a list: one after another
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    host: str = "127.0.0.1"
    scheme: str = "http"
    _open: set[asyncio.Task] = field(default_factory=set)

    def url(self, path="/feed", host=None, userinfo=""):
        return f"{self.scheme}://{userinfo}{host or self.host}:{self.port}{path}"

    def asked_for(self, path):
        return [asked for asked in self.asked if asked.target == path]

    async def _serve(self, reader, writer):
        task = asyncio.current_task()
        self._open.add(task)
        self.connections += 1
        number = self.connections
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("utf-8", "surrogateescape")
                first, *lines = head[:-4].split("\r\n")
                method, target, _ = first.split(" ")
                named = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
                asked = Asked(method, target, named, number)
                self.asked.append(asked)
                play = self.plays.get(target, answer(404))
                if isinstance(play, list):
                    play = play.pop(0) if len(play) > 1 else play[0]
                if isinstance(play, bytes):
                    writer.write(play)
                    await writer.drain()
                else:
                    await play(asked, reader, writer)
                    return
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            pass
        finally:
            self._open.discard(task)
            writer.close()
            with contextlib.suppress(Exception):
                await writer.wait_closed()


@contextlib.asynccontextmanager
async def serving(host="127.0.0.1", ssl=None):
    server = Server(host=host, scheme="https" if ssl else "http")
    listening = await asyncio.start_server(server._serve, host, 0, ssl=ssl)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in list(server._open):
            task.cancel()
        await asyncio.gather(*server._open, return_exceptions=True)
        await listening.wait_closed()
