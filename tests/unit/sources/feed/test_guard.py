from __future__ import annotations

import socket
from ipaddress import ip_address, ip_network

import pytest

from worker.sources.feed.guard import Refused, guarded, may_connect

CLOSED = """
    0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.254 168.63.129.16
    169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.19.255.255
    198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
    :: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::127.0.0.1 ::7f00:1 ::8.8.8.8 64:ff9b::7f00:1 64:ff9b::808:808
    64:ff9b:1::1 100::1 fe80::1 fe80::1%eth0 febf::1 fc00::1 fd00:ec2::254 fec0::1 ff02::1 ff0e::1
    2001::1 2001:2::1 2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1:: 2002:808:808:: 3fff::1 4000::1 5f00::1
    ::ffff:0:127.0.0.1 1::1
""".split()
OPEN = """
    1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 168.63.129.15 168.63.129.17
    169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.0.3.0 192.167.255.255 192.169.0.0
    198.17.255.255 198.20.0.0 223.255.255.255 ::ffff:8.8.8.8
    2001:4860:4860::8888 2606:4700::1111 2a00:1450::1 2001:200::1 3ffe::1
""".split()


@pytest.mark.parametrize("address", CLOSED)
def test_what_is_not_public_is_refused(address):
    assert not may_connect(ip_address(address), ())


@pytest.mark.parametrize("address", OPEN)
def test_what_is_public_is_not(address):
    assert may_connect(ip_address(address), ())


@pytest.mark.parametrize(
    ("allowed", "opened", "still_closed"),
    [
        ("127.0.0.0/8", ["127.0.0.1", "127.9.9.9", "::ffff:127.0.0.1"], ["10.0.0.1", "::1", "::127.0.0.1"]),
        ("10.1.0.0/16", ["10.1.2.3"], ["10.2.0.1", "2002:a01:203::"]),
        ("::1/128", ["::1"], ["::", "127.0.0.1", "::127.0.0.1"]),
        ("fd00::/8", ["fd12::1"], ["fc00::1", "fe80::1"]),
        ("64:ff9b::/96", ["64:ff9b::808:808"], ["64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe"]),
        ("2002::/16", ["2002:808:808::1"], ["2002:7f00:1::1"]),
        ("2001::/32", ["2001:0:4136:e378:8000:63bf:f7f7:f7f7"], ["2001:0:4136:e378:8000:63bf:80ff:fffe"]),
        ("0.0.0.0/0", ["127.0.0.1", "255.255.255.255"], ["::1"]),
        ("::/0", ["::1", "fe80::1", "64:ff9b::808:808"], ["127.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"]),
    ],
)
def test_a_network_is_opened_by_itself_and_nothing_behind_it_is(allowed, opened, still_closed):
    networks = (ip_network(allowed),)
    assert [a for a in opened if not may_connect(ip_address(a), networks)] == []
    assert [a for a in still_closed if may_connect(ip_address(a), networks)] == []


def test_the_socket_of_a_refused_address_is_never_made():
    make = guarded((ip_network("127.0.0.0/30"),))
    make((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 80))).close()
    for place in (("127.0.0.4", 80), ("::1", 80, 0, 0), ("localhost", 80), ("", 80)):
        with pytest.raises(Refused):
            make((socket.AF_INET, socket.SOCK_STREAM, 0, "", place))
