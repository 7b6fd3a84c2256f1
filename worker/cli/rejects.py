"""`news-worker rejects`: what could not become an article, why, and how to run it again once it is mended."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import click

from worker.cli.exits import Exit
from worker.cli.options import where, with_settings
from worker.cli.rejects_which import Place, Which, place_of, with_which
from worker.cli.waiting import Waiting, with_waiting

if TYPE_CHECKING:
    from worker.broker.port import Stored
    from worker.settings import Settings

_COLUMNS = {
    "code": "reject_code",
    "source": "reject_source_id",
    "entry": "reject_entry_key",
    "message": "reject_message",
}


@click.group()
def command() -> None:
    """Show what could not become an article, and why.

    \b
      news-worker rejects list --code invalid_json
      news-worker rejects show 0:12
      news-worker rejects redrive 0:12 --wait
    """


@command.command("list")
@click.option(
    "--limit", "-n", type=click.IntRange(min=1), default=100, show_default=True, metavar="N", help="The newest N."
)
@with_which
@with_settings()
def list_(settings: Settings, limit: int, which: Which) -> None:
    """List the newest rejections, oldest first: all, or those with that code, of that source and since that time.

    On a terminal as blocks, elsewhere as values separated by tabs.

    \b
      news-worker rejects list --source gazette --since 2d
      news-worker rejects list | cut -f3 | sort | uniq -c
    """
    import asyncio

    asyncio.run(_list(settings, limit, which))


@command.command(short_help="Show one of them, and how to run it again.")
@click.argument("place", callback=place_of)
@click.option("--raw", is_flag=True, help="Write the rejected bytes exactly as they are, and nothing else.")
@with_settings()
def show(settings: Settings, place: tuple[int, int], *, raw: bool) -> None:
    """Show the rejection at PLACE (the first column of the list): its headers, its bytes, and how to run it again.

    \b
      news-worker rejects show 0:12
      news-worker rejects show 0:12 --raw > rejected.bin
    """
    import asyncio
    import sys

    stored = asyncio.run(_at(settings, *place))
    if raw:
        sys.stdout.buffer.write(stored.value or b"")
    else:
        _show(stored, where(settings))


def _places(ctx: click.Context, argument: click.Parameter, texts: tuple[str, ...]) -> frozenset[Place]:
    return frozenset(place_of(ctx, argument, text) for text in texts)


@command.command(short_help="Have some of them decided once more.")
@click.argument("places", nargs=-1, metavar="[PLACE]...", callback=_places)
@with_which
@click.option("--yes", is_flag=True, help="Without asking.")
@with_waiting("Until the workers that poll their sources have done it, and say what came of each.")
@with_settings()
def redrive(settings: Settings, places: frozenset[Place], which: Which, waiting: Waiting, *, yes: bool) -> Exit:
    """Read the rejected bytes again, and publish what can become an article now.

    It is for what was mended on this side: a release that reads better, a setting, a limit of the broker. Which: all that
    stand at the PLACEs and have that code and that source. How many they are is said first, and it is asked whether to go on.

    A feed's are decided by the worker that polls it, and only if the feed has not mended the entry since (superseded). Of what was
    cut when it was kept the feed is asked anew. A topic's are decided always; of what was cut the record is consumed again, if it
    is still there. A data set has no owner: the command that replays the file is shown.

    \b
      news-worker rejects redrive 0:12 --wait
      news-worker rejects redrive --code too_large --since 2d
    """
    import asyncio
    from dataclasses import replace

    from worker.cli.rejects_redrive import redrive

    return asyncio.run(redrive(settings, replace(which, places=places), waiting, yes=yes))


async def _list(settings: Settings, limit: int, which: Which) -> None:
    from worker import configured
    from worker.cli import render
    from worker.cli.records import headers_of, timestamp
    from worker.model import Topic

    newest: deque[list[str]] = deque(maxlen=limit)
    found = 0
    async with configured.broker(settings, create=False) as broker:
        async for stored in broker.read(Topic.REJECTS, which.start()):
            if which.wants(stored):
                headers = headers_of(stored)
                found += 1
                row = [headers.get(header, "") for header in _COLUMNS.values()]
                newest.append([f"{stored.partition}:{stored.offset}", timestamp(stored.timestamp), *row])
    out = render.console()
    if out.is_terminal:  # six columns fit on none
        for place, time, kind, source, entry, message in newest:
            render.block(out, f"{place} · {kind}", f"{time} · {source} · {entry}", [message])
    elif newest:
        render.table(out, ["place", "time", *_COLUMNS], newest)
    if found > len(newest):
        click.echo(f"the newest {len(newest)} of {found}; more with --limit", err=True)
    elif not found:
        click.echo("no rejections" if which.everything else "no such rejections", err=True)


async def _at(settings: Settings, partition: int, offset: int) -> Stored:
    from contextlib import aclosing

    from worker import configured
    from worker.broker.port import Start
    from worker.errors import UsageError
    from worker.model import Topic

    async with configured.broker(settings, create=False) as broker:
        held = (await broker.describe(Topic.REJECTS)).partitions
        kept = held[partition] if partition < len(held) else None
        if kept and kept.start <= offset < kept.end:
            async with aclosing(broker.read(Topic.REJECTS, Start(offset=offset), partition=partition)) as records:
                found = await anext(records, None)
            if found and found.offset == offset:
                return found
    kept_are = f"offsets {kept.start} to {kept.end - 1} are kept" if kept and kept.end > kept.start else "none are kept"
    message = f"there is no rejection at {partition}:{offset}; in partition {partition} {kept_are}, see `news-worker rejects list`"
    raise UsageError(message)


def _show(stored: Stored, where: str) -> None:
    from worker.cli.records import as_text, headers_of, timestamp
    from worker.cli.render import hexdump
    from worker.cli.run_again import run_again
    from worker.shown import on_one_line, visible

    headers = headers_of(stored)
    width = max(map(len, [*headers, "offset"]))
    click.echo(f"{'offset':<{width}}  {stored.offset} (partition {stored.partition}, {timestamp(stored.timestamp)})")
    for name, value in headers.items():
        click.echo(f"{name:<{width}}  {on_one_line(value)}")
    raw = stored.value or b""
    cut = headers.get("reject_cut")
    click.echo(f"\nThe bytes, {f'the first {len(raw)} of {on_one_line(cut)}' if cut else f'all {len(raw)}'}:\n")
    text = as_text(raw)
    click.echo("\n".join(hexdump(raw)) if text is None else visible(text.removesuffix("\n")))
    again = run_again(headers.get("reject_source_id", ""), headers.get("reject_entry_key", ""), where)
    if again:
        click.echo(
            "\nOnce the file is mended (ROOT: the folder or file that was replayed); what did not change keeps its event id:"
        )
        click.echo(f"\n  {visible(again)} --changed")
        click.echo(
            "\nTo publish the file as it is once more, all of it with new event ids, what `news-worker forget` took down of it too:"
            f"\n\n  {visible(again)} --again"
        )
    else:
        place = f"{stored.partition}:{stored.offset}"
        click.echo("\nIt came from a feed, whose publisher has to mend it: it is read anew as soon as it changes.")
        click.echo(f"If it was this side that was mended:\n\n  news-worker rejects redrive {place}{where} --wait")
