"""Where decisions go: a shard of a broker, standard output, or nowhere (a dry run)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import BinaryIO, Protocol

import orjson

from worker.model import Decision, Record, Topic


class Sink(Protocol):
    """Takes decisions in order. Once `flush` returns, all of them are where they belong."""

    async def publish(self, decision: Decision) -> None:
        """Hand over one decision; may return before it has arrived."""
        ...

    async def flush(self) -> None:
        """Wait until everything handed over has arrived."""
        ...


class Lines:
    """Events as JSON, one a line, and nothing else: the value, with the CloudEvents attributes under `cloudevent`."""

    def __init__(self, stream: BinaryIO, adopt: Callable[[Sequence[Decision]], None]) -> None:
        self._stream = stream
        self._adopt = adopt

    async def publish(self, decision: Decision) -> None:
        """Write the events; rejections go to the summary only. BrokenPipeError: nobody reads any more."""
        lines = b"".join(_line(record) for record in decision.records if record.topic is Topic.ARTICLES)
        await asyncio.to_thread(self._write, lines)
        self._adopt([decision])

    def _write(self, lines: bytes) -> None:
        self._stream.write(lines)
        self._stream.flush()

    async def flush(self) -> None:
        """Every publish has flushed."""


class DryRun:
    """Counts what would be published."""

    def __init__(self, adopt: Callable[[Sequence[Decision]], None]) -> None:
        self._adopt = adopt

    async def publish(self, decision: Decision) -> None:
        """Count it."""
        self._adopt([decision])

    async def flush(self) -> None:
        """There is nothing to wait for."""


def _line(record: Record) -> bytes:
    attributes = {name.removeprefix("ce_"): value.decode() for name, value in record.headers if name.startswith("ce_")}
    return (record.value or b"{}")[:-1] + b',"cloudevent":' + orjson.dumps(attributes) + b"}\n"
