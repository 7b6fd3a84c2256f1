from __future__ import annotations

import asyncio
import contextlib
import ssl
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from hostile.asking import fetched
from hostile.server import answer, redirect, serving

from worker.model import FaultKind
from worker.sources.feed import Request

FEED = b"<rss version='2.0'/>"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def ca_file(authority, tmp_path):
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return tmp_path / "ca.pem"


@contextlib.asynccontextmanager
async def secured(certificate, host="127.0.0.1"):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    async with serving(host, context) as server:
        server.plays["/feed"] = answer(200, FEED)
        yield server


async def test_a_certificate_of_the_sources_own_authority_is_believed(authority, ca_file, client):
    async with secured(authority.issue_cert("127.0.0.1", "localhost")) as server, client() as one:
        for host in ("127.0.0.1", "localhost", "localhost"):
            assert (await fetched(one, Request(server.url(host=host), ca_file=ca_file))).body == FEED
        assert server.connections == 2


async def test_a_certificate_of_nobody_known_is_not_and_what_to_do_is_said(authority, fetch):
    async with secured(authority.issue_cert("127.0.0.1")) as server:
        fault = await fetch(server.url())
        assert (fault.kind, "ca_file" in fault.message) == (FaultKind.TLS, True)
        assert server.asked == []


async def test_a_self_signed_certificate_is_believed_when_it_is_the_ca_file(tmp_path, fetch):
    own = trustme.CA()
    own.cert_pem.write_to_path(tmp_path / "own.pem")
    async with secured(own.issue_cert("127.0.0.1")) as server:
        assert (await fetch(server.url())).kind is FaultKind.TLS
        assert (await fetch(Request(server.url(), ca_file=tmp_path / "own.pem"))).body == FEED


@pytest.mark.parametrize(
    ("names", "until", "said"),
    [
        (["127.0.0.1"], LONG_AGO, "expired"),
        (["127.0.0.2"], None, "another name"),
        (["feeds.example"], None, "another name"),
    ],
)
async def test_a_certificate_that_is_expired_or_another_hosts_is_not_believed(
    authority, ca_file, fetch, names, until, said
):
    dates = {"not_before": until - timedelta(days=1), "not_after": until} if until else {}
    async with secured(authority.issue_cert(*names, **dates)) as server:
        fault = await fetch(Request(server.url(), ca_file=ca_file))
        assert (fault.kind, said in fault.message) == (FaultKind.TLS, True), fault
        assert server.asked == []


async def test_the_ca_file_of_one_source_says_nothing_of_another(authority, ca_file, client):
    """Not even over a connection that is open already."""
    async with secured(authority.issue_cert("127.0.0.1")) as server, client() as one:
        assert (await fetched(one, Request(server.url(), ca_file=ca_file))).body == FEED
        assert (await fetched(one, Request(server.url()))).kind is FaultKind.TLS


async def test_a_redirect_from_http_to_https_keeps_both_checks(authority, ca_file, server, fetch):
    async with secured(authority.issue_cert("127.0.0.1")) as safe:
        server.plays["/feed"] = redirect(safe.url())
        assert (await fetch(server.url())).kind is FaultKind.TLS
        assert (await fetch(Request(server.url(), ca_file=ca_file))).body == FEED


async def test_https_from_a_server_that_speaks_http_is_a_fault(fetch):
    async def say_http(reader, writer):
        writer.write(answer(400))
        writer.close()

    async with await asyncio.start_server(say_http, "127.0.0.1", 0) as plain:
        port = plain.sockets[0].getsockname()[1]
        assert (await fetch(f"https://127.0.0.1:{port}/")).kind is FaultKind.TLS


async def test_http_to_a_server_that_speaks_https_is_a_fault(authority, fetch):
    async with secured(authority.issue_cert("127.0.0.1")) as server:
        assert (await fetch(server.url().replace("https:", "http:"))).kind is FaultKind.PROTOCOL


@pytest.mark.parametrize("content", [None, b"", b"no PEM", "a folder"])
async def test_a_ca_file_that_can_not_be_read_is_said(tmp_path, fetch, content):
    file = tmp_path / "ca.pem"
    if content == "a folder":
        file.mkdir()
    elif content is not None:
        file.write_bytes(content)
    fault = await fetch(Request("https://127.0.0.1:1/", ca_file=file))
    assert (fault.kind, "ca.pem" in fault.message) == (FaultKind.UNCONFIGURED, True)


async def test_a_ca_file_that_was_changed_is_read_anew(authority, ca_file, client):
    async with secured(authority.issue_cert("127.0.0.1")) as server, client() as one:
        pem = ca_file.read_bytes()
        trustme.CA().cert_pem.write_to_path(ca_file)
        assert (await fetched(one, Request(server.url(), ca_file=ca_file))).kind is FaultKind.TLS
        ca_file.write_bytes(pem + b"\n")
        assert (await fetched(one, Request(server.url(), ca_file=ca_file))).body == FEED
