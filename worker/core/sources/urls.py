"""What a source's URL makes of it: an id, frozen for ever, and a site, which is fixed when the source is added.

The one decision: the id goes by own rules, which no library can change; the site by the Public Suffix List of the day, which
is loaded only when a source is added (it takes longer than a command's start).
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

_URL: Final = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<user>[^/?#]*@)?(?P<host>\[[^\]/?#]*\]|[^/?#:@]*)"
    r"(?P<port>:[0-9]*)?(?P<rest>[/?][^#]*)?(?:#.*)?",
    re.DOTALL,
)
_TOPICS_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,249}")
_NOT_IN_TOPICS_NAME: Final = re.compile(r"[^A-Za-z0-9._-]")
_TOPIC: Final = re.compile(rf"kafka://(?P<servers>[^/?#@]+)/{_TOPICS_NAME.pattern}", re.IGNORECASE)
_SERVER: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^\s:\[\],]+):([0-9]{1,5})")
_FEED: Final = re.compile(r"feed:(?://)?(?=https?://)", re.IGNORECASE)
_ILLEGAL: Final = re.compile(r"[\s\x00-\x1f\x7f\\<>\"\ud800-\udfff\ufffe\uffff]")
_HOST: Final = re.compile(r"[^\s%\\|^<>\[\]]+")
_LONGEST: Final = 4096
_LAST_PORT: Final = 65_535
_KEPT: Final = frozenset("ßς\u200c\u200d")  # IDNA 2008 keeps them; Python's codec, of 2003, maps them to other names


def checked(text: str) -> str:
    """The URL as it is stored. ValueError, with what to do, for what can't be asked for by HTTP and is no topic of a Kafka."""
    if is_topic(text):
        return _checked_topic(text.strip())
    url = _FEED.sub("", text.strip())
    if url[:7].lower() == "feed://":
        url = f"http://{url[7:]}"
    found = _URL.fullmatch(url)
    if not found or found["scheme"].lower() not in ("http", "https"):
        raise ValueError("this is no http://, https:// or kafka:// URL")
    if found["user"]:
        raise ValueError(
            "the URL holds a user or password, and definitions hold no secrets: leave it out, and name the secret that"
            " holds user:password as `credentials`"
        )
    if illegal := _ILLEGAL.search(url):
        raise ValueError(f"the URL holds {illegal.group()!r}: percent-encode it")
    if len(url) > _LONGEST:
        raise ValueError(f"the URL has {len(url)} characters, and {_LONGEST} are the most")
    if found["port"] not in (None, ":") and not 0 < int(found["port"][1:]) <= _LAST_PORT:
        raise ValueError(f"the URL has a port that is none: {found['port'][1:]}")
    site_of(url)
    return url


def is_topic(url: str) -> bool:
    """Whether it names a topic, by its scheme."""
    return url.strip()[:8].lower() == "kafka://"


def topic_of(url: str) -> str:
    """The name of the topic that a kafka:// URL ends in."""
    return url.rpartition("/")[2]


def servers_of(url: str) -> list[str]:
    """The brokers that a kafka:// URL names, HOST:PORT each."""
    found = _TOPIC.fullmatch(url)
    return found["servers"].split(",") if found else []


def _checked_topic(url: str) -> str:
    servers, _, topic = url[len("kafka://") :].partition("/")
    if "@" in url:
        raise ValueError(
            "the URL holds a user or password, and definitions hold no secrets: leave it out, and name the secret that"
            " holds user:password as `credentials`"
        )
    if wrong := _wrong_with(servers.split(","), topic):
        raise ValueError(
            f"{wrong}; a topic is given as kafka://HOST:PORT/TOPIC, several brokers as HOST:PORT,HOST:PORT"
        )
    return f"kafka://{servers.lower()}/{topic}"


def _wrong_with(servers: list[str], topic: str) -> str | None:
    """What is wrong, without repeating what may hold a secret."""
    for number, server in enumerate(servers, 1):
        if not _is_server(server):
            return f"broker {number} of {len(servers)} is none with its port, from 1 to {_LAST_PORT}"
    if not topic:
        return "the URL names no topic"
    if wrong := _NOT_IN_TOPICS_NAME.search(topic):
        return f"the name of a topic can't hold {wrong.group()!r}"
    if topic in (".", ".."):
        return f"no topic can be called {topic!r}"
    return None if _TOPICS_NAME.fullmatch(topic) else "the name of a topic has 249 characters at most"


def _is_server(address: str) -> bool:
    found = _SERVER.fullmatch(address)
    return found is not None and 0 < int(found[1]) <= _LAST_PORT


def same_form(url: str) -> str:
    """What tells whether two URLs are one source: scheme and host in lower case, no userinfo, no fragment."""
    if is_topic(url):
        return _checked_topic(url.strip())
    found = _URL.fullmatch(url)
    if not found:
        raise ValueError("this is no URL")
    return f"{found['scheme'].lower()}://{found['host'].lower()}{found['port'] or ''}{found['rest'] or ''}"


def source_id(url: str) -> str:
    """The id of a source that is given none, of its URL as first added."""
    return hashlib.sha256(same_form(url).encode()).hexdigest()[:16]


def site_of(url: str) -> str:
    """The registrable domain, in ASCII; the address, localhost or bare name where there is none. ValueError: no host."""
    found = _URL.fullmatch(url)
    host = found["host"].lower().rstrip(".") if found else ""
    if host.startswith("["):
        try:
            return ipaddress.IPv6Address(host[1:-1]).compressed
        except ValueError:
            raise ValueError(f"{host} is no IPv6 address") from None
    if not _HOST.fullmatch(host):
        raise ValueError("the URL names no host")
    try:
        return ipaddress.IPv4Address(host).compressed
    except ValueError:
        if host == "localhost" or host.endswith(".localhost"):
            return "localhost"
    name = _in_ascii(host)
    # Nobody can register a public suffix itself: whoever runs it is a site of its own.
    return _public_suffixes().privatesuffix(name) or name


def _in_ascii(host: str) -> str:
    labels = re.split("[.\u3002\uff0e\uff61]", host)
    try:
        found = [
            f"xn--{label.encode('punycode').decode()}" if _KEPT & set(label) else label.encode("idna").decode()
            for label in labels
        ]
    except UnicodeError:
        found = [""]
    if not all(found):
        raise ValueError(f"{host!r} can't be the name of a host")
    return ".".join(found)


@cache
def _public_suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415 (start-up time)

    return PublicSuffixList()
