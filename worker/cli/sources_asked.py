"""`news-worker sources pause|resume|poll`: what the worker that polls a source is asked to do with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from worker.cli.exits import Exit
from worker.cli.options import with_settings
from worker.cli.waiting import Waiting, with_waiting

if TYPE_CHECKING:
    from worker.settings import Settings

_sources = click.argument("sources", metavar="ID...", nargs=-1, required=True)
_with_waiting = with_waiting(
    "Until the worker that polls it has done it, or refuses to.",
    "`news-worker sources show ID` shows when it is done, and --wait waits for it",
)


@click.command(short_help="Poll sources no more until they are resumed.")
@_sources
@_with_waiting
@with_settings()
def pause(settings: Settings, sources: Sequence[str], *, waiting: Waiting) -> Exit:
    """Poll the sources of these IDs (or URLs) no more, until they are resumed, be it after a restart.

    They stay defined, and what is remembered of them stays. An article that another feed of the site shows, too, is that feed's
    from then on. What waits in the inbox is done when a worker that runs looks into it: mostly at once.
    """
    return _asked("pause", settings, sources, waiting)


@click.command(short_help="Poll sources again that were paused.")
@_sources
@_with_waiting
@with_settings()
def resume(settings: Settings, sources: Sequence[str], *, waiting: Waiting) -> Exit:
    """Poll the sources of these IDs (or URLs) again, each from its next slot on."""
    return _asked("resume", settings, sources, waiting)


@click.command(short_help="Poll sources now, out of their turn.")
@_sources
@_with_waiting
@with_settings()
def poll(settings: Settings, sources: Sequence[str], *, waiting: Waiting) -> Exit:
    """Poll the sources of these IDs (or URLs) now, one after another on a site.

    Refused are those that are paused, gone (410), or whose server has asked to be left alone for longer. With --wait it is told
    what the poll came to, or why it brought no document (exit 1).
    """
    return _asked("poll", settings, sources, waiting)


def _asked(name: str, settings: Settings, sources: Sequence[str], waiting: Waiting) -> Exit:
    import asyncio

    return asyncio.run(_ask(name, settings, sources, waiting))


async def _ask(name: str, settings: Settings, sources: Sequence[str], waiting: Waiting) -> Exit:
    from worker import configured
    from worker.cli.asked import ask, command
    from worker.errors import UsageError
    from worker.pipeline import definitions
    from worker.pipeline.asking import Wanted

    async with configured.broker(settings, create=False) as broker:
        known = await definitions.known(broker)
        found = {one.definition.id: one for source in sources for one in definitions.named(known, source)}
        polled = {source: known.polled(source) for source in found}
        if unpolled := [
            f"source {source} is not polled: {found[source].passed_over}" for source in found if not polled[source]
        ]:
            raise UsageError("; ".join(unpolled))
        wanted = [
            Wanted(command(name, source, {}), one.definition.site) for source, one in polled.items() if one is not None
        ]
        return await ask(broker, wanted, waiting)
