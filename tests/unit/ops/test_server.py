"""Health and metrics over HTTP: what is answered, and that no client can harm the worker or keep others out."""

import asyncio
import json

import aiohttp
import pytest
from aiohttp import web

from worker.errors import UsageError
from worker.model import Standing, Totals
from worker.ops import server
from worker.ops.metrics import Readers
from worker.ops.server import serving

HANGS = 20.0
MORE_THAN_BUFFERS = 32 * 1024 * 1024  # bytes, that the kernel holds for a connection


@pytest.fixture
def totals():
    return Totals(settled=True, standing={"shard/0": Standing(waits_for=None)})


@pytest.fixture
async def url(totals):
    async with serving("127.0.0.1", 0, totals, lambda: Readers(0, 0, 0, 0)) as port:
        yield f"http://127.0.0.1:{port}"


async def got(url):
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.text()


async def test_a_worker_that_is_well_says_so(url):
    for path in ("/livez", "/readyz"):
        status, body = await got(url + path)
        assert (status, json.loads(body)) == (200, {"ok": True, "why": []})


async def test_one_that_is_not_ready_says_why(url, totals):
    totals.draining = True
    status, body = await got(url + "/readyz")
    assert (status, json.loads(body)) == (503, {"ok": False, "why": ["it is stopping"]})
    assert (await got(url + "/livez"))[0] == 200


async def test_metrics_are_text(url):
    status, body = await got(url + "/metrics")
    assert status == 200
    assert "news_worker_commits_total 0.0" in body


@pytest.mark.parametrize(
    "sent", [b"GET /livez HTTP/1.1\r\n\r\n", b"GET /" + b"x" * 80_000 + b" HTTP/1.1\r\n\r\n", b"\x16\x03\x01\r\n\r\n"]
)
async def test_what_is_no_http_is_answered_and_not_logged(url, sent, caplog):
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    writer.write(sent)
    assert b" 400 " in await asyncio.wait_for(reader.readline(), HANGS)
    writer.close()
    await writer.wait_closed()
    assert not caplog.records


async def test_anything_else_is_not_found_and_nothing_can_be_posted(url):
    assert (await got(url + "/other"))[0] == 404
    async with aiohttp.ClientSession() as session, session.post(url + "/livez", data=b"x" * 100_000) as response:
        assert response.status == 405


async def test_clients_that_say_nothing_keep_nobody_out(url):
    port = int(url.rpartition(":")[2])
    silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(server._MOST + 20)]
    async with asyncio.timeout(HANGS):
        assert (await got(url + "/livez"))[0] == 200
    for _, writer in silent:
        writer.close()


async def test_a_connection_is_ended_after_its_time(totals, monkeypatch):
    monkeypatch.setattr(server, "_LONGEST_SECONDS", 0.05)
    async with serving("127.0.0.1", 0, totals, lambda: Readers(0, 0, 0, 0)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /livez HTTP/1.1\r\nHost: a\r\nX-Slow: ")
        async with asyncio.timeout(HANGS):
            assert await reader.read() == b""
        writer.close()


async def test_a_connection_is_ended_after_its_time_though_its_client_does_not_read_what_it_asked_for(
    totals, monkeypatch
):
    made = []

    class Noted(web.Server):
        def __init__(self, *args, **named):
            super().__init__(*args, **named)
            made.append(self)

    monkeypatch.setattr(server.web, "Server", Noted)
    monkeypatch.setattr(server, "_LONGEST_SECONDS", 0.2)
    monkeypatch.setattr(server.Metrics, "text", lambda _: b"x" * MORE_THAN_BUFFERS)
    async with serving("127.0.0.1", 0, totals, lambda: Readers(0, 0, 0, 0)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
        async with asyncio.timeout(HANGS):
            await reader.readuntil(b"\r\n")
            while made[0].connections:  # noqa: ASYNC110 (it tells nobody)
                await asyncio.sleep(0.01)
        writer.close()


async def test_headers_without_end_are_refused(url):
    port = int(url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /livez HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(20_000)))
    async with asyncio.timeout(HANGS):
        assert b" 400 " in await reader.read()
    writer.close()


async def test_an_address_that_is_taken_is_a_usage_error(url, totals):
    port = int(url.rpartition(":")[2])
    with pytest.raises(UsageError, match="can't be listened on"):
        async with serving("127.0.0.1", port, totals, lambda: Readers(0, 0, 0, 0)):
            pass
