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


@click.command(short_help="Replay sample articles and show what became of them.")
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

    One of the samples is broken on purpose. Run twice, it says what was already there.
    """
    seeds = Path(__file__).parents[2] / "seeds"
    if not seeds.is_dir():
        raise UsageError("the sample articles (seeds/) come with a checkout, not with an installation: run it there")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "news.db"
    mine = settings.model_copy(update={"broker": f"sqlite:///{file}", "prefix": ""})
    asyncio.run(_demo(mine, seeds, file))


async def _demo(settings: Settings, seeds: Path, file: Path) -> None:
    from worker import configured
    from worker.cli import render, replay_report
    from worker.model import Topic
    from worker.pipeline.job import Options, from_files
    from worker.pipeline.summary import Summary
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
    _heading(out, f"It is all in {file}. Next:")
    program = _shown_program()
    out.print(f"  {program} tail articles --limit 3 --broker sqlite:///{file}")
    out.print(f"  {program} rejects show 0 --broker sqlite:///{file}")
    out.print(f"  {program} replay YOUR-FOLDER --dry-run")
    if summary.interrupted:
        sys.exit(Exit.LEFT)


def _show(out: Console, events: list[Stored], rejects: list[Stored]) -> None:
    import orjson

    from worker.cli import render
    from worker.cli.records import headers_of

    values = [orjson.loads(event.value or b"{}") for event in events]
    _heading(out, f"In news.articles.v1: {len(values)}")
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
