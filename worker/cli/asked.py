"""Commands that a shard's owner carries out, as the command line puts them and tells what became of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from worker.cli.exits import Exit
from worker.core.feeds.inbox import State
from worker.pipeline import asking
from worker.shown import on_one_line

if TYPE_CHECKING:
    from worker.broker.port import Broker
    from worker.pipeline.asking import Wanted

# So many at a time: a shard remembers what became of the last hundred.
_AT_ONCE = 50


async def ask(broker: Broker, wanted: Sequence[Wanted], *, wait: bool) -> Exit:
    """Put them; with `wait`, say what became of each. Exit.LEFT: one was not done."""
    undone = 0
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        since = await asking.put(broker, some, now())
        if start == 0:
            await _tell_unowned(broker, wanted)
        if not wait:
            continue
        by_id = {one.command.id: one.command for one in some}
        async for outcome in asking.outcomes(broker, some, since):
            undone += outcome.state is not State.DONE
            click.echo(f"{outcome.state:<10} {on_one_line(by_id[outcome.id].source)}: {on_one_line(outcome.message)}")
    if not wait:
        click.echo(f"asked for: the owner carries it out; with --wait it is waited for ({len(wanted)})", err=True)
    return Exit.LEFT if undone else Exit.OK


async def _tell_unowned(broker: Broker, wanted: Sequence[Wanted]) -> None:
    if shards := await asking.unowned(broker, wanted, now()):
        several = "s" if len(shards) > 1 else ""
        click.echo(
            f"no worker polls shard{several} {', '.join(map(str, shards))} now: it waits in the inbox until `news-worker run` does",
            err=True,
        )


def now() -> int:
    """In ms since the epoch."""
    return time.time_ns() // 1_000_000
