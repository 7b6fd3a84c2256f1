"""A replay: files to events, with everything overlapping that may and nothing that may not.

Cutting files runs in a thread, reading in processes, deciding here in the files' order, committing behind it. After any
fault the split is claimed anew, restored, and its files opened again at their positions.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

import structlog

from worker.broker.port import Broker
from worker.core import memory
from worker.core.decide import decide
from worker.errors import BrokerAway, BrokerRefused, ClaimLost, RecordRefused, Unsure
from worker.model import WHOLE, Decision, FileState, Reading, Record, Split, SplitClaim, Topic
from worker.pipeline import claims
from worker.pipeline.job import Job, adopt, wall_clock
from worker.pipeline.pace import Pace
from worker.pipeline.patience import Patience
from worker.pipeline.pool import ReaderPool
from worker.pipeline.shard import OwnedShard
from worker.pipeline.sinks import Sink
from worker.pipeline.summary import Summary
from worker.pipeline.thread import in_thread
from worker.sources.files import Found, Said

log = structlog.get_logger()

# What one call to a reader's process gets at most: bytes, and documents (small files).
_BATCH_BYTES = 512 * 1024
_BATCH_DOCUMENTS = 256
_AHEAD = 2  # batches read ahead of what is being published, besides one a process


@dataclass(frozen=True, slots=True)
class _Ahead:
    """A batch of documents (and what was said between them) while it is being read."""

    batch: Sequence[Found | Said]
    readings: asyncio.Task[list[list[Reading]]]


@dataclass(slots=True)
class _Replay:
    """What one replay carries through its faults."""

    job: Job
    pool: ReaderPool
    summary: Summary
    stop: asyncio.Event
    record_bytes: int
    pace: Pace
    run: str | None = None
    most: int | None = None  # articles a transaction, while a refused one is looked for
    refused: defaultdict[str, set[int]] = field(
        default_factory=lambda: defaultdict(set)
    )  # by path: ends of refused articles
    suspect: tuple[str, int] | None = None


async def replay(broker: Broker, pool: ReaderPool, job: Job, summary: Summary, stop: asyncio.Event) -> None:
    """Publish what is not yet published, exactly once, until all is read or `stop` is set; `summary` counts what was committed.

    BrokerAway, Unsure or ClaimLost: nothing could be committed for `give_up_after` seconds. Superseded: another replay took
    over. BrokerRefused, UsageError: as errors.py tells.
    """
    going = _Replay(
        job, pool, summary, stop, broker.max_record_bytes(Topic.ARTICLES), Pace(job.options.rate, time.monotonic)
    )
    mine: list[SplitClaim] | None = None  # what is left to be replayed, split by split
    patience = Patience(job.options.give_up_after, time.monotonic)
    lost = False
    while not stop.is_set():
        try:
            if mine and lost:
                await claims.confirm(broker, mine[0])
            lost = False
            if mine is None:
                mine, going.run = await claims.begin(broker, job.intent, lambda: secrets.token_hex(8), wall_clock)
            while mine and await _own_and_read(broker, mine[0], going):
                del mine[0]
        except RecordRefused:
            summary.forget_uncommitted()
        except (BrokerAway, Unsure, ClaimLost) as error:
            summary.forget_uncommitted()
            lost = lost or isinstance(error, ClaimLost)
            await patience.wait(error, summary.committed, stop)
        else:
            return


async def pour(  # noqa: PLR0913 (what a replay needs, without the broker)
    sink: Sink,
    pool: ReaderPool,
    job: Job,
    summary: Summary,
    stop: asyncio.Event,
    *,
    remembered: Mapping[str, FileState],
    record_bytes: int,
) -> None:
    """The same readings and decisions into a sink that owns and remembers nothing: standard output, a dry run."""
    run = secrets.token_hex(8) if job.options.again else None
    going = _Replay(job, pool, summary, stop, record_bytes, Pace(job.options.rate, time.monotonic), run)
    await _read_all(going, sink, remembered, job.split or WHOLE)


async def _own_and_read(broker: Broker, mine: SplitClaim, going: _Replay) -> bool:
    """Replay a split; whether every file of it was read as far as it can be."""
    job = going.job

    def remember(state: FileState) -> Record:
        return memory.file_record(job.dataset, state, wall_clock())

    async with claims.own(broker, mine) as (claim, remembered):
        async with OwnedShard(claim, remember, partial(adopt, job, going.summary)) as shard:
            try:
                complete = await _read_all(going, shard, remembered.files, mine.split)
            except RecordRefused as error:
                _narrow(going, shard.last_transaction, error)
                raise
        if complete and not job.only:
            await claim.commit([memory.done_record(mine, going.run, wall_clock())])
    return complete


async def _read_all(going: _Replay, sink: Sink, remembered: Mapping[str, FileState], split: Split) -> bool:
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
    going: _Replay,
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
    going: _Replay, sink: Sink, ahead: asyncio.Queue[_Ahead | None], stopping: asyncio.Task[Literal[True]]
) -> bool:
    """Publish what comes until it ends. False: stopped, or the limit is reached."""
    while True:
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
    going: _Replay, sink: Sink, batch: Sequence[Found | Said], readings: Sequence[Sequence[Reading]]
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
    going: _Replay, sink: Sink, found: Found, reading: Reading, ordinal: int, *, final: bool
) -> bool:
    job, path = going.job, found.document.path
    done = 0
    while True:
        left = len(reading.items) - done
        allowed = min(left, going.most or left)
        if job.options.limit is not None:
            allowed = min(allowed, job.options.limit - going.summary.decided)
        if left and allowed <= 0:
            return False
        if left and not (allowed := await going.pace.allow(allowed, going.stop)):
            return False
        part = _cut(reading, done, done + allowed)
        done += allowed
        ended = done == len(reading.items)
        state = found.state_at(part.end, ordinal + done, done=final and ended)
        # By index it would keep an empty set for every file.
        refused: AbstractSet[int] = going.refused.get(path, frozenset())
        decision = decide(part, job.source, path, run=going.run, state=state, refused=refused)
        going.summary.decided += decision.published
        going.suspect = (path, part.items[-1].end) if part.items else None
        await sink.publish(decision)
        if going.most is not None:
            await sink.flush()
        if ended:
            return not going.stop.is_set()


def _cut(reading: Reading, start: int, stop: int) -> Reading:
    items = reading.items[start:stop]
    end = reading.end if stop >= len(reading.items) else items[-1].end
    if stop < len(reading.items):
        return replace(reading, items=items, end=end, notes=())
    return replace(reading, items=items, end=end)


def _narrow(going: _Replay, transaction: int, error: RecordRefused) -> None:
    """Halve what a transaction holds until the refused article is alone in it; then it is known, and gets rejected."""
    # Only while articles go one by one: otherwise the suspect may have been decided after the one that was refused.
    if going.most == 1 and going.suspect:
        path, end = going.suspect
        if end in going.refused[path]:
            raise BrokerRefused(f"the broker refuses even the rejection of {path} at {end}: {error}") from error
        going.refused[path].add(end)
        going.most = None
        log.warning("replay.article_refused", file=path, position=end, reason=str(error))
    else:
        going.most = max(1, transaction // 2)
