from __future__ import annotations

import socket
import threading
from ipaddress import ip_network

import pytest
from hostile.asking import fetched
from hostile.server import answer, redirect

from worker.model import Fault, FaultKind
from worker.sources.feed import Client, ClientOptions, Request
from worker.sources.feed.guard import _CLOSED_4

FEED = b"<rss version='2.0'/>"
FIRST = (ip_network("127.0.0.1/32"),)


@pytest.fixture
def names(monkeypatch):
    """What names mean, each time they are looked up: a list of addresses for each time, the last one for good."""
    given: dict[str, list[list[str]]] = {}
    real = socket.getaddrinfo

    def getaddrinfo(host, port, *rest, **named):
        if host not in given:
            return real(host, port, *rest, **named)
        answers = given[host]
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (one, port, 0, 0))
            if ":" in one
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port))
            for one in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return given


@pytest.mark.parametrize(
    "host",
    """
    127.0.0.1 127.1 2130706433 0x7f000001 0177.0.0.1 0 0.0.0.0 [::1] [::] [::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1]
    127。0。0。1 １２７.０.０.１ ①②⑦.0.0.1 127%2e0%2e0%2e1 127.0.0.1. localhost LOCALHOST [::ffff:0:127.0.0.1]
    """.split(),
)
async def test_no_spelling_of_this_machine_is_connected_to(server, host):
    server.plays["/feed"] = answer(200, FEED)
    async with Client(ClientOptions(total_s=20)) as client:
        fault = await fetched(client, Request(server.url(host=host)))
    assert isinstance(fault, Fault)
    assert fault.kind is FaultKind.ADDRESS
    assert server.connections == 0


@pytest.mark.parametrize(
    "host",
    [
        *(str(net[1] if net.prefixlen < 32 else net[0]) for net in _CLOSED_4),
        *("255.255.255.255", "169.254.169.254", "100.100.100.200"),
        *(
            "[fe80::1]",
            "[fe80::1%25lo]",
            "[fc00::1]",
            "[fd00:ec2::254]",
            "[fec0::1]",
            "[64:ff9b::7f00:1]",
            "[64:ff9b::a00:1]",
        ),
        *("[2002:7f00:1::]", "[2001:0:4136:e378:8000:63bf:3fff:fdd2]", "[ff02::1]", "[2001:db8::1]", "[100::1]"),
    ],
)
async def test_no_network_that_is_not_public_is_connected_to(host, monkeypatch):
    monkeypatch.setattr(socket, "socket", None)  # none is made
    async with Client(ClientOptions(total_s=20)) as client:
        fault = await fetched(client, Request(f"http://{host}/feed"))
    assert fault.kind is FaultKind.ADDRESS
    assert "--allow-net" in fault.message


async def test_a_name_is_judged_by_its_address_and_the_fault_says_both(server, names):
    names["feeds.example"] = [["127.0.0.1"]]
    async with Client(ClientOptions()) as client:
        fault = await fetched(client, Request(server.url(host="feeds.example")))
    assert fault.kind is FaultKind.ADDRESS
    assert "feeds.example is 127.0.0.1" in fault.message


@pytest.mark.parametrize("addresses", [["127.0.0.2", "127.0.0.1"], ["127.0.0.1", "127.0.0.2"], ["::1", "127.0.0.1"]])
async def test_of_a_name_with_an_open_and_a_closed_address_only_the_open_one_is_connected_to(
    server, names, fetch, addresses
):
    server.plays["/feed"] = answer(200, FEED)
    names["both.example"] = [addresses]
    answered = await fetch(server.url(host="both.example"), allowed=FIRST)
    assert answered.body == FEED


async def test_a_name_with_none_but_closed_addresses_is_refused_as_such(server, names, fetch):
    names["closed.example"] = [["10.0.0.1", "::1", "192.168.0.1", "fe80::1"]]
    assert (await fetch(server.url(host="closed.example"), allowed=FIRST)).kind is FaultKind.ADDRESS


async def test_a_name_that_changes_between_two_uses_is_judged_at_each_connection(server, other, names, fetch):
    """Rebinding: what a name meant a moment ago opens nothing, as the socket is made for what was checked."""
    names["changes.example"] = [["127.0.0.1"], ["127.0.0.2"]]
    server.plays["/feed"] = answer(302, b"", f"Location: {other.url(host='changes.example')}", "Connection: close")
    fault = await fetch(server.url(host="changes.example"), allowed=FIRST)
    assert fault.kind is FaultKind.ADDRESS
    assert (server.connections, other.connections) == (1, 0)


@pytest.mark.parametrize("target", ["127.0.0.2", "0x7f000002", "[::ffff:127.0.0.2]", "closed.example"])
async def test_a_redirect_from_an_open_address_to_a_closed_one_is_not_followed(server, other, names, fetch, target):
    names["closed.example"] = [["127.0.0.2"]]
    server.plays["/feed"] = redirect(other.url(host=target))
    fault = await fetch(server.url(), allowed=FIRST)
    assert fault.kind is FaultKind.ADDRESS
    assert (server.connections, other.connections) == (1, 0)


async def test_a_name_without_an_address_is_a_fault_of_names(names, fetch):
    names["gone.example"] = [[]]
    fault = await fetch("http://gone.example/feed")
    assert (fault.kind, "gone.example" in fault.message) == (FaultKind.DNS, True)


async def test_a_name_that_never_resolves_costs_its_own_time_only(server, names, client, monkeypatch):
    never = threading.Event()
    faked = socket.getaddrinfo

    def stuck(host, *rest, **named):
        if host == "stuck.example":
            never.wait()
        return faked(host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", stuck)
    server.plays["/feed"] = answer(200, FEED)
    try:
        async with client(total_s=0.3) as one:
            fault = await fetched(one, Request("http://stuck.example/feed"))
            assert fault.kind is FaultKind.TIMEOUT
            assert (await fetched(one, Request(server.url(host="localhost")))).body == FEED
    finally:
        never.set()


@pytest.mark.parametrize("host", ["приме\u0440.example", "xn--e1afmkfd.example", "ПРИМЕР.example"])
async def test_a_host_in_another_script_is_asked_by_its_ascii_name(server, names, fetch, host):
    names["xn--e1afmkfd.example"] = [["127.0.0.1"]]
    server.plays["/feed"] = answer(200, FEED)
    assert (await fetch(server.url(host=host))).body == FEED
    assert server.asked[0].headers["host"] == f"xn--e1afmkfd.example:{server.port}"


@pytest.mark.parametrize(
    "host", ["a..b", "." * 3, "x" * 70 + ".example", "x." * 200 + "example", "xn--\u00fc.example", "-"]
)
async def test_a_host_that_can_be_no_name_is_a_fault(fetch, host):
    assert (await fetch(f"http://{host}/feed")).kind in {FaultKind.ADDRESS, FaultKind.DNS}


async def test_through_a_proxy_the_guard_rests_with_it(server):
    """The proxy itself is on a closed network here, and what it is asked for as well."""
    target = "http://10.0.0.1/feed"
    server.plays[target] = answer(200, FEED)
    async with Client(ClientOptions(proxy=server.url("", userinfo="jo:pw@"))) as client:
        assert (await fetched(client, Request(target))).body == FEED
    assert server.asked[0].headers["proxy-authorization"] == "Basic am86cHc="


async def test_a_proxy_that_is_not_there_is_said(fetch):
    fault = await fetch("http://example.com/feed", proxy="http://127.0.0.1:1")
    assert (fault.kind, "proxy" in fault.message) == (FaultKind.CONNECT, True)


async def test_a_proxy_that_refuses_is_said(server, fetch):
    server.plays["example.com:443"] = answer(407)
    fault = await fetch("https://example.com/feed", proxy=server.url(""))
    assert (fault.kind, "407" in fault.message) == (FaultKind.CONNECT, True)
