"""A replay: files to events, with everything overlapping that may and nothing that may not.

Cutting files runs in a thread, reading in processes, deciding here in the files' order, committing behind it. After any
fault the split is claimed anew, restored, and its files opened again at their positions.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import structlog

from worker.broker.port import Broker
from worker.core.replays import memory
from worker.errors import BrokerAway, ClaimLost, RecordRefused, Superseded, Unsure
from worker.model import WHOLE, Decision, FileState, Record, SplitClaim, Topic
from worker.pipeline.clocks import wall_clock
from worker.pipeline.patience import Patience
from worker.pipeline.readers.pool import ReaderPool
from worker.pipeline.replays import claims
from worker.pipeline.replays.flow import Flow, read_all
from worker.pipeline.replays.job import Job, adopt
from worker.pipeline.replays.pace import Pace
from worker.pipeline.replays.sinks import Sink
from worker.pipeline.replays.summary import Summary
from worker.pipeline.shard import OwnedShard
from worker.pipeline.stopping import Stopped, unless

log = structlog.get_logger()


@dataclass(slots=True)
class _Splits:
    """What a replay has claimed, split by split, and what became of that."""

    left: list[SplitClaim] | None = None  # None: nothing is claimed yet
    owned_at: int | None = None  # where the claim lies of a split that was owned and met a fault
    superseded: Superseded | None = None  # the last that another replay has taken over

    @property
    def first(self) -> SplitClaim:
        """The one at hand. IndexError: none is left."""
        return (self.left or [])[0]


async def replay(broker: Broker, pool: ReaderPool, job: Job, summary: Summary, stop: asyncio.Event) -> None:
    """Publish what is not yet published, exactly once, until all is read or `stop` is set; `summary` counts what was committed.

    BrokerAway, Unsure or ClaimLost: nothing could be committed for `give_up_after` seconds of faults. Superseded: another
    replay took over, a split of it at least; the others were gone on with. BrokerRefused, UsageError: as errors.py tells.
    """
    pace = Pace(job.options.rate, time.monotonic)
    going = Flow(job, pool, summary, stop, broker.max_record_bytes(Topic.ARTICLES), pace)
    splits = _Splits()
    patience = Patience(job.options.give_up_after, time.monotonic)
    while not stop.is_set():
        try:
            return await _go_on(broker, going, splits)
        except Stopped:
            return None
        except RecordRefused:
            summary.forget_uncommitted()
        except (BrokerAway, Unsure, ClaimLost) as error:
            summary.forget_uncommitted()
            await patience.wait(error, summary.commits, stop)
    return None


async def _go_on(broker: Broker, going: Flow, splits: _Splits) -> None:
    """Claim what is to be replayed, unless it is claimed, and replay what is left of it."""
    if splits.left is None:
        token = partial(secrets.token_hex, 8)
        splits.left, going.run = await unless(going.stop, claims.begin(broker, going.job.intent, token, wall_clock))
    while splits.left:
        try:
            if splits.owned_at is not None:
                await unless(going.stop, claims.confirm(broker, splits.left[0], splits.owned_at))
            if not await _own_and_read(broker, splits, going):
                return
        except Superseded as error:
            splits.superseded = error
            if len(splits.left) > 1:
                log.warning("replay.split_superseded", reason=str(error), splits_left=len(splits.left) - 1)
        splits.owned_at = None
        del splits.left[0]
    if splits.superseded:
        raise splits.superseded


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
    going = Flow(job, pool, summary, stop, record_bytes, Pace(job.options.rate, time.monotonic), run)
    await read_all(going, sink, remembered, job.split or WHOLE)


async def _own_and_read(broker: Broker, splits: _Splits, going: Flow) -> bool:
    """Replay the first split that is left; whether every file of it was read as far as it can be."""
    job, mine = going.job, splits.first

    def remember(decisions: Sequence[Decision]) -> list[Record]:
        return memory.file_records(job.dataset, decisions, wall_clock())

    claim, remembered = await unless(going.stop, claims.own(broker, mine))
    splits.owned_at = remembered.claimed_at[mine.split]
    try:
        if going.in_doubt and memory.holds(remembered, going.in_doubt):
            adopt(job, going.summary, going.in_doubt)
        going.in_doubt = ()
        async with OwnedShard(
            claim, remember, lambda made, _seconds: adopt(job, going.summary, made), gather=going.gather
        ) as shard:
            try:
                complete = await read_all(going, shard, remembered.files, mine.split)
            except RecordRefused as error:
                going.search.narrow(shard.last_transaction, error)
                raise
            except (BrokerAway, Unsure, ClaimLost):
                going.in_doubt = shard.in_doubt
                going.gather_less()
                raise
        if complete and not job.only:
            await claim.commit([memory.done_record(mine, going.run or remembered.ended_run(mine.split), wall_clock())])
    finally:
        await claim.release()
    return complete
