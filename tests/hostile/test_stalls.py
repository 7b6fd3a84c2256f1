from __future__ import annotations

import asyncio
import random

import pytest
from hostile.asking import fetched
from hostile.server import answer

from worker.model import FaultKind
from worker.sources.feed import Request

FEED = b"<rss version='2.0'/>"
OK = b"HTTP/1.1 200 OK\r\n"


def then_nothing(start):
    async def play(asked, reader, writer):
        writer.write(start)
        await reader.read()  # until the client goes away

    return play


def drip(start, drop):
    async def play(asked, reader, writer):
        writer.write(start)
        gone = asyncio.ensure_future(reader.read())
        while not gone.done():
            writer.write(drop)
            await asyncio.wait([gone], timeout=0.02)

    return play


@pytest.mark.parametrize(
    "play",
    [
        then_nothing(b""),
        then_nothing(b"HTTP/1.1 200"),
        then_nothing(OK + b"Content-Length: 100\r\n\r\n"),
        then_nothing(OK + b"Content-Length: 100\r\n\r\n<rss>"),
        then_nothing(OK + b"Transfer-Encoding: chunked\r\n\r\n6\r\n<rss/>\r\n"),
        then_nothing(OK + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b"),
        drip(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        drip(OK + b"Content-Length: 1000000\r\n\r\n", b"x"),
        drip(OK, b"X: y\r\n"),
        drip(OK + b"X: ", b"y"),
        drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        drip(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"),
    ],
    ids=[
        *("silence", "half a line", "no body", "half a body", "no last chunk", "half a packed body"),
        *(
            "chunks for ever",
            "bytes for ever",
            "headers for ever",
            "a header for ever",
            "continue for ever",
            "trailers for ever",
        ),
    ],
)
async def test_who_does_not_come_to_an_end_is_left_at_the_deadline(server, fetch, play):
    server.plays["/feed"] = play
    fault = await fetch(server.url(), total_s=0.4)
    assert fault.kind is FaultKind.TIMEOUT
    assert "0.4 seconds" in fault.message


async def test_a_redirect_begins_no_new_deadline(server, fetch):
    async def slowly(asked, reader, writer):
        await asyncio.sleep(0.1)
        writer.write(answer(302, b"", f"Location: {asked.target}x", "Connection: close"))

    server.plays |= {"/" + "x" * step: slowly for step in range(19)}
    assert (await fetch(server.url("/"), total_s=0.5)).kind is FaultKind.TIMEOUT
    assert len(server.asked) < 10


def flood(part, times):
    async def play(asked, reader, writer):
        writer.write(OK)
        for _ in range(times):
            writer.write(part)
            await writer.drain()
        writer.write(b"\r\n")
        await reader.read()

    return play


@pytest.mark.parametrize(
    "play",
    [
        flood(b"X: y\r\n" * 100, 1000),
        flood(b"X: " + b"y" * 60_000 + b"\r\n", 10_000),
        flood(b"y" * 65_536, 10_000),
        flood(b" folded\r\n", 100_000),
    ],
    ids=["many", "large", "one name without end", "one line after another of one"],
)
async def test_a_flood_of_headers_is_a_fault(server, fetch, play):
    server.plays["/feed"] = play
    assert (await fetch(server.url())).kind is FaultKind.PROTOCOL


async def test_headers_as_large_as_honest_servers_send_are_taken(server, fetch):
    policy = "Content-Security-Policy: " + "https://a.example " * 700  # 12 kB
    server.plays["/feed"] = answer(200, FEED, policy, *(f"X-{n}: {n}" for n in range(80)))
    assert (await fetch(server.url())).body == FEED


@pytest.mark.parametrize(
    "garbage",
    [
        b"SSH-2.0-OpenSSH_9.0\r\n",
        b"<rss/>",
        b"\x16\x03\x01\x02\x00",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"\0" * 100,
        b"220 ftp\r\n",
    ],
)
async def test_what_is_no_http_is_a_fault(server, fetch, garbage):
    async def play(asked, reader, writer):
        writer.write(garbage)

    server.plays["/feed"] = play
    assert (await fetch(server.url())).kind is FaultKind.PROTOCOL


@pytest.mark.parametrize("abort", [True, False])
async def test_who_hangs_up_without_an_answer_is_a_fault(server, fetch, abort):
    async def play(asked, reader, writer):
        if abort:
            writer.transport.abort()

    server.plays["/feed"] = play
    assert (await fetch(server.url())).kind in {FaultKind.PROTOCOL, FaultKind.CONNECT}


async def test_a_kept_connection_that_was_closed_meanwhile_costs_nothing(server, client):
    async def once(asked, reader, writer):
        writer.write(answer(200, FEED))

    server.plays["/feed"] = once
    async with client() as one:
        for _ in range(5):
            assert (await fetched(one, Request(server.url()))).body == FEED


async def test_garbage_of_any_kind_raises_nothing(server, client):
    """A thousand answers, each an honest one with some of its bytes changed."""
    honest = answer(
        200, b"6\r\n<rss/>\r\n0\r\n\r\n", "Transfer-Encoding: chunked", "ETag: x", "Expires: 0", length=False
    )
    chance = random.Random(12)

    async def play(asked, reader, writer):
        bent = bytearray(honest)
        for _ in range(chance.randint(1, 6)):
            bent[chance.randrange(len(bent))] = chance.choice(b"\0\r\n :;0159afZ\xff\xe9-,")
        writer.write(bytes(bent))

    server.plays["/feed"] = play
    async with client() as one:
        for _ in range(1000):
            await fetched(one, Request(server.url()))


async def test_a_cancelled_request_is_cancelled(server, client):
    begun = asyncio.Event()

    async def play(asked, reader, writer):
        begun.set()
        await reader.read()

    server.plays["/feed"] = play
    async with client() as one:
        asking = asyncio.create_task(fetched(one, Request(server.url())))
        await begun.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking


async def test_a_port_where_nobody_listens_is_a_fault(fetch):
    fault = await fetch("http://127.0.0.1:1/")
    assert (fault.kind, "refused" in fault.message) == (FaultKind.CONNECT, True)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("asks", "seconds"),
    [
        (["Retry-After: 120"], 120.0),
        (["Retry-After: Tue, 10 Jan 2023 12:01:00 GMT", "Date: Tue, 10 Jan 2023 12:00:00 GMT"], 60.0),
        (["Retry-After: Tue, 10 Jan 2023 11:00:00 GMT", "Date: Tue, 10 Jan 2023 12:00:00 GMT"], 0.0),
        (["Retry-After: 31557600000000"], 31_557_600_000_000.0),
        ([], None),
    ],
)
async def test_who_asks_to_be_left_alone_is_heard(server, fetch, status, asks, seconds):
    server.plays["/feed"] = answer(status, b"", *asks)
    fault = await fetch(server.url())
    assert (fault.kind, fault.status, fault.retry_after_s) == (FaultKind.THROTTLED, status, seconds)
