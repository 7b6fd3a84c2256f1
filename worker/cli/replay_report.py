"""The closing lines of a replay: what was published, what was not and why, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from worker.pipeline.replays.summary import Summary
from worker.shown import on_one_line


def close(summary: Summary, *, dry_run: bool, to_stream: bool, where: str = "", failed: bool = False) -> None:
    """Say it on standard error; after a failure that came before anything was done, nothing."""
    if failed and not (summary.committed or summary.outcomes):
        return
    for text in lines(summary, dry_run=dry_run, to_stream=to_stream, where=where):
        click.echo(text, err=True)


def lines(summary: Summary, *, dry_run: bool, to_stream: bool, where: str = "") -> Iterator[str]:
    """One thing a line; counts first, then single cases, then what to do. `where`: as `options.where` gives it."""
    would = "would be " if dry_run else ""
    finished = f", {_count(summary.files, 'file')} read to the end" if summary.files else ""
    yield f"{_count(summary.published, 'article')} {would}published{finished}"
    if not summary.committed and not summary.outcomes and not summary.interrupted:
        yield "there was nothing to read"
    for outcome, count in sorted(summary.outcomes.items()):
        if not outcome.left:
            yield f"{_count(count, 'file')} {outcome.value}"
    if summary.nothing_new:
        yield "all of it was already there: nothing was published"
    yield from _rejected(summary, would, hint="" if dry_run or to_stream else f"news-worker rejects list{where}")
    left = sum(count for outcome, count in summary.outcomes.items() if outcome.left)
    shown = [f"{one.path}: {one.message}" for one in summary.left]
    yield from _listed(f"{_count(left, 'file')} left:", shown, left)
    noted = sum(summary.notes.values())
    yield from _listed(f"{_count(noted, 'remark')} on what was published:", summary.noted, noted)
    if summary.withdrawals:
        yield f"{_count(summary.withdrawals, 'deletion')} found; a replay withdraws nothing"
    if summary.interrupted and to_stream:
        yield "interrupted: nothing is remembered of it; a last line without its end is cut and not counted"
    elif summary.interrupted:
        yield "interrupted: call it again with the same arguments, it goes on where it was"


def _rejected(summary: Summary, would: str, *, hint: str) -> Iterator[str]:
    rejected = summary.rejected.total()
    codes = ", ".join(f"{code} {count:,}" for code, count in summary.rejected.most_common())
    shown = [f"{path}, {rejection.code}: {rejection.message}" for path, rejection in summary.rejections]
    yield from _listed(f"{_count(rejected, 'record')} {would}rejected: {codes}", shown, rejected)
    if rejected and hint:
        yield f"  see them with: {hint}"


def _listed(title: str, shown: Sequence[str], total: int) -> Iterator[str]:
    if not total:
        return
    yield title
    for text in shown:
        yield f"  {on_one_line(text)}"
    if total > len(shown):
        yield f"  … and {total - len(shown):,} more"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
