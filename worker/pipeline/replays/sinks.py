"""Where decisions go: a shard of a broker, standard output, or nowhere (a dry run)."""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable, Sequence
from io import FileIO
from typing import Protocol

import orjson

from worker.model import Decision, Record, Topic
from worker.pipeline.thread import in_thread

# After a signal, for a reader that is only slow. One that reads nothing any more gets a line without its end.
_GRACE_SECONDS = 1.0


class Sink(Protocol):
    """Takes decisions in order. Once `flush` returns, all of them are where they belong."""

    async def publish(self, decision: Decision) -> None:
        """Hand over one decision; may return before it has arrived."""
        ...

    def hurry(self) -> None:
        """Nothing more comes for now: what was handed over is not to wait for it."""
        ...

    async def flush(self) -> None:
        """Wait until everything handed over has arrived."""
        ...


class Lines:
    """Events as JSON, one a line, and nothing else: the value, with the CloudEvents attributes under `cloudevent`.

    The stream has no buffer: its lock, held by a thread that waits for a reader, would keep the interpreter from ending.
    """

    def __init__(self, stream: FileIO, adopt: Callable[[Sequence[Decision]], None], stop: asyncio.Event) -> None:
        self._stream = stream
        self._adopt = adopt
        self._stop = stop

    async def publish(self, decision: Decision) -> None:
        """Write the events; rejections go to the summary only. BrokenPipeError: nobody reads any more.

        Once `stop` is set nothing more is begun, and what nobody reads is left unfinished.
        """
        if self._stop.is_set():
            return
        lines = b"".join(_line(record) for record in decision.records if record.topic is Topic.ARTICLES)
        writing = asyncio.ensure_future(in_thread(lambda: self._write(lines)))
        stopping = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({writing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({writing}, timeout=_GRACE_SECONDS)
            if writing.done():
                writing.result()
                self._adopt([decision])
        finally:
            stopping.cancel()
            writing.cancel()

    def _write(self, lines: bytes) -> None:
        left = memoryview(lines)
        while left:
            # None: whoever gave us the stream made it non-blocking, and there is no room.
            if written := self._stream.write(left):
                left = left[written:]
            else:
                select.select([], [self._stream], [])

    def hurry(self) -> None:
        """Nothing waits for more."""

    async def flush(self) -> None:
        """Every publish has flushed."""


class DryRun:
    """Counts what would be published."""

    def __init__(self, adopt: Callable[[Sequence[Decision]], None]) -> None:
        self._adopt = adopt

    async def publish(self, decision: Decision) -> None:
        """Count it."""
        self._adopt([decision])

    def hurry(self) -> None:
        """Nothing waits for more."""

    async def flush(self) -> None:
        """There is nothing to wait for."""


def _line(record: Record) -> bytes:
    attributes = {name.removeprefix("ce_"): value.decode() for name, value in record.headers if name.startswith("ce_")}
    return (record.value or b"{}")[:-1] + b',"cloudevent":' + orjson.dumps(attributes) + b"}\n"
