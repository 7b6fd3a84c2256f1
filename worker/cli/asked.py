"""Commands that a shard's owner carries out, as the command line puts them and tells what became of them."""

from __future__ import annotations

import asyncio
import getpass
import secrets
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from worker.cli.exits import Exit
from worker.core.feeds.inbox import Command, State
from worker.errors import BrokerError
from worker.pipeline import asking
from worker.shown import on_one_line

if TYPE_CHECKING:
    from worker.broker.port import Broker
    from worker.pipeline.asking import Wanted

# So many at a time: a shard remembers what became of the last hundred.
_AT_ONCE = 50
_LOOK_SECONDS = 10.0  # how often to look whether there is still a worker to wait for
_ERASE = "\r\x1b[K"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Whether to wait for what becomes of it, and for how long at most; without, `hint` is where to look."""

    so: bool
    seconds: float | None = None
    hint: str = "with --wait it is waited for"


def command(name: str, source: str, said: Mapping[str, Any]) -> Command:
    """A new one, by whoever calls."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a number without a name, as in many a container
        user = "unknown"
    return Command(secrets.token_hex(8), name, source, said, f"{user}@{socket.gethostname()}")


async def ask(broker: Broker, wanted: Sequence[Wanted], waiting: Waiting) -> Exit:
    """Put them; if they are waited for, say what became of each. Exit.LEFT: one was not done."""
    undone = 0
    until = None if waiting.seconds is None else time.monotonic() + waiting.seconds
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        since = await asking.put(broker, some, now())
        if start == 0 and not waiting.so:
            _tell_unowned(await asking.unowned(broker, wanted, now()))
        if waiting.so:
            left = None if until is None else max(0.0, until - time.monotonic())
            undone += await _waited_for(broker, some, since, left)
    if not waiting.so:
        click.echo(f"asked for: the owner carries it out; {waiting.hint} ({len(wanted)})", err=True)
    return Exit.LEFT if undone else Exit.OK


async def _waited_for(broker: Broker, some: Sequence[Wanted], since: Mapping[int, int], seconds: float | None) -> int:
    """Say what became of each; how many were not done, or not within these seconds."""
    left = {one.command.id: one.command for one in some}
    undone = 0
    try:
        async with asyncio.timeout(seconds), _watching(broker, some, left):
            async for outcome in asking.outcomes(broker, some, since):
                undone += outcome.state is not State.DONE
                source = left.pop(outcome.id).source
                _erase()
                click.echo(f"{outcome.state:<10} {on_one_line(source)}: {on_one_line(outcome.message)}")
    except TimeoutError:
        for one in left.values():
            click.echo(f"{'waiting':<10} {on_one_line(one.source)}: not carried out yet; it stays asked for")
    return undone + len(left)


@asynccontextmanager
async def _watching(broker: Broker, some: Sequence[Wanted], left: Mapping[str, Command]) -> AsyncIterator[None]:
    """Say while the block runs whenever a shard has no worker to wait for; on a terminal, how long it has been."""
    watching = asyncio.create_task(_watch(broker, some, left))
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.wait({watching})
        _erase()


async def _watch(broker: Broker, some: Sequence[Wanted], left: Mapping[str, Command]) -> None:
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
