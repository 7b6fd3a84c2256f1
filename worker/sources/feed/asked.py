"""What is asked for, and what came back."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from worker import __version__
from worker.model import Validators


@dataclass(frozen=True, slots=True)
class Request:
    """A conditional GET. What is secret in it goes to the host of `url` and to no other, wherever redirects lead."""

    url: str  # as the source is defined; userinfo in it counts as `authorization`, unless that is given
    validators: Validators | None = None  # sent to the URL that gave them only
    moved: str | None = None  # where it has moved for good: asked instead of `url`
    headers: tuple[tuple[str, str], ...] = ()  # secret
    authorization: str | None = None  # secret, the whole value: `Basic …`
    ca_file: Path | None = None  # PEM: who may sign its certificate besides the system's authorities


@dataclass(frozen=True, slots=True)
class Answer:
    """A document, or that it has not changed."""

    status: int
    url: str  # that gave it, without userinfo
    body: bytes | None  # unpacked; None: not modified since the validators were given (304)
    validators: Validators | None
    content_type: str | None
    moved_to: str | None  # where it says it is for good: every redirect on the way was a 301 or 308


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """How to ask. Through a `proxy` it alone can tell which addresses are reached, so the guard rests with it."""

    allowed: tuple[IPv4Network | IPv6Network, ...] = ()  # networks opened although they are not public
    proxy: str | None = None  # http(s)://[user:password@]host:port; the environment's are never used
    contact: str | None = None  # where publishers can complain: an address or page of whoever runs the worker
    total_s: float = 30.0  # for all of it: names, connections, redirects, body
    connect_s: float = 10.0  # for one connection
    body_bytes: int = 16 * 1024 * 1024  # of a body, packed as well as unpacked
    connections: int = 256  # under way at once; who comes after them waits, without its time running

    @property
    def user_agent(self) -> str:
        """Who asks."""
        return f"news-worker/{__version__}" + (f" (+{self.contact})" if self.contact else "")
