"""`news-worker rejects`: what could not become an article, why, and how to run it again once it is mended."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING

import click

from worker.cli.exits import Exit
from worker.cli.options import where, with_settings

if TYPE_CHECKING:
    from worker.broker.port import Stored
    from worker.settings import Settings

_COLUMNS = {
    "code": "reject_code",
    "source": "reject_source_id",
    "entry": "reject_entry_key",
    "message": "reject_message",
}


def _place(_ctx: click.Context, _argument: click.Parameter, text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(?:([0-9]{1,9}):)?([0-9]{1,18})", text)
    if found is None:
        raise click.BadParameter(f"{text!r} is no place: give partition and offset, such as 0:12")
    return int(found[1] or 0), int(found[2])


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
@click.option("--code", metavar="CODE", help="Only this code, such as invalid_json or too_large.")
@with_settings()
def list_(settings: Settings, limit: int, code: str | None) -> None:
    """List the newest rejections, oldest first.

    On a terminal as blocks, elsewhere as values separated by tabs.

    \b
      news-worker rejects list
      news-worker rejects list | cut -f3 | sort | uniq -c
    """
    import asyncio

    _check_code(code)
    asyncio.run(_list(settings, limit, code))


@command.command(short_help="Show one of them, and how to run it again.")
@click.argument("place", callback=_place)
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


def _places(ctx: click.Context, argument: click.Parameter, texts: tuple[str, ...]) -> frozenset[tuple[int, int]]:
    return frozenset(_place(ctx, argument, text) for text in texts)


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


@command.command(short_help="Have some of them decided once more.")
@click.argument("places", nargs=-1, metavar="[PLACE]...", callback=_places)
@click.option("--code", metavar="CODE", help="Those with this code.")
@click.option("--source", metavar="ID", help="Those of this source.")
@click.option("--since", metavar="WHEN", callback=_since, help="Those since a time (2026-01-31) or an age (2h, 3d).")
@click.option("--yes", is_flag=True, help="Without asking.")
@click.option(
    "--wait", is_flag=True, help="Until the workers that poll their sources have done it, and say what came of each."
)
@with_settings()
def redrive(  # noqa: PLR0913 (the options of the command line)
    settings: Settings,
    places: frozenset[tuple[int, int]],
    code: str | None,
    source: str | None,
    since: int | None,
    *,
    yes: bool,
    wait: bool,
) -> Exit:
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

    from worker.cli.rejects_redrive import Wish, redrive

    _check_code(code)
    return asyncio.run(redrive(settings, Wish(places, code, source, since, yes=yes, wait=wait)))


def _check_code(code: str | None) -> None:
    from worker.errors import UsageError
    from worker.model import Code

    if code is not None and code not in set(Code):
        message = f"there is no code {code!r}; there are {', '.join(Code)}"
        raise UsageError(message)


async def _list(settings: Settings, limit: int, code: str | None) -> None:
    from worker import configured
    from worker.cli import render
    from worker.cli.records import headers_of, timestamp
    from worker.model import Topic

    newest: deque[list[str]] = deque(maxlen=limit)
    found = 0
    async with configured.broker(settings, create=False) as broker:
        async for stored in broker.read(Topic.REJECTS):
            headers = headers_of(stored)
            if code in {None, headers.get("reject_code")}:
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
        click.echo("no rejections" + (f" with code {code}" if code else ""), err=True)


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
            f"\nTo publish the file as it is once more, all of it with new event ids:\n\n  {visible(again)} --again"
        )
    else:
        place = f"{stored.partition}:{stored.offset}"
        click.echo("\nIt came from a feed, whose publisher has to mend it: it is read anew as soon as it changes.")
        click.echo(f"If it was this side that was mended:\n\n  news-worker rejects redrive {place}{where} --wait")
