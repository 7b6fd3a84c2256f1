"""`news-worker repair`: what is stored of a shard and can't be read, taken out of the way, once somebody has looked at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from worker.cli.exits import Exit
from worker.cli.options import with_settings

if TYPE_CHECKING:
    from worker.broker.port import Broker
    from worker.core.feeds.repair import Damage
    from worker.model import Definition, ShardReport
    from worker.settings import Settings


@click.command(short_help="Take out what is stored and can't be read.")
@click.option("--shard", type=click.IntRange(min=0), required=True, metavar="N", help="As `news-worker status` has it.")
@click.option("--source", metavar="ID", help="This source's records; without it, those that belong to no source.")
@click.option("--yes", is_flag=True, help="Do it. Else it is only said what would be done.")
@click.option("--fence", is_flag=True, help="Also while a worker has the shard, which is fenced and takes it up again.")
@with_settings()
def command(settings: Settings, *, shard: int, source: str | None, yes: bool, fence: bool) -> Exit:
    """Say what can't be read of what shard N remembers, and, with --yes, take it out.

    A source of which something can't be read is left alone: taken for empty, all that its feed shows would be published
    twice. So it stays until the release that wrote it runs again, or until its damaged records are given up here. What
    can be read of the source stays, and its next document publishes nothing but changes of that: what it shows besides
    is passed over, as with `initial: skip`. Of a topic all records that lie in it unread when a worker takes it up again
    are passed over, for good.

    Records that belong to no source keep the whole shard from being polled. Once they are taken out, the worker that has
    the shard takes it up. Of a mark that an article was forgotten (`news-worker forget`) the article's id is kept.

    Ends with 1 as long as something can't be read.

    \b
      news-worker repair --shard 3
      news-worker repair --shard 3 --source gazette --yes
    """
    import asyncio

    return asyncio.run(_repair(settings, shard, source, yes=yes, fence=fence))


async def _repair(settings: Settings, shard: int, source: str | None, *, yes: bool, fence: bool) -> Exit:
    from worker import configured
    from worker.errors import UsageError
    from worker.model import Topic
    from worker.pipeline import repair

    async with configured.broker(settings, create=False) as broker:
        if shard >= (count := broker.partitions(Topic.CHECKPOINTS)):
            raise UsageError(f"there is no shard {shard}; there {'is 0' if count == 1 else f'are 0 to {count - 1}'}")
        found, report = await repair.looked_at(broker, shard)
        _tell(found, shard)
        if not _concerned(found, source):
            return Exit.LEFT if found.sources or found.records else Exit.OK
        definition = None if source is None else await _definition(broker, source, shard)
        _promise(found, source, definition)
        if not yes:
            click.echo("nothing was changed; --yes does it", err=True)
            return Exit.LEFT
        if not fence:
            _make_sure(report, shard)
        found = await repair.repair(broker, shard, source, definition.site if definition else None, _now)
    return _done(found, source, shard)


def _now() -> int:
    import time

    return time.time_ns() // 1_000_000


async def _definition(broker: Broker, source: str, shard: int) -> Definition | None:
    from worker.pipeline import definitions

    there = (await definitions.known(broker)).polled(source)
    return there.definition if there and there.partition == shard else None


def _tell(found: Damage, shard: int) -> None:
    from worker.core.feeds.repair import said
    from worker.shown import on_one_line

    for whose, why in said(found):
        click.echo(f"shard {shard}, {whose}: {on_one_line(why)}")
    if not found.sources and not found.records:
        click.echo(f"all that is stored of shard {shard} can be read", err=True)


def _concerned(found: Damage, source: str | None) -> bool:
    """Whether there is something to do, and what else if there isn't."""
    if source is None:
        if found.sources and not found.records:
            click.echo("one source at a time is repaired: name it with --source ID", err=True)
        return bool(found.records)
    if source not in found.sources and (found.sources or found.records):
        click.echo(f"of source {source} nothing in this shard is unreadable", err=True)
    return source in found.sources


def _promise(found: Damage, source: str | None, definition: Definition | None) -> None:
    from worker.core.feeds.entry import STRIDE
    from worker.core.feeds.inbox import SHARD_KEY
    from worker.core.feeds.repair import left_of

    if source is None:
        click.echo(f"{len(found.records)} to be taken out; what they said is lost", err=True)
        if SHARD_KEY in found.records:
            click.echo("what the shard was asked for and had not done yet is not done: ask for it again", err=True)
        return
    wreck = found.sources[source]
    kept = len(left_of(found, source)) // STRIDE
    of = f" of {wreck.head[2]}" if wreck.head else ""
    if definition is None:
        click.echo(f"source {source} is not defined here: all that is remembered of it goes", err=True)
    elif definition.kind == "topic":
        click.echo(
            f"source {source} is a topic: all records that lie in it unread when a worker takes it up again are passed over, for"
            " good; it goes on with what comes after them",
            err=True,
        )
    else:
        click.echo(
            f"source {source}: {kept}{of} articles that it remembers are kept; what else its next document shows is passed over,"
            " as with `initial: skip`",
            err=True,
        )


def _make_sure(report: ShardReport | None, shard: int) -> None:
    from worker.core.feeds import silent
    from worker.errors import UsageError

    if report is not None and not silent(report, _now()):
        raise UsageError(
            f"Nothing was changed: {report.worker} has shard {shard}, or had it less than two minutes ago. Stop it first, or say"
            " --fence: it is then kept from writing, and takes the shard up again with what is stored by then."
        )


def _done(found: Damage, source: str | None, shard: int) -> Exit:
    if source is not None:
        done = source in found.sources
        left = len(found.sources) - done + len(found.records)
        click.echo(f"source {source} is repaired" if done else f"source {source} can be read again")
    else:
        left = len(found.sources)
        click.echo(f"shard {shard}: {len(found.records)} taken out")
    click.echo("a worker that has the shard takes it up again by itself; where none runs: `news-worker run`", err=True)
    if left:
        click.echo(f"{left} more can't be read: `news-worker repair --shard {shard}`", err=True)
    return Exit.LEFT if left else Exit.OK
