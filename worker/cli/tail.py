"""`news-worker tail`: what is in a topic, decoded, as lines of JSON for programs or blocks for people."""

from __future__ import annotations

import re
import stat
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from worker.cli.options import with_settings

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Timeout
    from collections.abc import AsyncIterator, Callable

    from worker.broker.port import Start, Stored
    from worker.model import Topic
    from worker.settings import Settings

_AGO = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def start_of(text: str, now: datetime) -> Start:
    """What `--from` means. ValueError with a sentence when it means nothing."""
    from worker.broker.port import Start

    if text in {"earliest", "latest"}:
        return Start(latest=text == "latest")
    if text.isascii() and text.isdigit():
        return Start(offset=int(text))
    if ago := re.fullmatch(r"([0-9]{1,6})([smhdw])", text):
        return Start(since=_milliseconds(now - timedelta(**{_AGO[ago[2]]: int(ago[1])})))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = (
            f"{text!r} is neither earliest, latest, an offset, a time like 2026-01-31T08:00Z nor an age like 2h or 3d"
        )
        raise ValueError(message) from None
    if moment.tzinfo is None and len(text) > len("YYYY-MM-DD"):
        message = f"{text!r} has no time zone; add Z for UTC, or an offset like +01:00"
        raise ValueError(message)
    return Start(since=_milliseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC)))


def _milliseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _start(_ctx: click.Context, _option: click.Parameter, text: str | None) -> Start | None:
    try:
        return None if text is None else start_of(text, datetime.now(UTC))
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(str(error)) from None


@click.command(short_help="Show what is in a topic.")
@click.argument("topic")
@click.option("--follow", "-f", is_flag=True, help="Wait for more when the end is reached, until interrupted.")
@click.option(
    "--from",
    "start",
    metavar="WHERE",
    callback=_start,
    help="earliest, latest (what comes next), an offset, a time (2026-01-31, 2026-01-31T08:00Z) or an age (2h, 3d). "
    "Default: earliest; with --follow latest.",
)
@click.option("--partition", type=click.IntRange(min=0), metavar="N", help="Only this one, where there are several.")
@click.option("--limit", "-n", type=click.IntRange(min=1), metavar="N", help="Stop after N records.")
@click.option(
    "--format", "form", type=click.Choice(["json", "pretty"]), help="Default: pretty on a terminal, else json."
)
@with_settings()
def command(  # noqa: PLR0913, PLR0917 (a parameter an option)
    settings: Settings,
    topic: str,
    start: Start | None,
    partition: int | None,
    limit: int | None,
    form: str | None,
    *,
    follow: bool,
) -> None:
    """Show what is in TOPIC: articles, rejects, sources, checkpoints, inbox or replays (or a full name).

    As JSON it is an object a line: topic, partition, offset, timestamp, key, headers and value, for an article also
    cloudevent with its CloudEvents attributes. What is neither JSON nor text is {"base64": "…"}.

    \b
      news-worker tail articles --limit 3
      news-worker tail articles --from 2h --format json | jq .value.item.headlines
      news-worker tail rejects --follow
    """
    import asyncio
    import sys
    from contextlib import aclosing

    from worker import configured
    from worker.broker.port import Start
    from worker.cli.records import topic_named

    chosen = topic_named(topic, settings.prefix)
    pretty = sys.stdout.isatty() if form is None else form == "pretty"
    show = _pretty(chosen) if pretty else _json(chosen)
    begin = start or Start(latest=follow)

    async def tail() -> None:
        async with (
            _while_read(),
            configured.broker(settings, create=False) as broker,
            aclosing(broker.read(chosen, begin, partition=partition, follow=follow)) as records,
        ):
            shown = 0
            async for stored in records:
                show(stored)
                if follow:
                    sys.stdout.flush()
                shown += 1
                if shown == limit:
                    return

    asyncio.run(tail())


@asynccontextmanager
async def _while_read() -> AsyncIterator[None]:
    """BrokenPipeError as soon as nobody reads standard output any more, if that is a pipe: the next write may be days away."""
    import asyncio
    import os
    import sys

    output = sys.stdout.fileno()
    if not stat.S_ISFIFO(os.fstat(output).st_mode):
        yield
        return
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(None) as reading:
            # The end of a pipe that one writes to has never anything to read: all that is told of it is that the other is closed.
            loop.add_reader(output, lambda: _end(loop, output, reading))
            try:
                yield
            finally:
                loop.remove_reader(output)
    except TimeoutError:
        if not reading.expired():
            raise
        raise BrokenPipeError from None


def _end(loop: AbstractEventLoop, output: int, reading: Timeout) -> None:
    loop.remove_reader(output)  # it would be told again and again
    reading.reschedule(loop.time())


def _json(topic: Topic) -> Callable[[Stored], None]:
    import sys

    import orjson

    from worker.cli.records import decoded

    write = sys.stdout.buffer.write

    def show(stored: Stored) -> None:
        write(orjson.dumps(decoded(stored, topic), option=orjson.OPT_APPEND_NEWLINE))

    return show


def _pretty(topic: Topic) -> Callable[[Stored], None]:
    from worker.cli import render

    out = render.console()
    return lambda stored: render.record(out, stored, topic)
