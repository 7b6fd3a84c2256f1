"""How far a replay is: one moving line on a terminal, a plain line now and then elsewhere; on standard error both."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import click

from worker.pipeline.summary import Summary

_TERMINAL_SECONDS, _PLAIN_SECONDS = 0.2, 10.0
_ERASE = "\r\x1b[K"


@asynccontextmanager
async def showing(summary: Summary, roots: Sequence[Path]) -> AsyncIterator[None]:
    """Show progress while the block runs; how much there is in all is found out meanwhile."""
    terminal = sys.stderr.isatty()
    showing = asyncio.create_task(_show(summary, roots, terminal=terminal))
    try:
        yield
    finally:
        showing.cancel()
        await asyncio.wait({showing})
        if terminal:
            click.echo(_ERASE, nl=False, err=True)


async def _show(summary: Summary, roots: Sequence[Path], *, terminal: bool) -> None:
    begun = time.monotonic()
    measuring = asyncio.create_task(asyncio.to_thread(_bytes_in, roots))
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


def _bytes_in(roots: Sequence[Path]) -> int:
    total = 0
    for root in roots:
        if root.is_file():
            total += root.stat().st_size
        for folder, _, names in os.walk(root):
            for name in names:
                try:
                    found = os.stat(os.path.join(folder, name))  # noqa: PTH116, PTH118 (100,000 Path objects cost a second)
                except OSError:
                    continue  # the replay itself says what it can't read
                if stat.S_ISREG(found.st_mode) and not name.startswith("."):
                    total += found.st_size
    return total
