"""One conditional GET, whatever stands at the other end: an answer or a fault comes back, within the time and memory set.

Redirects are followed here, not by aiohttp: what is secret and each validator go only where they belong.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from aiohttp import ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from yarl import URL

from worker.errors import UsageError
from worker.model import Fault, FaultKind, Validators
from worker.shown import visible
from worker.sources.feed import faults
from worker.sources.feed.asked import Answer, ClientOptions, Request
from worker.sources.feed.body import Bodies
from worker.sources.feed.guard import guarded
from worker.sources.feed.names import Names
from worker.sources.feed.place import BadUrl, OddNumber, place_of, place_of_redirect, same_keeper
from worker.sources.feed.tls import Contexts
from worker.sources.feed.unpack import ACCEPTED

_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9,"
    " application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.5"
)
_FOR_GOOD = frozenset((301, 308))
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_MOST_REDIRECTS = 20
_DOCUMENTS = frozenset((200, 203))
_NOT_MODIFIED = 304
_IDLE_S = 15.0  # how long a connection is kept for the next feed of its site
_LONGEST_FIELD = 16 * 1024
_LONGEST_VALIDATOR = 1024  # it is remembered; who gives more is asked without


@dataclass(frozen=True, slots=True)
class _Way:
    """Where a request has come to."""

    request: Request
    home: URL  # whose host is trusted with what is secret
    authorization: str | None
    context: ssl.SSLContext | None
    begin: URL
    url: URL
    for_good: bool = True  # every redirect so far


class Client:
    """Asks; to be used as an async context manager. Its connections are kept and used again."""

    def __init__(self, options: ClientOptions) -> None:
        """UsageError: the proxy can't be one."""
        if options.proxy is not None:
            try:
                place_of(options.proxy)
            except BadUrl as bad:
                raise UsageError(f"the setting proxy must be http(s)://host:port: {bad}") from None
        self._options = options
        self._slots = asyncio.Semaphore(options.connections)
        self._bodies = Bodies(options.body_bytes)
        self._contexts = Contexts()
        self._session: ClientSession

    async def __aenter__(self) -> Self:
        self._names = Names()
        connector = TCPConnector(
            resolver=self._names,
            limit=0,  # the slots are counted here, before the time of a request begins
            keepalive_timeout=_IDLE_S,
            socket_factory=None if self._options.proxy else guarded(self._options.allowed),
        )
        self._session = ClientSession(
            connector=connector,
            headers={"User-Agent": self._options.user_agent, "Accept": _ACCEPT, "Accept-Encoding": ACCEPTED},
            cookie_jar=DummyCookieJar(),
            timeout=ClientTimeout(total=None, sock_connect=self._options.connect_s),
            auto_decompress=False,
            trust_env=False,
            max_field_size=_LONGEST_FIELD,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()
        await self._names.close()

    async def fetch(self, request: Request, room: AsyncExitStack) -> Answer | Fault:
        """The document, or why there is none. It raises nothing but CancelledError.

        `room`: what a large body takes of the room that all of them share; to be closed when its reader has done with it.
        """
        way = self._begun(request)
        if isinstance(way, Fault):
            return way
        async with self._slots:
            try:
                async with asyncio.timeout(self._options.total_s):
                    return await self._followed(way, room)
            except TimeoutError:
                return Fault(
                    FaultKind.TIMEOUT, f"{_host(way)} did not answer wholly within {self._options.total_s:g} seconds"
                )

    def _begun(self, request: Request) -> _Way | Fault:
        try:
            home = place_of(request.url)
            url = place_of(request.moved).url if request.moved else home.url
        except BadUrl as bad:
            return Fault(FaultKind.ADDRESS, f"nothing can be asked by its URL: {bad}")
        try:
            context = self._contexts.get(request.ca_file) if request.ca_file else None
        except OSError as error:
            reason = "it is no PEM file" if isinstance(error, ssl.SSLError) else error.strerror
            return Fault(FaultKind.UNCONFIGURED, f"its ca_file {visible(str(request.ca_file))} can't be read: {reason}")
        return _Way(request, home.url, request.authorization or home.authorization, context, url, url)

    async def _followed(self, way: _Way, room: AsyncExitStack) -> Answer | Fault:
        seen = {way.url}
        ended: Answer | Fault | _Way = way
        for _ in range(_MOST_REDIRECTS + 1):
            try:
                ended = await self._asked(way, room)
            except faults.RAISED as error:
                if isinstance(error, TimeoutError):
                    message = f"{_host(way)} did not take the connection within {self._options.connect_s:g} seconds"
                    return Fault(FaultKind.TIMEOUT, message)
                return faults.of_error(error, _host(way))
            if not isinstance(ended, _Way):
                return ended
            if ended.url in seen:
                return Fault(FaultKind.REDIRECT, f"it is redirected in a circle by {_host(way)}; it may want a cookie")
            way = ended
            seen.add(way.url)
        return Fault(FaultKind.REDIRECT, f"it is redirected more than {_MOST_REDIRECTS} times")

    async def _asked(self, way: _Way, room: AsyncExitStack) -> Answer | Fault | _Way:
        headers: dict[str, str] = {}
        if same_keeper(way.home, way.url):
            headers.update(way.request.headers)
            if way.authorization is not None:
                headers["Authorization"] = way.authorization
        url = str(way.url)
        given = way.request.validators
        if given is not None and given.url != url:
            given = None
        if given is not None and given.etag is not None:
            headers["If-None-Match"] = given.etag
        if given is not None and given.modified is not None:
            headers["If-Modified-Since"] = given.modified
        async with self._session.get(
            way.url,
            headers=headers,
            allow_redirects=False,
            proxy=self._options.proxy,
            ssl=way.context or True,
        ) as response:
            status = response.status
            if status in _DOCUMENTS:
                body = await self._bodies.read(response, room)
                return body if isinstance(body, Fault) else _answer(way, response, body, _validators(url, response))
            if status == _NOT_MODIFIED and given is not None:
                return _answer(way, response, None, given)
            if status in _REDIRECTS:
                return _redirected(way, response)
            return faults.of_status(response, datetime.now(UTC), moved_only=way.for_good)


def _host(way: _Way) -> str:
    return visible(way.url.host or "")


def _answer(way: _Way, response: ClientResponse, body: bytes | None, validators: Validators | None) -> Answer:
    url = str(way.url)
    return Answer(
        status=response.status,
        url=url,
        body=body,
        validators=validators,
        content_type=_encodable(response.headers.get("Content-Type")),
        moved_to=url if way.for_good and way.url != way.begin else None,
    )


def _validators(url: str, response: ClientResponse) -> Validators | None:
    etag = _echoable(response.headers.get("ETag"))
    modified = _echoable(response.headers.get("Last-Modified"))
    return Validators(url, etag, modified) if etag or modified else None


def _echoable(value: str | None) -> str | None:
    """None where it can't be sent as it came: aiohttp decodes what is no UTF-8 to lone surrogates."""
    if not value or len(value) > _LONGEST_VALIDATOR or not value.isprintable():
        return None
    return value


def _encodable(value: str | None) -> str | None:
    return value and value[:_LONGEST_VALIDATOR].encode(errors="replace").decode()


def _redirected(way: _Way, response: ClientResponse) -> _Way | Fault:
    status = response.status
    location = response.headers.get("Location")
    if not location:
        return Fault(FaultKind.REDIRECT, f"the answer was {status}, a redirect, but does not say where to", status)
    try:
        url = place_of_redirect(way.url, location)
    except OddNumber as odd:
        return Fault(FaultKind.ADDRESS, f"it is redirected to a URL that is not followed: {odd}", status)
    except BadUrl as bad:
        return Fault(FaultKind.REDIRECT, f"it is redirected to a URL that is not followed: {bad}", status)
    return replace(way, url=url, for_good=way.for_good and status in _FOR_GOOD)
