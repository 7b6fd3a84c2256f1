"""`news-worker replay`: files and folders of articles into the topics, or as lines on standard output."""

from __future__ import annotations

import math
import os
import posixpath
import re
import sys
from functools import partial
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING

import click

from worker.cli.exits import Exit
from worker.cli.options import where, with_settings
from worker.errors import UsageError
from worker.model import STANDARD_INPUT, WHOLE, Split

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.pipeline.replays.job import Job, Options
    from worker.pipeline.replays.summary import Summary
    from worker.settings import Settings


_MOST_SPLITS = 1000  # each is claimed, restored and walked by itself when one call finishes them all


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--to", "target", metavar="-", help="`-`: events as JSON lines on standard output; nothing is remembered."
)
@click.option("--dataset", metavar="NAME", help="What ids and memory are scoped by (default: the path's last part).")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Stop after N articles; call again for more.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), metavar="N", help="N articles a second, evenly.")
@click.option("--dry-run", is_flag=True, help="Read everything, publish nothing, show what would happen.")
@click.option(
    "--again", is_flag=True, help="Publish anew what was published before, under a run id, with new event ids."
)
@click.option(
    "--only", multiple=True, metavar="PATH", help="Only this file, by its path within PATH; may be given several times."
)
@click.option("--changed", is_flag=True, help="Also publish files whose content was changed since they were published.")
@click.option(
    "--split", metavar="I/N", help="Only part I (from 0 to N-1) of N, so that several calls share a data set."
)
@with_settings("jobs")
def command(  # noqa: PLR0913 (the options of the command line)
    settings: Settings,
    paths: Sequence[str],
    *,
    target: str | None,
    dataset: str | None,
    limit: int | None,
    rate: float | None,
    dry_run: bool,
    again: bool,
    only: Sequence[str],
    changed: bool,
    split: str | None,
) -> Exit:
    """Publish the articles in files, folders or standard input (-), each exactly once.

    Reads plain text (a first word `date 2023-01` gives the date), JSON lines, JSON arrays, saved RSS and Atom, each also
    in .gz and .zst; the content tells which. Interrupted at any moment and called again it goes on where it was. What
    can't become an article goes to news.rejects.v1 with its bytes and the reason.

    A replay remembers files, not articles: each article is `created`, version 1. Standard input is not remembered once it
    is done, and --changed publishes a changed file whole: what was the same before has the same event id.

    With --to - nothing is remembered, and a last line without its end is cut: the replay was interrupted while nobody
    read on.

    With --split I/N, N calls on one machine or several share a data set at the same time, each file falling to one of them by
    its path. What was begun in N is finished in N, by all of its calls or by one without --split; then another N may begin.

    \b
    Examples:
      news-worker replay my-articles/ --dry-run
      news-worker replay my-articles/ --dataset archive-2023
      news-worker replay export.jsonl.gz --to - | head -3
      news-worker replay my-articles/ --split 0/2   # on one machine, and meanwhile on another
      news-worker replay my-articles/ --split 1/2
      zcat export.jsonl.gz | news-worker replay - --dataset export
    """
    import asyncio
    import os

    from worker.cli import replay_report
    from worker.cli.overlooked import overlooked
    from worker.pipeline.replays.job import Options
    from worker.pipeline.replays.summary import Summary

    if target not in (None, "-"):
        raise UsageError(f"--to takes only `-` (standard output), not {target!r}; a broker is named by --broker")
    if rate is not None and not math.isfinite(rate):
        raise UsageError(f"--rate {rate} is no number of articles a second")
    if dataset is not None and not dataset.strip():
        raise UsageError("--dataset is empty: give a name, or leave it out to take the path's last part")
    if target and dry_run:
        raise UsageError("--to - publishes nowhere and --dry-run nothing: give one of them")
    if target and split:
        raise UsageError("--split shares out what the broker remembers, and with --to - nothing is remembered")
    if target and sys.stdout is None:
        raise UsageError("standard output is closed: there is nothing to write to")
    options = Options(again=again, limit=limit, rate=rate, give_up_after=settings.give_up_after_s)
    part = _split(split) if split is not None else None
    jobs = _jobs(paths, dataset, options, only=frozenset(map(posixpath.normpath, only)), changed=changed, split=part)
    summary = Summary()
    failed = True
    try:
        asyncio.run(_run(settings, jobs, summary, paths, split=part, target=target, dry_run=dry_run))
        failed = False
    finally:
        replay_report.close(summary, dry_run=dry_run, to_stream=bool(target), where=where(settings), failed=failed)
    if limit is not None and summary.published >= limit:
        click.echo(f"that is the limit of {limit:,}: call again for more", err=True)
    for sentence in overlooked(os.environ):
        click.echo(f"note: {sentence}", err=True)
    return Exit.LEFT if summary.incomplete else Exit.OK


async def _run(  # noqa: PLR0913 (what the command line says)
    settings: Settings,
    jobs: Sequence[Job],
    summary: Summary,
    paths: Sequence[str],
    *,
    split: Split | None,
    target: str | None,
    dry_run: bool,
) -> None:
    from worker.cli.progress import showing
    from worker.pipeline.replays.job import falls_to
    from worker.service import replays

    async with showing(summary, [Path(path) for path in paths if path != STANDARD_INPUT], falls_to(split or WHOLE)):
        if target:
            with FileIO(sys.stdout.fileno(), "wb", closefd=False) as stream:
                await replays.replay_into_stream(settings, jobs, summary, stream)
        elif dry_run:
            await replays.dry_run(settings, jobs, summary)
        else:
            await replays.replay_into_broker(settings, jobs, summary)


def _split(text: str) -> Split:
    found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text, re.ASCII)
    if not found:
        raise UsageError(f"--split {text!r} is not of the form I/N: 0/2 is one half of the files, 1/2 the other")
    split = Split(int(found[1]), int(found[2]))
    if not 1 <= split.count <= _MOST_SPLITS:
        raise UsageError(f"--split {split}: a data set can have from 1 to {_MOST_SPLITS:,} splits")
    if split.index >= split.count:
        raise UsageError(
            f"--split {split}: splits count from 0, so the last of {split.count} is {split.count - 1}/{split.count}"
        )
    return split


def _jobs(  # noqa: PLR0913 (what the command line says)
    paths: Sequence[str],
    dataset: str | None,
    options: Options,
    *,
    only: frozenset[str],
    changed: bool,
    split: Split | None,
) -> list[Job]:
    """A job a data set: all paths with --dataset, else those with the same last part."""
    from worker.pipeline.replays.job import from_files, from_stream
    from worker.sources.files import path_key

    by_name: dict[str, list[Path]] = {}
    jobs = []
    for path in paths:
        if path == STANDARD_INPUT:
            if sys.stdin is None:
                raise UsageError("standard input is closed: there is nothing to read from")
            if only or changed:
                raise UsageError("--only and --changed are about files; standard input is read as it comes")
            if split:
                raise UsageError("--split shares out files by their paths; standard input has none: leave --split out")
            click.echo(
                "standard input can't be gone on with after an interruption: it would be read from its start", err=True
            )
            # Without a buffer: its lock, held by a thread that waits for input, would keep the interpreter from ending.
            stream = open(sys.stdin.fileno(), "rb", buffering=0, closefd=False)  # noqa: SIM115 (not ours to close)
            jobs.append(from_stream(stream, dataset or "stdin", options))
            continue
        root = Path(path)
        if not root.exists() and not root.is_symlink():
            raise UsageError(f"{path}: no such file or folder")
        name = dataset or path_key(os.fsencode(root.resolve().name))
        if not name:
            raise UsageError(f"{path} has no last part to name the data set by: give --dataset NAME")
        by_name.setdefault(name, []).append(root)
    wanted = partial(from_files, options=options, only=only, changed=changed, split=split)
    return jobs + [wanted(roots, name) for name, roots in by_name.items()]
