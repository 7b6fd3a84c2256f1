from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from hostile.server import answer
from hostile.test_bodies import PACKERS, bomb, endless
from hostile.test_stalls import then_nothing

TESTS = Path(__file__).parents[1]
FEED = b"<rss version='2.0'>" + b"<item/>" * 10_000 + b"</rss>"
MB = 1024 * 1024
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


async def test_good_feeds_are_read_and_memory_is_bounded_while_hostile_ones_are_asked_for(server):
    """Four of each at a time: their bodies would be 700 MB, each within its limit, if nothing bounded them all."""
    server.plays |= {
        "/good": answer(200, FEED),
        "/endless": endless(OK + b"\r\n", bytes(65_536)),
        "/chunks": endless(CHUNKED, b"10000\r\n" + bytes(65_536) + b"\r\n"),
        "/crumbs": endless(CHUNKED, b"1\r\nx\r\n" * 10_000),
        "/headers": endless(OK, b"X: y\r\n" * 1000),
        "/field": endless(OK + b"X: ", bytes([121]) * 65_536),
        "/large": answer(200, bytes(15 * MB)),
        "/silent": then_nothing(b""),
        "/half": then_nothing(OK + b"Content-Length: 900000\r\n\r\n" + bytes(800_000)),
        **{f"/{encoding}": answer(200, bomb(encoding), f"Content-Encoding: {encoding}") for encoding in PACKERS},
    }
    hostile = [server.url(path) for path in server.plays if path not in {"/good", "/silent", "/half"}]
    stalled = [server.url("/silent"), server.url("/half")]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hostile.beside",
        server.url("/good"),
        *stalled,
        *hostile,
        stdout=asyncio.subprocess.PIPE,
        cwd=TESTS,
    )
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    told = json.loads(said)
    assert list(told["answers"]) == [str(len(FEED))], told
    assert told["grown_kb"] < 400 * 1024, told
