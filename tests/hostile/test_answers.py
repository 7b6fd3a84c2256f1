from __future__ import annotations

import pytest
from hostile.asking import fetched
from hostile.server import answer

from worker.model import Fault, FaultKind, Validators
from worker.sources.feed import Request

FEED = b"<rss version='2.0'/>"


async def test_a_document_comes_with_what_to_ask_again_by(server, fetch):
    etag, modified = '"v1"', "Tue, 10 Jan 2023 10:00:00 GMT"
    server.plays["/feed"] = answer(200, FEED, f"ETag: {etag}", f"Last-Modified: {modified}", "Content-Type: text/xml")
    got = await fetch(server.url())
    assert (got.status, got.url, got.body, got.content_type) == (200, server.url(), FEED, "text/xml")
    assert got.validators == Validators(server.url(), etag, modified)
    assert got.moved_to is None


@pytest.mark.parametrize("says", ["Cache-Control: max-age=315360000", "Expires: Thu, 31 Dec 2037 23:55:55 GMT"])
async def test_ten_years_of_freshness_delay_no_poll_as_nothing_of_them_goes_any_further(server, fetch, says):
    server.plays["/feed"] = [answer(200, FEED, says), answer(200, FEED)]
    assert await fetch(server.url()) == await fetch(server.url())


@pytest.mark.parametrize("etag", ['"a"', 'W/"b"', "no quotes at all", '"ü"', '"c", "d"', '"-gzip--gzip"'])
async def test_validators_are_echoed_as_they_came(server, fetch, etag):
    modified = "yesterday, about noon"
    server.plays["/feed"] = [answer(200, FEED, f"ETag: {etag}", f"Last-Modified: {modified}"), answer(304)]
    first = await fetch(server.url())
    second = await fetch(Request(server.url(), first.validators))
    assert (second.status, second.body, second.validators) == (304, None, first.validators)
    assert server.asked[1].headers["if-none-match"] == etag
    assert server.asked[1].headers["if-modified-since"] == modified


@pytest.mark.parametrize("etag", [b'"\xe9"', b'"' + b"e" * 2000 + b'"'])
async def test_a_validator_that_cannot_be_echoed_or_is_huge_is_not_remembered(server, fetch, etag):
    server.plays["/feed"] = answer(200, FEED, b"ETag: " + etag)
    assert (await fetch(server.url())).validators is None


async def test_304_to_a_request_without_validators_is_a_fault(server, fetch):
    server.plays["/feed"] = answer(304)
    fault = await fetch(server.url())
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.status) == (FaultKind.STATUS, 304)


async def test_410_is_gone(server, fetch):
    server.plays["/feed"] = answer(410)
    assert (await fetch(server.url())).kind is FaultKind.GONE


@pytest.mark.parametrize("status", [204, 206, 300, 400, 401, 403, 404, 418, 500, 502, 599])
async def test_any_other_status_is_a_fault_that_names_it(server, fetch, status):
    server.plays["/feed"] = answer(status)
    fault = await fetch(server.url())
    assert (fault.kind, fault.status) == (FaultKind.STATUS, status)
    assert str(status) in fault.message


async def test_who_asks_says_who_it_is_and_where_to_complain(server, fetch):
    server.plays["/feed"] = answer(200, FEED)
    await fetch(server.url(), contact="mailto:desk@example.org")
    assert server.asked[0].headers["user-agent"].startswith("news-worker/")
    assert server.asked[0].headers["user-agent"].endswith(" (+mailto:desk@example.org)")


async def test_a_connection_is_used_again(server, client):
    server.plays["/feed"] = answer(200, FEED, 'ETag: "a"')
    server.plays["/same"] = answer(304)
    async with client() as one:
        for _ in range(3):
            got = await fetched(one, Request(server.url()))
            await fetched(one, Request(server.url("/same"), Validators(server.url("/same"), got.validators.etag)))
    assert (len(server.asked), server.connections) == (6, 1)


async def test_the_environments_proxy_is_not_used(server, fetch, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.3:1")
    server.plays["/feed"] = answer(200, FEED)
    assert (await fetch(server.url())).body == FEED
