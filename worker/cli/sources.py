"""`news-worker sources`: which feeds and topics are polled, and how. A worker that runs takes up what changes here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from worker.cli.exits import Exit
from worker.cli.options import with_settings
from worker.cli.sources_asked import pause, poll, resume

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.cli.sources_memory import Noted, Remembered
    from worker.core.sources.definitions import Definitions, Found
    from worker.settings import Settings


@click.group()
def command() -> None:
    """Add, change, list and remove what is polled, and pause it: feeds, and topics of other systems.

    A worker that runs takes up what changes.

    \b
      news-worker sources add https://news.example/feed.xml --interval 15m
      news-worker sources add kafka://broker.example:9092/desk.out --id desk
      news-worker sources apply my-feeds.opml --dry-run
      news-worker sources list
    """


for _asked in (pause, resume, poll):
    command.add_command(_asked)


@command.command("list")
@click.option("--failing", is_flag=True, help="Only those that could not be read when last polled, and why not.")
@click.option("--json", "as_json", is_flag=True, help="An object a line, with all options.")
@with_settings()
def list_(settings: Settings, *, failing: bool, as_json: bool) -> None:
    """List the sources, those of a site side by side. On a terminal as a table, elsewhere as values separated by tabs."""
    import asyncio

    from worker.cli import render, sources_shown
    from worker.cli.sources_memory import Noted

    known, notes_of = asyncio.run(_listed(settings))
    found = sorted(known, key=lambda one: (one.definition.site, one.definition.id, one.partition))
    notes = [notes_of.get((one.partition, one.definition.id), Noted()) for one in found]
    pairs = zip(found, notes, strict=True)
    shown = [(one, note) for one, note in pairs if note.failing or one.passed_over or not failing]
    if as_json:
        sources_shown.lines(
            sources_shown.plain(one) | {"paused": note.paused} | ({"failing": note.failing or None} if failing else {})
            for one, note in shown
        )
    elif shown:
        render.table(
            render.console(), sources_shown.COLUMNS, (sources_shown.row(one, note.text) for one, note in shown)
        )
    elif found:
        click.echo("none of the sources that were polled so far fails", err=True)
    else:
        click.echo("no sources: `news-worker sources add URL`, or `apply FILE` with a list of them", err=True)


@command.command(short_help="Show one source, and what the worker remembers of it.")
@click.argument("source", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="As one object.")
@with_settings()
def show(settings: Settings, source: str, *, as_json: bool) -> None:
    """Show how the source of that ID (or URL) is defined, and what the worker remembers of it."""
    import asyncio

    from worker.cli import sources_memory, sources_shown

    for one, memory in asyncio.run(_looked_at(settings, source)):
        if as_json:
            memory_of = None if memory is None else sources_memory.plain(one.definition, memory)
            sources_shown.lines([sources_shown.plain(one) | {"memory": memory_of}])
        else:
            remembers = {} if memory is None else sources_memory.facts(one.definition, memory, sources_shown.now())
            sources_shown.show(sources_shown.facts(one) | remembers)


@command.command(short_help="Add a source, or change its options.")
@click.argument("url")
@click.option("--id", "source", metavar="ID", help="What to call it for ever (default: it follows from the URL).")
@click.option("--title", metavar="TEXT", help="What people call it.")
@click.option("--interval", metavar="TIME", help="How often to ask, from 60s to 7d (default: 30m).")
@click.option(
    "--initial",
    metavar="WHAT",
    help="Of what its first document shows: publish (default), skip, or a date: skip what is older.",
)
@click.option(
    "--updates", metavar="WHICH", help="all (default) or none: publish changes of an article, or its first state only."
)
@click.option("--daily-updates", metavar="N", help="Changes of one article that are published a day (default: 24).")
@click.option("--zone", metavar="ZONE", help="Of its times that have none: a name such as Europe/Berlin, or +02:00.")
@click.option(
    "--header", "headers", multiple=True, metavar="NAME=SECRET", help="To send; SECRET is the name of a secret."
)
@click.option("--credentials", metavar="SECRET", help="The name of the secret that holds user:password.")
@click.option("--ca-file", metavar="PATH", help="An authority of its own (PEM), on the worker's machine.")
@click.option(
    "--format", metavar="FORM", help="Of a topic's records: articles (JSON), feed, or auto (default): by each."
)
@click.option("--share", metavar="I/N", help="Of a topic: every Nth partition, beginning with I; a source for each I.")
@click.option("--security", metavar="HOW", help="Of a topic: plaintext, ssl, sasl_plaintext or sasl_ssl.")
@click.option("--sasl-mechanism", metavar="NAME", help="Of a topic: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.")
@click.option("--certificate-file", metavar="PATH", help="Of a topic: the worker's own certificate there (PEM).")
@click.option("--key-file", metavar="PATH", help="Of a topic: the key of that certificate (PEM).")
@with_settings()
def add(settings: Settings, /, url: str, source: str | None, **options: Any) -> None:
    """Add the feed at URL, or a topic of another system.

    Of a source that is there already, the options given are changed. A topic is kafka://HOST:PORT/TOPIC.

    A secret is named, never given: NAME is the file secret_NAME in NEWS_WORKER_SECRETS_DIR, else the variable
    NEWS_WORKER_SECRET_NAME (NAME in capitals there), where the worker runs.
    """
    import asyncio

    from worker.cli.sources_apply import apply_one
    from worker.core.sources.difference import Wanted
    from worker.core.sources.options import parsed, source_id
    from worker.core.sources.urls import checked
    from worker.errors import UsageError

    try:
        given = parsed({name: value for name, value in options.items() if value not in (None, ())})
        wanted = Wanted(checked(url), "", None if source is None else source_id(source), given)
    except ValueError as error:
        raise UsageError(str(error)) from None
    asyncio.run(apply_one(settings, wanted))


@command.command(short_help="Remove sources.")
@click.argument("sources", metavar="ID...", nargs=-1, required=True)
@with_settings()
def remove(settings: Settings, sources: Sequence[str]) -> None:
    """Remove the sources of these IDs (or URLs). Their articles stay; what is remembered of them goes after 7 days.

    A topic that is added again later than that, or in another number of shares, is read from its start: what it still holds is
    published once more, under the same event ids.
    """
    import asyncio

    asyncio.run(_remove(settings, sources))


@command.command(short_help="Add and change what lists of sources say.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option("--prune", is_flag=True, help="Remove the sources that stand in none of the files.")
@click.option("--yes", is_flag=True, help="Remove more than half without asking.")
@click.option(
    "--initial",
    metavar="WHAT",
    help="Of the first documents of sources that are added, whatever the FILEs say: publish, skip, or a date.",
)
@with_settings()
def apply(  # noqa: PLR0913 (the options of the command line)
    settings: Settings, files: Sequence[Path], *, dry_run: bool, prune: bool, yes: bool, initial: str | None
) -> Exit:
    """Add and change the sources that the FILEs (-: standard input) list: OPML, TOML, or a URL a line.

    In TOML a source is a [[source]] table with url, and id, title, interval, initial, updates, daily_updates, zone, headers,
    credentials, ca_file where they are not as by default. OPML without options of ours, and a URL alone, leave options as they are.

    \b
      [[source]]
      url = "https://news.example/feed.xml"
      interval = "15m"
      headers = { X-Key = "example_key" }   # the name of a secret
    """
    import asyncio

    from worker.cli.sources_apply import Wish, apply_files
    from worker.core.sources.options import parsed
    from worker.errors import UsageError

    try:
        added = parsed({} if initial is None else {"initial": initial})
    except ValueError as error:
        raise UsageError(str(error)) from None
    return asyncio.run(apply_files(settings, files, Wish(dry_run=dry_run, prune=prune, yes=yes, added=added)))


@command.command(short_help="Write the sources as OPML or TOML.")
@click.option("--format", "form", type=click.Choice(["opml", "toml"]), default="opml", show_default=True)
@with_settings()
def export(settings: Settings, form: str) -> None:
    """Write the sources to standard output; applied elsewhere, it gives the same ids and options.

    URLs are written in full, whatever tokens they hold.
    """
    import asyncio
    import sys

    from worker.core.sources import opml, table

    found = [one.definition for one in asyncio.run(_known(settings)) if one.passed_over is None]
    if form == "opml" and (topics := [one.id for one in found if one.kind == "topic"]):
        click.echo(
            f"note: OPML lists feeds; left out are the topics {', '.join(topics)}: --format toml has them", err=True
        )
        found = [one for one in found if one.kind == "feed"]
    found.sort(key=lambda one: (one.added_at, one.id))
    sys.stdout.buffer.write(opml.written(found) if form == "opml" else table.written(found).encode())


async def _listed(settings: Settings) -> tuple[Definitions, dict[tuple[int, str], Noted]]:
    """The definitions, and what is to be noted of what they define."""
    from worker import configured
    from worker.cli import sources_memory
    from worker.pipeline import definitions

    async with configured.broker(settings, create=False) as broker:
        return await definitions.known(broker), await sources_memory.noted(broker)


async def _known(settings: Settings) -> Definitions:
    from worker import configured
    from worker.pipeline import definitions

    async with configured.broker(settings, create=False) as broker:
        return await definitions.known(broker)


async def _looked_at(settings: Settings, source: str) -> list[tuple[Found, Remembered | None]]:
    """The definitions, and of those that are polled what is remembered."""
    from worker import configured
    from worker.cli.sources_memory import remembered
    from worker.pipeline import definitions

    async with configured.broker(settings, create=False) as broker:
        return [
            (one, None if one.passed_over else await remembered(broker, one.definition.id, one.partition))
            for one in definitions.named(await definitions.known(broker), source)
        ]


async def _remove(settings: Settings, sources: Sequence[str]) -> None:
    from worker import configured
    from worker.cli import sources_shown
    from worker.pipeline import definitions

    async with configured.broker(settings, create=False) as broker:
        known = await definitions.known(broker)
        removed = {
            one.definition.id: known.of(one.definition.id)
            for source in sources
            for one in definitions.named(known, source)
        }
        await definitions.remove(broker, [one for found in removed.values() for one in found], sources_shown.now())
    for found in removed.values():
        click.echo(f"removed  {sources_shown.line(found[0].definition)}")
    if topics := [source for source, found in removed.items() if found[0].definition.kind == "topic"]:
        click.echo(
            f"{', '.join(topics)}: added again under that id within 7 days, it goes on where it was; later, or in another number of"
            " shares, what its topic still holds is published once more, under the same event ids",
            err=True,
        )
