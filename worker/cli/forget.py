"""`news-worker forget`: a takedown. An article is withdrawn, then a tombstone makes the broker drop what it still holds of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from worker.cli.exits import Exit
from worker.cli.options import with_settings
from worker.cli.waiting import Waiting, with_waiting

if TYPE_CHECKING:
    from worker.broker.port import Broker
    from worker.core.takedown import Published, Sought
    from worker.pipeline.asking import Wanted
    from worker.settings import Settings

_KEPT_OUT_SECONDS = 60.0  # for which it is waited, without --wait, until the other shards keep it out: mostly at once


def _article_id(_ctx: click.Context, _argument: click.Parameter, text: str) -> str:
    import uuid

    try:
        return str(uuid.UUID(text))  # as urn:uuid:… too
    except ValueError:
        raise click.BadParameter(f"{text!r} is no articleId: it is a UUID, the key of the article's events") from None


@click.command(short_help="Take an article down, for good.")
@click.argument("article_id", metavar="ARTICLE", callback=_article_id)
@click.option("--dry-run", is_flag=True, help="Show which article that is, and change nothing.")
@with_waiting("Until the worker that polls its source has done it.")
@with_settings()
def command(settings: Settings, article_id: str, waiting: Waiting, *, dry_run: bool) -> Exit:
    """Publish that the article of that id is withdrawn, then a tombstone, each once however often this is called.

    Of a source that is polled it is the worker that does so, when it next looks into its inbox: it forgets what it remembers of the
    article and keeps a mark of it, so that nothing that still shows it, or shows it again, brings it back.

    Of a topic all other shards are to keep it out first, as its shares may fall to any of them. That is always waited for,
    without --wait for a minute at most: as long as one of them doesn't, nothing is taken down (exit 1).

    Who reads along gets the event `withdrawn`; the broker drops what it holds of the article when it next cleans up, a week
    later or more. What was rejected of it stays in news.rejects.v1 until its time is over, 30 days unless set.

    An article of a data set is not kept from coming back: a replay remembers files, so `replay --again`, or of the file once it
    changed, publishes it anew.

    \b
      news-worker forget 6f1c2f0e-… --dry-run
      news-worker forget 6f1c2f0e-…
    """
    import asyncio

    return asyncio.run(_forget(settings, article_id, waiting, dry_run=dry_run))


async def _forget(settings: Settings, article_id: str, waiting: Waiting, *, dry_run: bool) -> Exit:
    from worker import configured
    from worker.pipeline import takedown

    async with configured.broker(settings, create=False) as broker:
        sought = await takedown.seek(broker, article_id)
        if sought.last is None:
            return _gone(sought, article_id)
        _show(sought, sought.last)
        if dry_run:
            click.echo("dry run, nothing was changed", err=True)
            return Exit.OK
        click.echo("what was rejected of it stays in news.rejects.v1 until its time is over", err=True)
        if not sought.last.of_dataset:
            return await _asked(broker, sought.last, sought.seen, waiting)
        return await _taken_down(broker, sought.last)


async def _asked(broker: Broker, last: Published, seen: int, waiting: Waiting) -> Exit:
    """Of a topic every other shard keeps it out, first: its shares, of today or later, may fall to any of them.

    A share that didn't know yet would bring it back, after the tombstone: so the takedown is asked for once all of them do.
    """
    import time

    from worker.cli.asked import ask
    from worker.model import Topic

    owner = broker.partition_of(Topic.CHECKPOINTS, last.source["site"].encode())
    shards = range(broker.partitions(Topic.CHECKPOINTS)) if last.source["kind"] == "topic" else ()
    if others := {shard: _wanted("keep_out", last, seen, shard) for shard in shards if shard != owner}:
        begun = time.monotonic()
        about = {one.command.id: f"shard {shard}" for shard, one in others.items()}
        first = waiting if waiting.so else Waiting(so=True, seconds=_KEPT_OUT_SECONDS)
        if await ask(broker, [*others.values()], first, about) is not Exit.OK:
            click.echo(
                "nothing was taken down: not every shard keeps it out yet, and a share of the topic there would bring it back."
                f" Call it again once that is mended{'' if waiting.so else ', or with --wait'}",
                err=True,
            )
            return Exit.LEFT
        waiting = waiting.after(time.monotonic() - begun)
    return await ask(broker, [_wanted("forget", last, seen, last.source["site"])], waiting)


def _wanted(name: str, last: Published, seen: int, site: str | int) -> Wanted:
    from dataclasses import asdict

    from worker.cli.asked import command as asked
    from worker.pipeline.asking import Wanted

    return Wanted(asked(name, last.source["id"], {"article": asdict(last), "seen": seen}), site)


def _gone(sought: Sought, article_id: str) -> Exit:
    from worker.errors import UsageError
    from worker.model import Topic

    if not sought.gone:
        raise UsageError(
            f"There is no article {article_id} in {Topic.ARTICLES}: it never was, or its time there is over."
        )
    click.echo(f"article {article_id} is gone already: its tombstone is the last that {Topic.ARTICLES} has of it")
    return Exit.OK


def _show(sought: Sought, last: Published) -> None:
    from worker.cli.records import timestamp
    from worker.shown import on_one_line

    facts = {
        "article": last.article_id,
        "headline": on_one_line(last.headline or "(none)"),
        "source": on_one_line(
            f"{last.source['id']} ({', '.join(filter(None, map(last.source.get, ('kind', 'site'))))})"
        ),
        "link": on_one_line(last.link or "(none)"),
    }
    for name, value in facts.items():
        click.echo(f"{name:<9} {value}")
    for kind, version, at in sought.versions:
        click.echo(f"{'version':<9} {version} {kind} {timestamp(at)}")


async def _taken_down(broker: Broker, last: Published) -> Exit:
    from worker.cli.asked import now
    from worker.pipeline import takedown

    done = await takedown.take_down(broker, last.article_id, now)
    click.echo("withdrawn, and its tombstone is published" if done else "it was taken down by another call just now")
    name = last.source["id"].removeprefix("dataset:")
    click.echo(
        f"nothing keeps it from coming back: a replay of data set {name} with --again, or of its file once that has changed,"
        " publishes it anew; take it out of the file",
        err=True,
    )
    return Exit.OK
