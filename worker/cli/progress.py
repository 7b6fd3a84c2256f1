"""How far a replay is: one moving line on a terminal, a plain line now and then elsewhere; on standard error both."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import click

from worker.pipeline.replays.summary import Summary
from worker.sources.files import path_key

_TERMINAL_SECONDS, _PLAIN_SECONDS = 0.2, 10.0
_ERASE = "\r\x1b[K"


@asynccontextmanager
async def showing(summary: Summary, roots: Sequence[Path], within: Callable[[str], bool]) -> AsyncIterator[None]:
    """Show progress while the block runs; how much there is in all is found out meanwhile.

    `within`: which files are to be read, by path key.
    """
    terminal = sys.stderr.isatty()
    showing = asyncio.create_task(_show(summary, roots, within, terminal=terminal))
    try:
        yield
    finally:
        showing.cancel()
        await asyncio.wait({showing})
        if terminal:
            click.echo(_ERASE, nl=False, err=True)


async def _show(summary: Summary, roots: Sequence[Path], within: Callable[[str], bool], *, terminal: bool) -> None:
    begun = time.monotonic()
    measuring = asyncio.create_task(asyncio.to_thread(bytes_in, roots, within))
    while True:
        await asyncio.sleep(_TERMINAL_SECONDS if terminal else _PLAIN_SECONDS)
        total = measuring.result() if measuring.done() else None
        text = line(summary, time.monotonic() - begun, total)
        click.echo(_ERASE + text if terminal else text, nl=not terminal, err=True)


def line(summary: Summary, seconds: float, total: int | None) -> str:
    """Progress in one line. `total`: bytes in all files as they lie on disk, None while that is not known."""
    rate = summary.published / seconds if seconds else 0.0
    text = f"{summary.published:,} published, {summary.rejected.total():,} rejected, {rate:,.0f} a second"
    done = summary.bytes_done
    if not total or not done:
        return text
    share = min(done / total, 1.0)
    return f"{text}, {share:.0%}, {_duration(seconds / share - seconds)} left"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def bytes_in(roots: Sequence[Path], within: Callable[[str], bool]) -> int:
    """How much there is to be read below the roots, as it lies on disk. `within`: of which files, by path key."""
    total = 0
    for root in roots:
        if root.is_file() and within(path_key(os.fsencode(root.absolute().name))):
            total += root.stat().st_size
        top = os.path.join(os.fsencode(root), b"")  # noqa: PTH118 (100,000 Path objects cost a second)
        for folder, _, names in os.walk(top):
            for name in names:
                path = os.path.join(folder, name)  # noqa: PTH118 (likewise)
                try:
                    found = os.stat(path)  # noqa: PTH116 (likewise)
                except OSError:
                    continue  # the replay itself says what it can't read
                if stat.S_ISREG(found.st_mode) and not name.startswith(b".") and within(path_key(path[len(top) :])):
                    total += found.st_size
    return total
