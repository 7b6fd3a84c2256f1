from __future__ import annotations

import pytest
from hostile.asking import fetched
from hostile.server import answer, redirect

from worker.model import FaultKind, Validators
from worker.sources.feed import Request

FEED = b"<rss version='2.0'/>"


def chain(server, length, status=302):
    for step in range(length):
        server.plays[f"/{step}"] = redirect(f"/{step + 1}", status)
    server.plays[f"/{length}"] = answer(200, FEED)
    return server.url("/0")


async def test_20_redirects_are_followed(server, fetch):
    answered = await fetch(chain(server, 20))
    assert (answered.body, answered.url) == (FEED, server.url("/20"))


async def test_21_are_a_fault(server, fetch):
    assert (await fetch(chain(server, 21))).kind is FaultKind.REDIRECT


@pytest.mark.parametrize("back", ["/feed", "/b"])
async def test_a_circle_is_a_fault_at_once(server, fetch, back):
    server.plays |= {"/feed": redirect("/b"), "/b": redirect(back)}
    assert (await fetch(server.url())).kind is FaultKind.REDIRECT
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "gopher://127.0.0.1/",
        "data:application/rss+xml,<rss/>",
        "javascript:1",
        "http://[",
        "http://",
    ],
)
async def test_a_redirect_to_what_is_no_http_is_a_fault(server, fetch, location):
    server.plays["/feed"] = redirect(location)
    assert (await fetch(server.url())).kind is FaultKind.REDIRECT


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_to_nowhere_is_a_fault(server, fetch, status):
    server.plays["/feed"] = answer(status)
    fault = await fetch(server.url())
    assert (fault.kind, fault.status) == (FaultKind.REDIRECT, status)


@pytest.mark.parametrize(
    ("statuses", "moved"),
    [
        ([301], True),
        ([308], True),
        ([301, 308], True),
        ([302], False),
        ([303], False),
        ([307], False),
        ([301, 302], False),
        ([302, 301], False),
    ],
)
async def test_a_feed_has_moved_when_every_redirect_is_for_good(server, other, fetch, statuses, moved):
    for step, status in enumerate(statuses):
        server.plays[f"/{step}"] = redirect(f"/{step + 1}" if step + 1 < len(statuses) else other.url(), status)
    other.plays["/feed"] = answer(200, FEED)
    answered = await fetch(server.url("/0"))
    assert answered.moved_to == (other.url() if moved else None)


async def test_a_feed_that_has_moved_is_asked_for_where_it_is(server, other, fetch):
    other.plays["/feed"] = answer(200, FEED)
    answered = await fetch(Request(server.url(), moved=other.url()))
    assert (answered.body, answered.moved_to, server.asked) == (FEED, None, [])


async def test_bytes_in_a_location_that_are_no_utf_8_are_kept(server, fetch):
    server.plays |= {"/feed": redirect(b"/caf\xe9"), "/caf%E9": answer(200, FEED)}
    assert (await fetch(server.url())).body == FEED


async def test_validators_go_to_the_url_that_gave_them_only(server, fetch):
    server.plays |= {"/feed": redirect("/real"), "/real": [answer(200, FEED, 'ETag: "r"'), answer(304)]}
    first = await fetch(server.url())
    assert first.validators == Validators(server.url("/real"), '"r"')
    second = await fetch(Request(server.url(), first.validators))
    assert second.status == 304
    assert ["if-none-match" in asked.headers for asked in server.asked] == [False, False, False, True]


async def test_304_from_a_url_that_got_no_validators_is_a_fault(server, fetch):
    server.plays |= {"/feed": redirect("/real"), "/real": answer(304)}
    fault = await fetch(Request(server.url(), Validators(server.url(), '"f"')))
    assert (fault.kind, fault.status) == (FaultKind.STATUS, 304)


async def test_what_is_secret_goes_to_the_sources_own_host_only(server, other, fetch):
    """Not to where it is redirected, there it's back at the own host; nor to where it has moved."""
    server.plays |= {"/feed": redirect("/here"), "/here": redirect(other.url("/there")), "/back": answer(200, FEED)}
    other.plays |= {"/there": redirect(server.url("/back")), "/moved": answer(200, FEED)}
    secret = Request(server.url(), headers=(("X-Key", "k"),), authorization="Bearer t")
    assert (await fetch(secret)).body == FEED
    assert [asked.headers.get("authorization") for asked in server.asked] == ["Bearer t"] * 3
    assert [asked.headers.get("x-key") for asked in server.asked] == ["k"] * 3
    await fetch(Request(server.url(), moved=other.url("/moved"), headers=(("X-Key", "k"),), authorization="Bearer t"))
    assert [asked.target for asked in other.asked] == ["/there", "/moved"]
    assert not any(asked.headers.keys() & {"authorization", "x-key"} for asked in other.asked)


async def test_userinfo_in_the_url_authorises_there_and_is_shown_nowhere(server, other, fetch):
    server.plays["/feed"] = redirect(other.url())
    other.plays["/feed"] = answer(200, FEED, 'ETag: "o"')
    url = server.url(userinfo="jo:hush@")
    answered = await fetch(url)
    assert server.asked[0].headers["authorization"] == "Basic am86aHVzaA=="
    assert "authorization" not in other.asked[0].headers
    assert "hush" not in repr(answered)
    for status in (302, 401, 410, 500):
        server.plays["/feed"] = answer(status)
        assert "hush" not in repr(await fetch(url))
    for broken in (url.replace("127.0.0.1", "gone.invalid"), url.replace("127.0.0.1", "127.1"), f"{url}:x@:x"):
        assert "hush" not in repr(await fetch(broken))


async def test_userinfo_in_a_redirect_is_not_used(server, other, fetch):
    server.plays["/feed"] = redirect(other.url(userinfo="jo:hush@"))
    other.plays["/feed"] = answer(200, FEED)
    assert (await fetch(server.url())).url == other.url()
    assert "authorization" not in other.asked[0].headers


async def test_cookies_are_not_kept(server, client):
    server.plays["/feed"] = answer(200, FEED, "Set-Cookie: a=b; Path=/")
    async with client() as one:
        for _ in range(2):
            await fetched(one, Request(server.url(host="localhost")))
    assert not any("cookie" in asked.headers for asked in server.asked)


async def test_410_behind_a_temporary_redirect_says_nothing_of_the_feed(server, fetch):
    server.plays |= {"/feed": redirect("/x", 302), "/old": redirect("/x", 301), "/x": answer(410)}
    assert (await fetch(server.url("/feed"))).kind is FaultKind.STATUS
    assert (await fetch(server.url("/old"))).kind is FaultKind.GONE


@pytest.mark.parametrize("header", [("X", "a\r\nEvil: 1"), ("X", "a\0"), ("X\r\n", "a")])
async def test_a_header_that_can_not_be_sent_is_a_fault(server, fetch, header):
    server.plays["/feed"] = answer(200, FEED)
    fault = await fetch(Request(server.url(), headers=(header,)))
    assert fault.kind is FaultKind.ADDRESS
    assert not any("evil" in asked.headers for asked in server.asked)
