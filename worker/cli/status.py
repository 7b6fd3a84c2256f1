"""`news-worker status`: which worker owns which sources, and how it stands with them, as the workers themselves last said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from worker.cli.exits import Exit
from worker.cli.options import with_settings

if TYPE_CHECKING:
    from worker.model import ShardReport
    from worker.settings import Settings

_DAY_MS = 86_400_000  # for which `run --once` is taken to come again, as a timer calls it


@click.command(short_help="Show the workers, what they poll, and how late they are.")
@click.option("--json", "as_json", is_flag=True, help="One object.")
@with_settings()
def command(settings: Settings, *, as_json: bool) -> Exit:
    """Show each shard of the sources: its owner, how many sources it has, how late they are, how many can't be read.

    What is stuck follows, and what to do about it. A shard is a partition of the sources' topic; on the embedded broker there
    is one.

    Ends with 1 where a person is needed: an owner is silent for two minutes and its shard has sources (for a day, if they all
    had their turn in `run --once` and nothing was asked or added since), something stored can't be read, a source is gone, or
    fails in a way that waiting does not mend, or for more than a day.
    """
    import asyncio
    import time

    import orjson

    now = time.time_ns() // 1_000_000
    shards, stuck, for_a_person = asyncio.run(_looked_at(settings, now))
    needs_person = for_a_person or any(map(_is_left, shards))
    if as_json:
        members = sorted({str(shard["worker"]) for shard in shards if shard["worker"] and not shard["silent"]})
        told = {"members": members, "shards": shards, "stuck": stuck, "needs_person": needs_person}
        click.echo(orjson.dumps(told).decode())
    else:
        _show(shards)
        for line in stuck:
            click.echo(line, err=True)
    return Exit.LEFT if needs_person else Exit.OK


async def _looked_at(settings: Settings, now: int) -> tuple[list[dict[str, object]], list[str], bool]:
    """Each shard, what is stuck, and whether that needs a person."""
    from collections import Counter
    from contextlib import aclosing

    from worker import configured
    from worker.cli.status_stuck import Stuck
    from worker.core.feeds import loaded_report
    from worker.model import Topic
    from worker.pipeline import definitions

    async with configured.broker(settings, create=False) as broker:
        found = await definitions.known(broker)
        reports, stuck = {}, Stuck()
        async with aclosing(broker.read(Topic.CHECKPOINTS)) as records:
            async for record in records:
                stuck.absorb(record)
                if report := loaded_report(record.key, record.value):
                    reports[record.partition] = report
        refused = {partition: report.refused for partition, report in reports.items()}
        waiting = stuck.waiting(await broker.describe(Topic.INBOX))
    polled = Counter(one.partition for one in found if one.passed_over is None)
    unreadable = stuck.shards()
    shards = [
        _shard(number, polled[number], reports.get(number), now)
        | {"waiting": waiting.get(number, 0), "unreadable": unreadable.get(number)}
        for number in sorted({*polled, *reports, *unreadable})
    ]
    return shards, stuck.said(waiting, refused, now), stuck.for_a_person(refused, now)


def _shard(number: int, sources: int, report: ShardReport | None, now: int) -> dict[str, object]:
    from worker.core.feeds import silent

    if report is None:
        return {"shard": number, "sources": sources, "worker": None, "silent": True, "once": False}
    return {
        "shard": number,
        "sources": sources,
        "worker": report.worker,
        "silent": silent(report, now),
        "stopped": report.stopped,
        "once": report.once and report.sources == sources and now - report.at < _DAY_MS,
        "said_s_ago": max(0, now - report.at) // 1000,
        "owned_s": max(0, report.at - report.owned_at) // 1000,
        "due": report.due,
        "late_s": report.late // 1000,
        "failing": report.failing,
        "refused": report.refused,
        "behind": report.behind,
    }


def _is_left(shard: dict[str, object]) -> bool:
    """Whether nobody does what there is to do for it: after `run --once` only what was asked for since."""
    return bool(shard["silent"] and shard["sources"] and (shard["waiting"] or not shard["once"]))


def _show(shards: list[dict[str, object]]) -> None:
    from collections import Counter

    from worker.cli import render

    if not shards:
        click.echo(
            "no sources, and no worker has polled any: `news-worker sources add URL`, then `news-worker run`", err=True
        )
        return
    columns = ["shard", "owner", "said", "sources", "due", "late", "failing", "refused"]
    render.table(render.console(), columns, map(_row, shards))
    owners = Counter(str(shard["worker"]) for shard in shards if shard["worker"] and not shard["silent"])
    for worker, count in sorted(owners.items()):
        click.echo(f"{worker} has {count} of {_count(len(shards))}", err=True)
    for shard in shards:
        for source, records in _behind(shard).items():
            click.echo(f"topic {source}: {records:,} record{'' if records == 1 else 's'} behind", err=True)
    if left := [str(shard["shard"]) for shard in shards if _is_left(shard) and not shard["unreadable"]]:
        click.echo(f"no worker polls shard {', '.join(left)}: is `news-worker run` running?", err=True)
    elif {bool(shard["once"] and not shard["unreadable"]) for shard in shards if shard["sources"]} == {True}:
        click.echo(
            "every source had its turn in `run --once`, and no worker polls on: `news-worker run` does", err=True
        )


def _behind(shard: dict[str, object]) -> dict[str, int]:
    found = shard.get("behind")
    return found if isinstance(found, dict) and not shard["silent"] else {}


def _count(shards: int) -> str:
    return f"{shards} shard{'' if shards == 1 else 's'}"


def _row(shard: dict[str, object]) -> list[str]:
    if shard["unreadable"] and shard["silent"]:  # whoever had it before is no matter: nobody can
        return [str(shard["shard"]), "nobody: can't be read", "", str(shard["sources"]), "", "", "", ""]
    if shard["worker"] is None:
        return [str(shard["shard"]), "nobody yet", "", str(shard["sources"]), "", "", "", ""]
    how = "once" if shard["once"] else "stopped" if shard["stopped"] else "silent" if shard["silent"] else ""
    owner = f"{shard['worker']}{how and f' ({how})'}"
    said, late = f"{shard['said_s_ago']} s ago", f"{shard['late_s']} s"
    counts = [str(shard[name]) for name in ("sources", "due", "failing", "refused")]
    return [str(shard["shard"]), owner, said, *counts[:2], late, *counts[2:]]
