"""What `sources add` and `apply` do: compare, say what differs, ask where much would go, write."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from worker import configured
from worker.cli.exits import Exit
from worker.cli.sources_shown import line, now
from worker.core.sources import topics
from worker.core.sources.definitions import Definitions
from worker.core.sources.difference import Difference, Kind, Plan, Wanted
from worker.core.sources.lists import Listed
from worker.core.sources.urls import same_form
from worker.errors import BrokerMissing, UsageError
from worker.model import Definition
from worker.pipeline import definitions
from worker.shown import on_one_line, without_secrets

if TYPE_CHECKING:
    from worker.settings import Settings


@dataclass(frozen=True, slots=True)
class Wish:
    """How lists are to be applied."""

    dry_run: bool
    prune: bool
    yes: bool
    added: Mapping[str, Any]  # options of the sources that are added, whatever the lists say


async def apply_one(settings: Settings, wanted: Wanted) -> None:
    """Add or change one source. UsageError: it can't be."""
    async with configured.broker(settings, create=True) as broker:
        known = await definitions.known(broker)
        plan = definitions.planned(Listed((wanted,), ()), known, now(), own=configured.own_topics(settings))
        if plan.wrong:
            raise UsageError(plan.wrong[0].message)
        await definitions.write(broker, plan.records(now()))
    made = plan.differences[0]
    click.echo(_said(made, made.kind))
    if made.kind is Kind.ADDED and (twins := _twins(made.definition, known)):
        click.echo(
            f"note: {', '.join(twins)} has this URL too, and publishes its articles as well, under other ids", err=True
        )
    if made.kind is Kind.ADDED and (rest := _undefined(made.definition, known)):
        click.echo(f"note: nobody reads the shares {', '.join(rest)} of this topic until they are added, too", err=True)


def _twins(added: Definition, known: Definitions) -> list[str]:
    """The ids of others that poll the same feed; a topic's shares are none."""
    form = same_form(added.url)
    if added.share is not None:
        return []
    return sorted({one.definition.id for one in known if same_form(one.definition.url) == form} - {added.id})


def _undefined(added: Definition, known: Definitions) -> list[str]:
    """The other shares of its topic that are no sources."""
    if added.share is None:
        return []
    _, count = added.share
    site = topics.whole_site(added)
    there = {one.definition.site for one in known} | {added.site}
    return [f"{index}/{count}" for index in range(count) if f"{site}/{index}/{count}" not in there]


async def apply_files(settings: Settings, files: Sequence[Path], wish: Wish) -> Exit:
    """Apply the lists. UsageError: one can't be read as a whole, or too much would be removed."""
    lists, own = definitions.listed(files), configured.own_topics(settings)
    if wish.dry_run:
        plan = definitions.planned(lists, await _looked_at(settings), now(), wish.added, own)
        _complain(plan)
    else:
        async with configured.broker(settings, create=True) as broker:
            plan = definitions.planned(lists, await definitions.known(broker), now(), wish.added, own)
            _complain(plan)
            if wish.prune:
                _make_sure(plan, wish)
            await definitions.write(broker, plan.records(now(), prune=wish.prune))
    _tell(plan, wish)
    _summarise(plan, wish)
    return Exit.LEFT if plan.wrong else Exit.OK


async def _looked_at(settings: Settings) -> Definitions:
    try:
        async with configured.broker(settings, create=False) as broker:
            return await definitions.known(broker)
    except BrokerMissing:
        return Definitions(lambda _: 0)


def _make_sure(plan: Plan, wish: Wish) -> None:
    """What a list that is broken, or the wrong one, would remove is no less lost than what is meant to go."""
    gone, known = len(plan.of(Kind.MISSING)), sum(one.kind is not Kind.ADDED for one in plan.differences)
    if gone and plan.wrong:
        raise UsageError(
            "Nothing was changed: what can't be used in a list may be what --prune would remove. Mend it, or leave --prune out."
        )
    if 2 * gone <= known or wish.yes:
        return
    question = f"This removes {gone} of {known} sources"
    if not sys.stdin.isatty():
        raise UsageError(f"Nothing was changed: {question.lower()}. Say --yes if that is what you want.")
    for one in plan.of(Kind.MISSING):
        click.echo(f"in no list  {line(one.definition)}", err=True)
    click.confirm(f"{question}. Go on?", abort=True, err=True)


def _complain(plan: Plan) -> None:
    for one in plan.wrong:
        click.echo(f"wrong    {on_one_line(without_secrets(str(one)))}", err=True)


def _tell(plan: Plan, wish: Wish) -> None:
    """What was done, so never before it is; a list is rarely of all sources, so what it leaves alone is but counted."""
    for difference in plan.differences:
        if difference.kind is Kind.MISSING and wish.prune:
            click.echo(_said(difference, "removed"))
        elif difference.kind in (Kind.ADDED, Kind.CHANGED):
            click.echo(_said(difference, difference.kind))


def _said(difference: Difference, word: str) -> str:
    changes = on_one_line(without_secrets("; ".join(difference.changes)))
    return f"{word:<8} {line(difference.definition)}{f'  ({changes})' if changes else ''}"


def _summarise(plan: Plan, wish: Wish) -> None:
    added, changed, same, missing = (len(plan.of(kind)) for kind in Kind)
    left = "" if not missing else f", {missing} {'removed' if wish.prune else 'in no list: kept (--prune removes)'}"
    wrong = f", {len(plan.wrong)} wrong" if plan.wrong else ""
    only = "dry run, nothing was changed: " if wish.dry_run else ""
    click.echo(f"{only}{added} added, {changed} changed, {same} the same{left}{wrong}", err=True)
