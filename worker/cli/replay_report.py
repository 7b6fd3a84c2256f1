"""The closing lines of a replay: what was published, what was not and why, and what to do about it."""

from __future__ import annotations

import click

from worker.pipeline.summary import SHOWN, Summary
from worker.shown import on_one_line


def close(summary: Summary, *, dry_run: bool, to_stream: bool) -> None:
    """Say it on standard error."""
    for text in lines(summary, dry_run=dry_run, to_stream=to_stream):
        click.echo(text, err=True)


def lines(summary: Summary, *, dry_run: bool, to_stream: bool) -> list[str]:
    """One thing a line; counts first, then single cases, then what to do."""
    would = "would be " if dry_run else ""
    rejected = summary.rejected.total()
    said = [f"{_count(summary.published, 'article')} {would}published from {_count(summary.files, 'file')}"]
    said += [f"{count:,} {outcome.value}" for outcome, count in sorted(summary.outcomes.items()) if not outcome.left]
    if not summary.committed and not summary.left and not summary.interrupted and summary.outcomes:
        said.append("all of it was already there: nothing was published")
    if rejected:
        codes = ", ".join(f"{code} {count:,}" for code, count in summary.rejected.most_common())
        said.append(f"{_count(rejected, 'record')} {would}rejected: {codes}")
        for path, rejection in summary.rejections:
            said.append(f"  {on_one_line(path)}, {rejection.code}: {on_one_line(rejection.message)}")
        if rejected > len(summary.rejections):
            said.append(f"  … and {rejected - len(summary.rejections):,} more")
        if not dry_run and not to_stream:
            said.append("  see them with: news-worker rejects list")
    left = sum(count for outcome, count in summary.outcomes.items() if outcome.left)
    if left:
        said.append(f"{_count(left, 'file')} left:")
        said += [f"  {on_one_line(one.path)}: {on_one_line(one.message)}" for one in summary.left]
        if left > SHOWN:
            said.append(f"  … and {left - SHOWN:,} more")
    if summary.notes:
        noted = sum(summary.notes.values())
        said.append(f"{_count(noted, 'article')} published with a remark:")
        said += [f"  {on_one_line(note)}" for note in summary.noted]
        if noted > len(summary.noted):
            said.append(f"  … and {noted - len(summary.noted):,} more")
    if summary.withdrawals:
        said.append(f"{_count(summary.withdrawals, 'deletion')} found; a replay withdraws nothing")
    if summary.interrupted:
        said.append("interrupted: call it again with the same arguments, it goes on where it was")
    return said


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
