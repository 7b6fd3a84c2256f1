"""Which rejections a command is about: the options that choose them, the same wherever they are."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from worker.broker.port import Start, Stored

R = TypeVar("R")
Place = tuple[int, int]  # partition and offset


@dataclass(frozen=True, slots=True)
class Which:
    """Those at these places, and of these the ones with that code, of that source, not older than that time."""

    code: str | None
    source: str | None
    since: int | None  # ms
    places: frozenset[Place] = frozenset()  # empty: any

    @property
    def everything(self) -> bool:
        """Whether nothing is chosen."""
        return not (self.places or self.code or self.source or self.since is not None)

    def start(self) -> Start:
        """From where the topic is to be read, to meet all of them."""
        from worker.broker.port import Start

        return Start(since=self.since)

    def wants(self, stored: Stored) -> bool:
        """Whether it is one of them."""
        from worker.cli.records import headers_of

        headers = headers_of(stored)
        return (
            (not self.places or (stored.partition, stored.offset) in self.places)
            and self.code in {None, headers.get("reject_code")}
            and self.source in {None, headers.get("reject_source_id")}
            and (self.since is None or stored.timestamp >= self.since)
        )


def place_of(_ctx: click.Context, _argument: click.Parameter, text: str) -> Place:
    """From the first column of the list."""
    found = re.fullmatch(r"(?:([0-9]{1,9}):)?([0-9]{1,18})", text)
    if found is None:
        raise click.BadParameter(f"{text!r} is no place: give partition and offset, such as 0:12")
    return int(found[1] or 0), int(found[2])


def with_which(function: Callable[..., R]) -> Callable[..., R]:
    """Give a command the options, and pass what they come to as `which`."""

    @click.option(
        "--code", callback=_code, metavar="CODE", help="Those with this code, such as invalid_json or too_large."
    )
    @click.option("--source", metavar="ID", help="Those of this source.")
    @click.option(
        "--since", metavar="WHEN", callback=_since, help="Those since a time (2026-01-31) or an age (2h, 3d)."
    )
    @wraps(function)
    def command(*args: Any, code: str | None, source: str | None, since: int | None, **kwargs: Any) -> R:
        return function(*args, which=Which(code, source, since), **kwargs)

    return command


def _code(_ctx: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    from worker.model import Code

    if text is not None and text not in set(Code):
        raise click.BadParameter(f"there is no code {text!r}; there are {', '.join(Code)}")
    return text


def _since(_ctx: click.Context, _option: click.Parameter, text: str | None) -> int | None:
    from datetime import UTC, datetime

    from worker.cli.tail import start_of

    try:
        start = None if text is None else start_of(text, datetime.now(UTC))
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(str(error)) from None
    if start is not None and start.since is None:
        raise click.BadParameter(f"{text!r} is neither a time like 2026-01-31T08:00Z nor an age like 2h or 3d")
    return None if start is None else start.since
