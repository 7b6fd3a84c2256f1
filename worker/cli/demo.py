"""`news-worker demo`: the sample articles through the whole path, and what became of each."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from worker.cli.exits import Exit
from worker.cli.options import with_settings
from worker.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from worker.broker.port import Stored
    from worker.settings import Settings

_HEADLINE_WIDTH = 44
_NAMES = {
    "ar": "Arabic",
    "ja": "Japanese",
    "zh": "Chinese",
    "uk": "Ukrainian",
    "el": "Greek",
    "hi": "Hindi",
    "fa": "Persian",
}


@click.command(short_help="Replay sample articles, poll a sample feed, and show what became of them.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path("demo"),
    show_default=True,
    help="Where the broker's file is made.",
)
@with_settings("jobs")
def command(settings: Settings, *, folder: Path) -> None:
    """Replay the sample articles of the checkout into the embedded broker and show what was published and what rejected.

    One of the samples is broken on purpose. Then a sample feed is served on this machine, polled, changed and polled again.
    Run twice, it says what was already there.
    """
    from worker.ops import logs

    if settings.log_level == "info":  # what is done is shown in tables
        logs.set_up("warning", settings.log_format)
    seeds = Path(__file__).parents[2] / "seeds"
    if not seeds.is_dir():
        raise UsageError("the sample articles (seeds/) come with a checkout, not with an installation: run it there")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "news.db"
    mine = settings.model_copy(update={"broker": f"sqlite:///{file}", "prefix": ""})
    interrupted = asyncio.run(_replay(mine, seeds, file))
    if not interrupted:
        interrupted = asyncio.run(_poll(mine, folder))
    _show_next(file)
    if interrupted:
        sys.exit(Exit.LEFT)


async def _replay(settings: Settings, seeds: Path, file: Path) -> bool:
    """The first half. Whether it was interrupted."""
    from worker import configured
    from worker.cli import render, replay_report
    from worker.model import Topic
    from worker.pipeline.replays.job import Options, from_files
    from worker.pipeline.replays.summary import Summary
    from worker.service import replays

    out = render.console()
    summary = Summary()
    job = from_files([seeds], "seeds", Options(give_up_after=settings.give_up_after_s))
    await replays.replay_into_broker(settings, [job], summary)
    async with configured.broker(settings, create=False) as broker:
        events = [record async for record in broker.read(Topic.ARTICLES)]
        rejects = [record async for record in broker.read(Topic.REJECTS)]
    _show(out, events, rejects)
    _heading(out, "This replay")
    for text in replay_report.lines(summary, dry_run=False, to_stream=False, where=f" --broker sqlite:///{file}"):
        click.echo(text)
    return summary.interrupted


async def _poll(settings: Settings, folder: Path) -> bool:
    """The second half. Whether it was interrupted."""
    from worker.cli import demo_polls, render, run_report

    out = render.console()
    polls = await demo_polls.poll_twice(settings, folder)
    _heading(out, "A feed polled, changed by its publisher, and polled again")
    if polls.known and not polls.published:
        out.print("  An earlier demo has published all of it, and nothing has changed since: so nothing is published.")
    else:
        out.print(f"  The first poll published {polls.published_first}. What the second made of it:")
        out.print()
        render.table(out, demo_polls.COLUMNS, polls.rows)
    _heading(out, "The second poll")
    for text in run_report.lines(polls.totals, where=f" --broker {settings.broker}"):
        click.echo(text)
    return polls.totals.interrupted


def _show_next(file: Path) -> None:
    from worker.cli import demo_polls, render

    out = render.console()
    _heading(out, f"It is all in {file}. Next:")
    program = _shown_program()
    click.echo(f"  {program} tail articles --limit 3 --broker sqlite:///{file}")
    click.echo(f"  {program} rejects show 0 --broker sqlite:///{file}")
    click.echo(f"  {program} sources show {demo_polls.SOURCE} --broker sqlite:///{file}")
    click.echo(f"  {program} replay YOUR-FOLDER --dry-run")
    click.echo(f"  {program} run --feeds YOUR-FEEDS.opml --once")


def _show(out: Console, events: list[Stored], rejects: list[Stored]) -> None:
    import orjson

    from worker.cli import render
    from worker.cli.records import headers_of

    every = [orjson.loads(event.value or b"{}") for event in events]
    values = [value for value in every if value["source"]["kind"] == "dataset"]
    _heading(out, f"In news.articles.v1, replayed: {len(values)}")
    render.table(out, ["published", "language", "headline, or how it begins", "from"], map(_row, values))
    _heading(out, f"In news.rejects.v1: {len(rejects)} (one line of one file is broken on purpose)")
    rows = [headers_of(reject) for reject in rejects]
    render.table(
        out,
        ["reason", "entry", "message"],
        ([row["reject_code"], row["reject_entry_key"], row["reject_message"]] for row in rows),
    )
    month = next((value for value in values if value["published"].get("precision") == "month"), None)
    if month:
        published = month["published"]
        _heading(out, "A month stays a month")
        out.print(
            f"  {_title(month)}\n  published {published['value']}: some time from {published['start']} to {published['end']}"
        )
    others = [
        value for value in values if value["language"].get("value", "")[:2] in _NAMES and "headlines" in value["item"]
    ]
    if others:
        other = min(others, key=lambda value: len(str(value)))
        language = other["language"]
        _heading(out, f"{_NAMES[language['value'][:2]]}, {language['basis']}")
        out.print(f"  {other['item']['headlines'][0]['value']}")
        _heading(out, "The same event in full")
        click.echo(orjson.dumps(other, option=orjson.OPT_INDENT_2).decode())


def _row(value: dict[str, Any]) -> list[str]:
    return [
        value["published"].get("value", "unknown"),
        value["language"].get("value", "unknown"),
        _title(value),
        value["provenance"]["file"],
    ]


def _title(value: dict[str, Any]) -> str:
    item = value["item"]
    if "headlines" in item:
        text: str = item["headlines"][0]["value"]
    else:
        text = "“" + " ".join(item["bodies"][0]["value"].split())
    return text if len(text) <= _HEADLINE_WIDTH else text[: _HEADLINE_WIDTH - 1].rstrip() + "…"


def _heading(out: Console, text: str) -> None:
    from rich.text import Text

    out.print()
    out.print(Text(text, style="bold"))


def _shown_program() -> str:
    return os.path.relpath(sys.argv[0]) if sys.argv[0].endswith("news-worker") else "news-worker"
