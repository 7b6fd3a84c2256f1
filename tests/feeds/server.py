"""The feed server, a process of its own: it serves planned feeds on the loopback net and writes down what it showed to whom.

`server.py FOLDER`: on standard input first the plans, a JSON array in a line; it answers with its port. Then a command a line
(`{"change": "add", "feed": "a", "by": [2]}`), each answered by a line. It ends when its input does, so with whoever started it.
`FOLDER/ledger.jsonl`: `{"shown": FEED, "states": {NUMBER: STATE}}` before a document is first sent,
`{"proven": FEED}` before a request is answered that proves that what was shown last has been taken in.
`FOLDER/requests.jsonl`: a line a request, see `Asked`.
"""

from __future__ import annotations

import asyncio
import json
import resource
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from aiohttp import web
from feeds.feed import Feed, Plan

_TRIES = 20  # ports, until one is free on every address
CHANGES = ("add", "edit", "drift", "delete", "revert", "rest", "answer_with")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it was answered; times are of the machine's monotonic clock, in seconds."""

    feed: str
    address: str
    begun: float
    ended: float
    status: int
    match: str | None
    since: str | None
    agent: str | None


class Server:
    """The feeds by name, and the two books that are kept of them."""

    def __init__(self, feeds: Mapping[str, Feed], ledger: IO[str], requests: IO[str]) -> None:
        self._feeds = feeds
        self._asked_for = {name: feed for feed in feeds.values() for name in feed.plan.names}
        self._ledger = ledger
        self._requests = requests
        self._showing: dict[str, object] = {}
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self._under_way += 1
        self._idle.clear()
        try:
            return await self._served(request, time.monotonic())
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    async def _served(self, request: web.Request, begun: float) -> web.StreamResponse:
        feed = self._asked_for.get(request.match_info["name"])
        if feed is None:
            raise web.HTTPNotFound
        match, since = request.headers.get("If-None-Match"), request.headers.get("If-Modified-Since")
        answer = feed.answer(match, since, request.match_info["name"])
        if answer.proven:
            _note(self._ledger, {"proven": feed.plan.name})
        elif answer.status == 200 and self._showing.get(feed.plan.name) is not answer.document:
            self._showing[feed.plan.name] = answer.document
            _note(self._ledger, {"shown": feed.plan.name, "states": answer.document.states})
        body = answer.document.body if answer.status == 200 else b""
        response = web.StreamResponse(status=answer.status, headers=dict(answer.headers))
        if answer.status == 200:
            response.content_type = answer.document.type
            response.content_length = len(body)
        try:
            await response.prepare(request)
            if feed.plan.slow and answer.status in {200, 304}:  # of any other who asked hears no more than the head
                await asyncio.sleep(feed.plan.slow)
            await response.write(body)
            await response.write_eof()
        except ConnectionError:
            pass  # whoever asked was killed
        finally:
            agent = request.headers.get("User-Agent")
            name, status = request.match_info["name"], answer.status
            asked = Asked(name, feed.plan.address, begun, time.monotonic(), status, match, since, agent)
            _note(self._requests, asdict(asked))
        return response

    async def do(self, command: Mapping[str, Any]) -> object:
        """What a line of standard input asks for; the answer."""
        if command["change"] == "nothing":  # a moment without a request under way, so that the books are complete
            await self._idle.wait()
            return None
        names = [command["feed"]] if "feed" in command else list(self._feeds)
        feeds = [self._feeds[name] for name in names]
        if command["change"] == "restless":  # only asks
            return [feed.plan.name for feed in feeds if not feed.resting]
        assert command["change"] in CHANGES, command
        for feed in feeds:
            getattr(feed, command["change"])(*command["by"])
        return None


def _note(book: IO[str], line: Mapping[str, object]) -> None:
    book.write(json.dumps(line) + "\n")
    book.flush()


def _sockets(addresses: list[str]) -> tuple[int, list[socket.socket]]:
    """A port that is free on each address, and a listening socket on each."""
    for _ in range(_TRIES):
        made: list[socket.socket] = []
        port = 0
        try:
            for address in addresses:
                made.append(socket.create_server((address, port), backlog=1024))
                port = made[0].getsockname()[1]
        except OSError:  # another program has this port on one of them
            for one in made:
                one.close()
        else:
            return port, made
    raise OSError(f"no port is free on all of {len(addresses)} addresses")


async def main(folder: Path) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    reader = asyncio.StreamReader(limit=2**26)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    plans = [Plan(**plan) for plan in json.loads(await reader.readline())]
    port, sockets = _sockets(sorted({plan.address for plan in plans}))
    feeds = {plan.name: Feed(plan, port) for plan in plans}
    with (folder / "ledger.jsonl").open("a") as ledger, (folder / "requests.jsonl").open("a") as requests:
        server = Server(feeds, ledger, requests)
        application = web.Application()
        application.router.add_get("/{name}", server.serve)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        for one in sockets:
            await web.SockSite(runner, one).start()
        _say(port)
        while line := await reader.readline():
            _say(await server.do(json.loads(line)))
        await runner.cleanup()


def _say(answer: object) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
