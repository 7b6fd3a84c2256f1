"""`news-worker run`: polls the sources and publishes what is new, changed or withdrawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from worker.cli.exits import Exit
from worker.cli.options import where, with_settings
from worker.cli.run_ended import Worker, say_end

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.settings import Settings


@click.command(cls=Worker, short_help="Poll feeds and topics; publish what is new, changed or withdrawn.")
@click.option(
    "--feeds",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    metavar="FILE",
    help="Sources to add or change first: OPML, a list of URLs, or TOML. May be given several times.",
)
@click.option("--once", is_flag=True, help="Poll every source one time, then end with a summary.")
@with_settings("jobs", "allow_net", "proxy", "health_address")
def command(settings: Settings, *, feeds: Sequence[Path], once: bool) -> Exit:
    """Poll the sources that the broker knows until SIGTERM or Ctrl-C, and publish each version of each article exactly once.

    A source is a feed, asked at intervals, or a topic of another system, read as its records come; with --once up to its end.

    Sources that are added or removed meanwhile (`news-worker sources`) are taken up. --feeds never removes any.

    \b
    Examples:
      news-worker run --feeds my-feeds.opml --once
      news-worker run
      news-worker run --allow-net 10.0.0.0/8   # feeds of an intranet
    """
    import asyncio
    import os

    import structlog

    from worker.cli import run_report
    from worker.cli.overlooked import overlooked
    from worker.model import Totals
    from worker.service.feeds import poll

    log = structlog.get_logger()
    totals = Totals()
    for sentence in overlooked(os.environ):
        log.warning("variable.not_used", reason=sentence)
    try:
        asyncio.run(poll(settings, feeds, totals, once=once))
        code = Exit.LEFT if once and totals.incomplete else Exit.OK
        say_end(code, "a signal" if totals.interrupted else "every source had its turn")
    finally:
        if once:
            for line in run_report.lines(totals, where=where(settings)):
                click.echo(line, err=True)
    return code
