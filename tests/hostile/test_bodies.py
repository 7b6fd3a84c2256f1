from __future__ import annotations

import asyncio
import gzip
import random
import zlib
from contextlib import AsyncExitStack

import brotli
import pytest
import zstandard
from hostile.asking import fetched
from hostile.server import answer

from worker.model import FaultKind
from worker.sources.feed import Request
from worker.sources.feed.body import _LARGE_AT_ONCE

FEED = b"<rss version='2.0'>" + b"<item/>" * 1000 + b"</rss>"
MB = 1024 * 1024
PACKERS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


def endless(head, part):
    async def play(asked, reader, writer):
        writer.write(head)
        while True:
            writer.write(part)
            await writer.drain()

    return play


@pytest.mark.parametrize("encoding", PACKERS)
async def test_a_packed_body_is_unpacked(server, fetch, encoding):
    server.plays["/feed"] = answer(200, PACKERS[encoding](FEED), f"Content-Encoding: {encoding}")
    assert (await fetch(server.url())).body == FEED
    assert encoding in server.asked[0].headers["accept-encoding"]


@pytest.mark.parametrize("encoding", PACKERS)
async def test_a_large_packed_body_is_unpacked_too(server, fetch, encoding):
    body = FEED * 600
    server.plays["/feed"] = answer(200, PACKERS[encoding](body), f"Content-Encoding: {encoding}")
    assert (await fetch(server.url())).body == body


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
async def test_a_body_that_is_large_even_when_packed_is_unpacked_too(server, fetch, encoding):
    body = random.Random(1).randbytes(2 * MB)
    server.plays["/feed"] = answer(200, PACKERS[encoding](body), f"Content-Encoding: {encoding}")
    assert (await fetch(server.url())).body == body


def bomb(encoding):
    """About a megabyte at most that would be a gigabyte."""
    megabyte = bytes(MB)
    if encoding in {"gzip", "deflate"}:
        packer = zlib.compressobj(9, wbits=31 if encoding == "gzip" else 15)
        return (
            packer.compress(megabyte)
            + packer.flush(zlib.Z_FULL_FLUSH)
            + (packer.compress(megabyte) + packer.flush(zlib.Z_FULL_FLUSH)) * 1023
        )
    if encoding == "br":
        stream = brotli.Compressor(quality=1)
        return b"".join(stream.process(megabyte) for _ in range(1024)) + stream.finish()
    frames = zstandard.ZstdCompressor().compressobj()
    return b"".join(frames.compress(megabyte) for _ in range(1024)) + frames.flush()


@pytest.mark.parametrize("encoding", PACKERS)
async def test_a_bomb_is_too_large(server, fetch, encoding):
    packed = bomb(encoding)
    assert len(packed) < 2 * MB
    server.plays["/feed"] = answer(200, packed, f"Content-Encoding: {encoding}")
    assert (await fetch(server.url())).kind is FaultKind.TOO_LARGE


async def test_a_body_over_the_cap_is_not_even_begun_when_it_says_so(server, fetch):
    server.plays["/feed"] = endless(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n", b"x" * 65536)
    assert (await fetch(server.url())).kind is FaultKind.TOO_LARGE


@pytest.mark.parametrize(
    ("head", "part"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65536 + b"\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", gzip.compress(b"x" * 100) * 1000),
    ],
)
async def test_a_body_without_end_is_too_large(server, fetch, head, part):
    server.plays["/feed"] = endless(head, part)
    assert (await fetch(server.url(), body_bytes=4 * MB)).kind is FaultKind.TOO_LARGE


@pytest.mark.parametrize("size", [0, 1, -1])
async def test_the_cap_is_exact(server, fetch, size):
    body = b"x" * (2 * MB + size)
    for coded in (body, gzip.compress(body)):
        server.plays["/feed"] = answer(200, coded, *(["Content-Encoding: gzip"] if coded is not body else []))
        got = await fetch(server.url(), body_bytes=2 * MB)
        assert (got.kind is FaultKind.TOO_LARGE) if size > 0 else got.body == body


@pytest.mark.parametrize("encoding", PACKERS)
async def test_a_content_encoding_that_lies_is_a_fault(server, fetch, encoding):
    server.plays["/feed"] = answer(200, FEED, f"Content-Encoding: {encoding}")
    assert (await fetch(server.url())).kind is FaultKind.ENCODING


@pytest.mark.parametrize("encoding", ["rot13", "gzip, gzip", "compress", "\x1b[31m"[1:], "aes128gcm"])
async def test_a_content_encoding_that_was_not_asked_for_is_a_fault(server, fetch, encoding):
    server.plays["/feed"] = answer(200, gzip.compress(gzip.compress(FEED)), f"Content-Encoding: {encoding}")
    assert (await fetch(server.url())).kind is FaultKind.ENCODING


@pytest.mark.parametrize("encoding", PACKERS)
async def test_a_packed_body_that_breaks_off_is_a_fault(server, fetch, encoding):
    server.plays["/feed"] = answer(200, PACKERS[encoding](FEED)[:-5], f"Content-Encoding: {encoding}")
    assert (await fetch(server.url())).kind is FaultKind.ENCODING


@pytest.mark.parametrize("header", [[], ["Content-Encoding: gzip"], ["Content-Encoding: identity"]])
async def test_an_empty_body_is_an_empty_document(server, fetch, header):
    """That it is no feed is for the reader to say, as of an error page or a login page."""
    server.plays["/feed"] = answer(200, b"", *header)
    assert (await fetch(server.url())).body == b""


async def test_a_body_shorter_than_it_says_is_a_fault(server, fetch):
    async def play(asked, reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<rss/>")

    server.plays["/feed"] = play
    assert (await fetch(server.url())).kind is FaultKind.PROTOCOL


async def test_a_body_longer_than_it_says_spoils_no_later_answer(server, client):
    server.plays["/feed"] = (
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<rss/>HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    )
    server.plays["/next"] = answer(200, FEED)
    async with client() as one:
        first = await fetched(one, Request(server.url()))
        assert getattr(first, "body", b"<rss/>") == b"<rss/>"
        assert (await fetched(one, Request(server.url("/next")))).body == FEED


@pytest.mark.parametrize(
    "lines",
    [
        "Content-Length: 6\r\nContent-Length: 7",
        "Content-Length: -1",
        "Content-Length: six",
        "Content-Length: 6\r\nTransfer-Encoding: chunked",
        "Content-Length: 99999999999999999999999999",
    ],
)
async def test_lengths_that_contradict_each_other_or_are_none_end_in_a_fault(server, fetch, lines):
    async def play(asked, reader, writer):
        writer.write(f"HTTP/1.1 200 OK\r\n{lines}\r\n\r\n<rss/>".encode())

    server.plays["/feed"] = play
    got = await fetch(server.url())
    assert getattr(got, "kind", None) in {FaultKind.PROTOCOL, FaultKind.TOO_LARGE}, got


@pytest.mark.parametrize(
    "chunks",
    [
        b"zz\r\n<rss/>\r\n0\r\n\r\n",
        b"6\r\n<rss/>0\r\n\r\n",
        b"6\r\n<rss/>",
        b"fffffffffffffffff\r\n<rss/>",
        b"-6\r\n<rss/>\r\n",
    ],
)
async def test_chunks_that_are_none_end_in_a_fault(server, fetch, chunks):
    async def play(asked, reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)

    server.plays["/feed"] = play
    assert (await fetch(server.url())).kind is FaultKind.PROTOCOL


async def test_a_body_in_crumbs_is_left(server, fetch):
    server.plays["/feed"] = endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 1000)
    assert (await fetch(server.url())).kind is FaultKind.PROTOCOL


async def test_a_body_in_small_chunks_is_whole(server, fetch):
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in FEED[:4000]) + b"0\r\n\r\n"
    server.plays["/feed"] = answer(200, chunks, "Transfer-Encoding: chunked", length=False)
    assert (await fetch(server.url())).body == FEED[:4000]


async def test_a_body_that_ends_with_its_connection_is_whole(server, fetch):
    async def play(asked, reader, writer):
        writer.write(b"HTTP/1.0 200 OK\r\n\r\n" + FEED)

    server.plays["/feed"] = play
    assert (await fetch(server.url())).body == FEED


async def test_large_bodies_hold_their_room_until_their_readers_have_done_with_them(server, client):
    server.plays["/large"] = answer(200, b"<rss>" + b" " * (2 * 1024 * 1024) + b"</rss>")
    server.plays["/small"] = answer(200, FEED)
    async with client() as one, AsyncExitStack() as rooms:
        held = [await rooms.enter_async_context(AsyncExitStack()) for _ in range(_LARGE_AT_ONCE)]
        for room in held:
            await one.fetch(Request(server.url("/large")), room)
        waiting = asyncio.create_task(fetched(one, Request(server.url("/large"))))
        assert (await fetched(one, Request(server.url("/small")))).body == FEED
        assert not waiting.done()
        await held[0].aclose()
        assert len((await waiting).body) > 2 * 1024 * 1024
