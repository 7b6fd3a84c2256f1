"""Which addresses may be connected to: checked as a socket is made, on the very address that it then connects to.

Own lists, as Python 3.11's `is_global` holds NAT64, 6to4, site-local and multicast addresses for public ones. They follow IANA's
registries of special-purpose addresses; of IPv6 only 2000::/3 is given out to the public.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_CLOSED_4 = [
    IPv4Network(net)
    for net in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers' NAT; Alibaba's metadata service
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's host, though public by number
        "169.254.0.0/16",  # link-local; the metadata services of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved; broadcast
    )
]
_OPEN_6 = IPv6Network("2000::/3")
_CLOSED_6 = [
    IPv6Network(net)
    for net in (
        "2001::/23",  # protocol assignments; Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
    )
]
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052
_COMPATIBLE = IPv6Network("::/96")  # RFC 4291, section 2.5.5.1; deprecated
_LOW_32 = 0xFFFFFFFF
_UNSPECIFIED_AND_LOOPBACK = 1  # :: and ::1 are in ::/96, but are no IPv4 addresses


class Refused(OSError):
    """The address may not be connected to. An OSError, so that a name's other addresses are tried.

    All of them have one text: else several become one that is no Refused any more.
    """

    def __init__(self, address: str) -> None:
        super().__init__("not a public address")
        self.address = address


def may_connect(address: Address, allowed: Sequence[Network]) -> bool:
    """Whether it is public, or in one of the allowed networks.

    What leads to an IPv4 address is judged by that one too: allowing NAT64's prefix opens no private network behind it.
    """
    if isinstance(address, IPv4Address):
        return _allowed(address, allowed) or not any(address in net for net in _CLOSED_4)
    if address.ipv4_mapped is not None:
        return may_connect(address.ipv4_mapped, allowed)
    inner = _embedded(address)
    if inner is not None and not may_connect(inner, allowed):
        return False
    return _allowed(address, allowed) or (address in _OPEN_6 and not any(address in net for net in _CLOSED_6))


def guarded(allowed: Sequence[Network]) -> Callable[[Any], socket.socket]:
    """What makes aiohttp's sockets: for an address as getaddrinfo gives it. Refused: it may not be connected to."""

    def make(info: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _, place = info
        try:
            address = ip_address(place[0])
        except ValueError:
            raise Refused(str(place[0])) from None
        if not may_connect(address, allowed):
            raise Refused(str(address))
        return socket.socket(family, kind, protocol)

    return make


def _allowed(address: Address, allowed: Sequence[Network]) -> bool:
    return any(address in net for net in allowed)


def _embedded(address: IPv6Address) -> IPv4Address | None:
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    number = int(address)
    if address in _NAT64 or (address in _COMPATIBLE and number > _UNSPECIFIED_AND_LOOPBACK):
        return IPv4Address(number & _LOW_32)
    return None
