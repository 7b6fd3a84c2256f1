"""Commands that a shard's owner carries out, as the command line puts them and tells what became of them."""

from __future__ import annotations

import asyncio
import getpass
import secrets
import socket
import sys
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from worker.cli.exits import Exit
from worker.core.feeds.inbox import Command, State
from worker.errors import BrokerError
from worker.pipeline import asking
from worker.shown import on_one_line

if TYPE_CHECKING:
    from worker.broker.port import Broker
    from worker.cli.waiting import Waiting
    from worker.pipeline.asking import Wanted

# So many at a time: a shard remembers what became of the last hundred.
_AT_ONCE = 50
_LOOK_SECONDS = 10.0  # how often to look whether there is still a worker to wait for
_ERASE = "\r\x1b[K"


def command(name: str, source: str, said: Mapping[str, Any]) -> Command:
    """A new one, by whoever calls."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a number without a name, as in many a container
        user = "unknown"
    return Command(secrets.token_hex(8), name, source, said, f"{user}@{socket.gethostname()}")


async def ask(
    broker: Broker, wanted: Sequence[Wanted], waiting: Waiting, about: Mapping[str, str] = MappingProxyType({})
) -> Exit:
    """Put them; if they are waited for, say what became of each. Exit.LEFT: one was not done.

    `about`: by a command's id what it is about, where its source alone doesn't tell.
    """
    named = {one.command.id: on_one_line(about.get(one.command.id, one.command.source)) for one in wanted}
    undone, without = 0, list[int]()
    begun = time.monotonic()
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        since = await asking.put(broker, some, now())
        if start == 0 and not waiting.so:
            _tell_unowned(without := await asking.unowned(broker, wanted, now()))
        if waiting.so:
            seconds = waiting.after(time.monotonic() - begun).seconds
            undone += await _waited_for(broker, some, since, seconds, named)
    if not waiting.so:
        by = "" if without else " the owner carries it out;"
        click.echo(f"asked for:{by} {waiting.hint} ({len(wanted)})", err=True)
    return Exit.LEFT if undone else Exit.OK


async def _waited_for(
    broker: Broker, some: Sequence[Wanted], since: Mapping[int, int], seconds: float | None, named: Mapping[str, str]
) -> int:
    """Say what became of each; how many were not done, or not within these seconds."""
    left = {one.command.id for one in some}
    undone = 0
    try:
        async with asyncio.timeout(seconds), _watching(broker, some, left):
            async for outcome in asking.outcomes(broker, some, since):
                undone += outcome.state is not State.DONE
                left.remove(outcome.id)
                _erase()
                click.echo(f"{outcome.state:<10} {named[outcome.id]}: {on_one_line(outcome.message)}")
    except (TimeoutError, asyncio.CancelledError) as error:  # Ctrl-C cancels
        for one in some:
            if one.command.id in left:
                click.echo(f"{'waiting':<10} {named[one.command.id]}: not carried out yet; it stays asked for")
        if isinstance(error, asyncio.CancelledError):
            raise
    return undone + len(left)


@asynccontextmanager
async def _watching(broker: Broker, some: Sequence[Wanted], left: Collection[str]) -> AsyncIterator[None]:
    """Say while the block runs whenever a shard has no worker to wait for; on a terminal, how long it has been."""
    watching = asyncio.create_task(_watch(broker, some, left))
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.wait({watching})
        _erase()


async def _watch(broker: Broker, some: Sequence[Wanted], left: Collection[str]) -> None:
    begun, looked_at, before = time.monotonic(), 0.0, list[int]()
    while True:
        if time.monotonic() >= looked_at:
            looked_at = time.monotonic() + _LOOK_SECONDS
            with suppress(BrokerError):  # who waits for the outcomes will hear of it
                found = await asking.unowned(broker, some, now())
                if found != before:
                    _tell_unowned(found)
                before = found
        if sys.stderr.isatty():
            seconds = time.monotonic() - begun
            click.echo(f"{_ERASE}waiting for {len(left)} of {len(some)}, {seconds:.0f} s", nl=False, err=True)
        await asyncio.sleep(1)


def _erase() -> None:
    if sys.stderr.isatty():
        click.echo(_ERASE, nl=False, err=True)


def _tell_unowned(shards: Sequence[int]) -> None:
    if shards:
        several = "s" if len(shards) > 1 else ""
        click.echo(
            f"no worker polls shard{several} {', '.join(map(str, shards))} now: it waits in the inbox until `news-worker run` does",
            err=True,
        )


def now() -> int:
    """In ms since the epoch."""
    return time.time_ns() // 1_000_000
