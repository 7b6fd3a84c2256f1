"""URLs: what may be asked for at all, and what in one is secret.

A host written as a number in any other form than four decimal ones is refused: programs differ on what it means.
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from urllib.parse import quote

from yarl import URL

_SCHEMES = frozenset(("http", "https"))
_NUMBER = re.compile(r"(?:0[xX][0-9A-Fa-f]*|[0-9]+)")
_PLAIN = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}")
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(?:%[A-Za-z0-9._%-]+)?")
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))


class BadUrl(ValueError):
    """Nothing can be asked by this URL; the text says why, without the URL."""


class OddNumber(BadUrl):
    """Its host is a number in a form that is none of an address."""


@dataclass(frozen=True, slots=True)
class Place:
    """A URL that can be asked, without userinfo and fragment, and what its userinfo comes to."""

    url: URL
    authorization: str | None


def place_of(text: str) -> Place:
    """The place that a URL means. BadUrl: none."""
    return _checked(_parsed(text.strip()))


def place_of_redirect(base: URL, location: str) -> URL:
    """Where a redirect leads: relative to the URL that gave it. Userinfo in it is not used: who redirects isn't trusted.

    Bytes that are no UTF-8 are percent-encoded as they are. BadUrl: nowhere.
    """
    encoded = quote(location.strip().encode("utf-8", "surrogateescape"), safe=_PRINTABLE)
    try:
        joined = base.join(_parsed(encoded))
    except ValueError as error:
        raise error if isinstance(error, BadUrl) else BadUrl("it is no URL") from None
    return _checked(joined).url


def same_keeper(home: URL, url: URL) -> bool:
    """Whether secrets of one are safe with the other: same host and port, and never from https to http."""
    if home.host != url.host:
        return False
    if home.scheme == url.scheme:
        return home.port == url.port
    return home.scheme == "http" and (home.port, url.port) == (80, 443)


def basic(credentials: str) -> str:
    """The header's value for `user:password` (RFC 7617)."""
    return f"Basic {b64encode(credentials.encode()).decode()}"


def _parsed(text: str) -> URL:
    try:
        return URL(text)
    except (ValueError, TypeError):  # its texts repeat the URL
        raise BadUrl("it is no URL") from None


def _checked(url: URL) -> Place:
    if url.scheme not in _SCHEMES:
        raise BadUrl(
            f"its scheme is {url.scheme[:20]!r}; only http and https are followed"
            if url.scheme
            else "it is no full URL"
        )
    host = url.raw_host
    if not host:
        raise BadUrl("it names no host")
    if not _HOST.fullmatch(host):
        raise BadUrl("its host is no name and no address")
    if ":" not in host and _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]) and not _PLAIN.fullmatch(host):
        raise OddNumber("its host is a number that is no address; write an address as four decimal numbers")
    secret = None
    if url.raw_user is not None or url.raw_password is not None:
        secret = basic(f"{url.user or ''}:{url.password or ''}")
        url = url.with_user(None)
    return Place(url.with_fragment(None) if url.raw_fragment else url, secret)
