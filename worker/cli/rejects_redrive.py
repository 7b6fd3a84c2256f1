"""What `rejects redrive` is asked for: which rejections, whose they are, and what is to be done about each."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from worker import configured
from worker.cli.asked import ask, command
from worker.cli.exits import Exit
from worker.cli.options import where
from worker.cli.records import headers_of
from worker.cli.run_again import run_again
from worker.core.feeds import redrive as redrive_of
from worker.errors import UsageError
from worker.model import Topic
from worker.pipeline import definitions
from worker.pipeline.asking import Wanted
from worker.shown import on_one_line, visible

if TYPE_CHECKING:
    from worker.broker.port import Broker, Stored
    from worker.cli.rejects_which import Which
    from worker.cli.waiting import Waiting
    from worker.settings import Settings


@dataclass(frozen=True, slots=True)
class Chosen:
    """Of them: those that a source's owner is asked about, the newest of each, and the commands by which data sets are replayed."""

    of_sources: Sequence[Stored]
    replays: Sequence[str]
    of_datasets: int


def chosen(found: Iterable[Stored], where: str) -> Chosen:
    """Share them out. `where`: the options that name the broker."""
    newest: dict[tuple[str, ...], Stored] = {}
    replays: Counter[str] = Counter()
    for stored in found:
        headers = headers_of(stored)
        source, entry = headers.get("reject_source_id", ""), headers.get("reject_entry_key", "")
        if again := run_again(source, entry, where):
            replays[f"{again} --again"] += 1
        else:
            newest[source, entry, headers.get("reject_digest", "")] = stored
    return Chosen(tuple(newest.values()), tuple(replays), replays.total())


def tell(found: Chosen) -> None:
    """How many there are, whose, and what a person has to do about those of data sets."""
    count = len(found.of_sources) + found.of_datasets
    by_source = Counter(headers_of(stored).get("reject_source_id", "") for stored in found.of_sources)
    owners = "".join(f", {number} of source {on_one_line(source)}" for source, number in sorted(by_source.items()))
    datasets = f", {found.of_datasets} of data sets" if found.of_datasets else ""
    click.echo(f"{count} rejection{'' if count == 1 else 's'}{owners}{datasets}", err=True)
    if found.replays:
        click.echo(
            "nobody owns a data set; to publish what was rejected of it, with the whole file, as new events. What of the file"
            " `news-worker forget` took down comes back with it: take that out of it first",
            err=True,
        )
        for again in found.replays:
            click.echo(visible(again))


async def redrive(settings: Settings, which: Which, waiting: Waiting, *, yes: bool) -> Exit:
    """Choose, say how many, ask, and put what is asked of owners. UsageError: they are none, or nobody is there to be asked."""
    if which.everything:
        raise UsageError("which rejections? Give their places, or --code, --source or --since")
    async with configured.broker(settings, create=False) as broker:
        async with aclosing(broker.read(Topic.REJECTS, which.start())) as records:
            found = chosen([stored async for stored in records if which.wants(stored)], where(settings))
        if not found.of_sources and not found.of_datasets:
            raise UsageError("there is no such rejection, see `news-worker rejects list`")
        tell(found)
        wanted, left = await _wanted(broker, found.of_sources)
        if wanted and not yes and not which.places:
            _make_sure(len(wanted))
        about = {one.command.id: f"{place} of {one.command.source}" for place, one in wanted}
        done = await ask(broker, [one for _, one in wanted], waiting, about) if wanted else Exit.OK
    return Exit.LEFT if left or found.replays else done


def _make_sure(count: int) -> None:
    question = f"This redrives {count}"
    if not sys.stdin.isatty():
        raise UsageError(f"Nothing was asked for: {question.lower()}. Say --yes if that is what you want.")
    click.confirm(f"{question}. Go on?", abort=True, err=True)


async def _wanted(broker: Broker, found: Sequence[Stored]) -> tuple[list[tuple[str, Wanted]], int]:
    """A command each, by the rejection's place; and how many are of sources that are no more, which is said."""
    known = await definitions.known(broker)
    wanted, gone = [], Counter[str]()
    for stored in found:
        kept = redrive_of.kept(headers_of(stored), stored.value or b"")
        there = known.polled(kept.source)
        if there is None:
            gone[kept.source] += 1
            continue
        asked = Wanted(command("redrive", kept.source, redrive_of.said(kept)), there.definition.site)
        wanted.append((f"{stored.partition}:{stored.offset}", asked))
    for source, count in gone.items():
        click.echo(f"source {on_one_line(source)} is defined no more: {count} left as they are", err=True)
    return wanted, gone.total()
