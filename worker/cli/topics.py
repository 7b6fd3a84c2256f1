"""`news-worker topics`: the topics of the contract, made and checked. A worker that starts checks them and makes none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from worker.cli.exits import Exit
from worker.cli.options import with_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.broker.port import Layout
    from worker.model import Topic
    from worker.settings import Settings


@click.group()
def command() -> None:
    """Make, check or describe the topics that the worker writes and reads.

    How many partitions and copies they get is set by kafka_partitions and kafka_replication.

    \b
      news-worker topics create --broker kafka://localhost:9092
      news-worker topics check
    """


@command.command()
@with_settings()
def create(settings: Settings) -> None:
    """Make the topics that are missing; those that are there stay as they are."""
    import asyncio

    asyncio.run(_create(settings))


@command.command()
@with_settings()
def check(settings: Settings) -> Exit:
    """Say in what the topics differ from what the worker needs (exit 2), or that they will do."""
    import asyncio

    from worker.broker.topics import differences

    wanted, found = asyncio.run(_both(settings))
    wrong = differences(wanted, found)
    for sentence in wrong:
        click.echo(sentence)
    if not wrong:
        click.echo(f"all {len(wanted)} topics are as they should be")
    return Exit.USAGE if wrong else Exit.OK


@command.command()
@with_settings()
def describe(settings: Settings) -> None:
    """Show how each topic is, beside how it would be made where that differs."""
    import asyncio

    from worker.cli import render

    wanted, found = asyncio.run(_both(settings))
    rows = []
    for topic, layout in wanted.items():
        there = found.get(topic)
        rows += [
            [layout.name, name, "missing" if there is None else value, "" if value == expected else expected]
            for name, value, expected in _compared(there, layout)
        ]
    render.table(render.console(), ["topic", "setting", "is", "would be"], rows)


def _compared(there: Layout | None, layout: Layout) -> list[tuple[str, str, str]]:
    is_, would = _plain(there) if there else {}, _plain(layout)
    return [(name, is_.get(name, ""), expected) for name, expected in would.items()]


def _plain(layout: Layout) -> dict[str, str]:
    copies = {"copies": str(layout.replication)} if layout.replication else {}
    return {"partitions": str(layout.partitions), **copies, **layout.settings}


def _size(layout: Layout) -> str:
    """`24 partitions of 3 copies`."""
    partitions = "1 partition" if layout.partitions == 1 else f"{layout.partitions} partitions"
    return f"{partitions} of {layout.replication} copies" if (layout.replication or 1) > 1 else partitions


async def _both(settings: Settings) -> tuple[Mapping[Topic, Layout], Mapping[Topic, Layout]]:
    from worker import configured

    async with configured.administration(settings) as administration:
        return await administration.layouts(), await administration.found()


async def _create(settings: Settings) -> None:
    from worker import configured
    from worker.broker.topics import check as refuse_differences

    async with configured.administration(settings) as administration:
        wanted, found = await administration.layouts(), await administration.found()
        missing = [layout for topic, layout in wanted.items() if topic not in found]
        await administration.create(missing)
        for layout in missing:
            click.echo(f"{layout.name}: made, {_size(layout)}")
        if len(missing) < len(wanted):
            click.echo(f"{len(wanted) - len(missing)} of {len(wanted)} topics were there already")
        refuse_differences(wanted, await administration.found())
