"""`news-worker check`: whether configuration and broker are fine, without changing either."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from worker.cli.options import with_settings

if TYPE_CHECKING:
    from worker.broker.port import TopicInfo
    from worker.settings import Settings


@click.command(short_help="Say whether configuration and broker are fine.")
@click.option("--show", is_flag=True, help="Every setting, secrets masked, and where its value came from.")
@with_settings()
def command(settings: Settings, *, show: bool) -> None:
    """Say whether configuration and broker are fine, and what the topics hold. Nothing is created.

    \b
      news-worker check
      news-worker check --show
      news-worker check --config news.toml && news-worker replay my-articles/ --config news.toml
    """
    import asyncio
    import os

    from worker import configured
    from worker.cli import render
    from worker.cli.overlooked import overlooked
    from worker.settings import explain

    rows = explain(settings)
    to_be_made = _is_to_be_made(settings.broker)
    if not to_be_made:
        configured.broker(settings, create=False)  # raises what is wrong with how to reach it
    broker = next(value for name, value, _ in rows if name == "broker")
    click.echo("configuration: fine")
    for sentence in overlooked(os.environ):
        click.echo(f"  but {sentence}")
    if show:
        render.table(render.console(), ["setting", "value", "from"], rows)
        click.echo()
    if to_be_made:
        click.echo(f"broker: {broker}\n  does not exist yet; the first replay makes it")
    else:
        asyncio.run(_broker(settings, broker))


def _is_to_be_made(url: str) -> bool:
    """Whether it is a file of the embedded broker that isn't there yet, in a folder that is."""
    from worker.broker.connect import file_of

    path = file_of(url)
    return path is not None and not path.exists() and path.absolute().parent.is_dir()


async def _broker(settings: Settings, shown_as: str) -> None:
    from worker import configured
    from worker.cli import render
    from worker.model import Topic

    async with configured.broker(settings, create=False) as broker:
        topics = [await broker.describe(topic) for topic in Topic]
    click.echo(f"broker: {shown_as}\n  reachable")
    render.table(render.console(), ["topic", "partitions", "records", "offsets"], map(_row, topics))


def _row(topic: TopicInfo) -> list[str]:
    layout = topic.layout
    count = sum(span.end - span.start for span in topic.partitions)
    # Compaction takes records away between others, and each transaction's marker takes an offset.
    at_most = (
        "at most " if count and ("compact" in layout.settings.get("cleanup.policy", "") or layout.replication) else ""
    )
    only = topic.partitions[0] if len(topic.partitions) == 1 and count else None
    offsets = f"{only.start} to {only.end - 1}" if only else "none" if not count else "in several partitions"
    return [layout.name, str(len(topic.partitions)), f"{at_most}{count:,}", offsets]
