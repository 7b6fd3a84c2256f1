"""Documents to decisions: cut in a thread, read ahead in processes, decided and published here in the files' order.

The one decision: everything overlaps that may, and nothing that may not. What is read ahead is bounded; where publishing waits,
reading waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from worker.core.replays.decide import decide
from worker.model import Decision, FileState, Reading, Split
from worker.pipeline.readers.pool import ReaderPool
from worker.pipeline.replays.job import Job
from worker.pipeline.replays.pace import Pace
from worker.pipeline.replays.sinks import Sink
from worker.pipeline.replays.summary import Summary
from worker.pipeline.search import Search
from worker.pipeline.thread import in_thread
from worker.sources.files import Found, Said

# What one call to a reader's process gets at most: bytes, and documents (small files).
_BATCH_BYTES = 512 * 1024
_BATCH_DOCUMENTS = 256
# What a transaction waits for at most, at first and after faults: half a second's at full speed (docs/decisions/0014).
_GATHER_BYTES = 16 * 1024 * 1024
_LEAST_BYTES = 4 * 1024 * 1024
_AHEAD = 2  # batches read ahead of what is being published, besides one a process


@dataclass(frozen=True, slots=True)
class _Ahead:
    """A batch of documents (and what was said between them) while it is being read."""

    batch: Sequence[Found | Said]
    readings: asyncio.Task[list[list[Reading]]]


@dataclass(slots=True)
class Flow:
    """What one replay carries through its faults."""

    job: Job
    pool: ReaderPool
    summary: Summary
    stop: asyncio.Event
    record_bytes: int
    pace: Pace
    run: str | None = None
    search: Search = field(default_factory=Search)
    gather: int = _GATHER_BYTES
    in_doubt: Sequence[Decision] = ()  # of a transaction that failed in a way that leaves open whether it happened

    def gather_less(self) -> None:
        """After a fault: the broker may not be able to take as much in the time that a commit has."""
        self.gather = max(_LEAST_BYTES, self.gather // 2)


async def read_all(going: Flow, sink: Sink, remembered: Mapping[str, FileState], split: Split) -> bool:
    """Read and publish; whether every file was read as far as it can be."""
    found = going.job.open(remembered, going.run, split)
    ahead: asyncio.Queue[_Ahead | None] = asyncio.Queue(maxsize=going.pool.jobs + _AHEAD)
    reading: set[asyncio.Task[list[list[Reading]]]] = set()
    try:
        async with asyncio.TaskGroup() as tasks:
            fetching = tasks.create_task(_fetch(going, found, ahead, tasks, reading))
            stopping = tasks.create_task(going.stop.wait())
            complete = await _publish_ahead(going, sink, ahead, stopping)
            for task in (fetching, stopping, *reading):
                task.cancel()
    except ExceptionGroup as group:
        raise group.exceptions[0] from None  # the first cancels the others, so it is the only one
    await sink.flush()
    return complete


async def _fetch(
    going: Flow,
    found: Iterator[Found | Said],
    ahead: asyncio.Queue[_Ahead | None],
    tasks: asyncio.TaskGroup,
    reading: set[asyncio.Task[list[list[Reading]]]],
) -> None:
    """Cut ahead and hand over to the readers, in order. `reading`: what they have not given back yet."""
    while batch := await in_thread(lambda: _take(found)):
        documents = [one.document for one in batch if isinstance(one, Found)]
        task = tasks.create_task(going.pool.read(documents, going.record_bytes))
        reading.add(task)
        task.add_done_callback(reading.discard)
        await ahead.put(_Ahead(batch, task))
    await ahead.put(None)


def _take(found: Iterator[Found | Said]) -> list[Found | Said]:
    batch: list[Found | Said] = []
    size = 0
    for one in found:
        batch.append(one)
        if isinstance(one, Found):
            size += len(one.document.data)
        if size >= _BATCH_BYTES or len(batch) >= _BATCH_DOCUMENTS:
            break
    return batch


async def _publish_ahead(
    going: Flow, sink: Sink, ahead: asyncio.Queue[_Ahead | None], stopping: asyncio.Task[Literal[True]]
) -> bool:
    """Publish what comes until it ends. False: stopped, or the limit is reached."""
    while True:
        if ahead.empty():  # standard input is silent, or files are many and small
            sink.hurry()
        coming = asyncio.ensure_future(ahead.get())
        try:
            await asyncio.wait({coming, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if going.stop.is_set():
                return False
        finally:
            coming.cancel()
        entry = coming.result()
        if entry is None:
            return True
        await asyncio.wait({entry.readings, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if going.stop.is_set() or not await _publish_batch(going, sink, entry.batch, entry.readings.result()):
            return False


async def _publish_batch(
    going: Flow, sink: Sink, batch: Sequence[Found | Said], readings: Sequence[Sequence[Reading]]
) -> bool:
    """Publish a batch in order. False: stopped, or the limit is reached."""
    waiting = iter(readings)
    for one in batch:
        if isinstance(one, Said):
            going.summary.said(going.job.dataset, one)
            if one.state:
                await sink.publish(Decision(one.path, (), 0, (), (), 0, one.state))
            continue
        ordinal = one.document.ordinal
        parts = next(waiting)
        for reading in parts:
            final = one.last and reading is parts[-1]
            if not await _publish_reading(going, sink, one, reading, ordinal, final=final):
                return False
            ordinal += len(reading.items)
    return True


async def _publish_reading(  # noqa: PLR0913 (the reading, and where in its file it stands)
    going: Flow, sink: Sink, found: Found, reading: Reading, ordinal: int, *, final: bool
) -> bool:
    job, path = going.job, found.document.path
    done = 0
    while True:
        left = len(reading.items) - done
        allowed = min(left, going.search.most or left)
        if job.options.limit is not None:
            allowed = min(allowed, job.options.limit - going.summary.decided)
        if left and allowed <= 0:
            return False
        if going.pace.limited:
            sink.hurry()
        if left and not (allowed := await going.pace.allow(allowed, going.stop)):
            return False
        part = _cut(reading, done, done + allowed)
        done += allowed
        ended = done == len(reading.items)
        state = found.state_at(part.end, ordinal + done, done=final and ended)
        refused = going.search.refused(path)
        decision = decide(part, job.source, path, run=going.run, state=state, refused=refused)
        going.summary.decided += decision.published
        going.search.suspect = (path, part.items[-1].end) if part.items else None
        await sink.publish(decision)
        if going.search.most is not None:
            await sink.flush()
            going.search.widen()
        if ended:
            return not going.stop.is_set()


def _cut(reading: Reading, start: int, stop: int) -> Reading:
    items = reading.items[start:stop]
    end = reading.end if stop >= len(reading.items) else items[-1].end
    if stop < len(reading.items):
        return replace(reading, items=items, end=end, notes=())
    return replace(reading, items=items, end=end)
