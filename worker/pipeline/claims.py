"""Who may replay a data set: claims in news.replays.v1, written under the data set's own name, obeyed by its splits.

The order is what makes it safe: write the claim while the data set is fenced, then fence the split, then restore, and go
on only if the newest claim is the own one. After any fault that is done again, so the older of two replays of one split
ends there, and one that was only too slow for the broker goes on.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import quote

from worker.broker.port import Broker, Claim, Shard
from worker.core.memory import ReplayMemory, claim_record
from worker.errors import ClaimLost, Superseded, UsageError
from worker.model import SplitClaim, Topic

# The only split there is on this side of a real Kafka.
_INDEX, _COUNT = 0, 1


@dataclass(frozen=True, slots=True)
class Intent:
    """What a replay is about to do, as far as its claim is concerned."""

    dataset: str
    again: bool  # publish anew, under a run id
    partial: bool  # only some files: takes up no unfinished run


async def begin(
    broker: Broker, intent: Intent, token: Callable[[], str], clock: Callable[[], int]
) -> tuple[SplitClaim, str | None]:
    """Write the claim; it and the run id that this replay's events carry. UsageError: the data set is begun in splits.

    `token`: random, a new one each call. `clock`: ms since the epoch, UTC.
    """
    while True:
        claim = await broker.claim(_shard(quote(intent.dataset, safe=""), intent.dataset))
        try:
            memory = await _restored(broker, claim, intent.dataset)
            unfinished = memory.unfinished()
            if any(other.count != _COUNT for other in unfinished):
                count = next(other.count for other in unfinished if other.count != _COUNT)
                raise UsageError(
                    f"data set {intent.dataset!r} was begun in {count} splits and is not finished; finish it with the same splits"
                )
            pending = memory.pending_run()
            run = None if not intent.again else token() if intent.partial or pending is None else pending
            mine = SplitClaim(
                intent.dataset, _INDEX, _COUNT, token(), run if intent.again and not intent.partial else pending
            )
            await claim.commit([claim_record(mine, clock())])
        except ClaimLost:
            await asyncio.sleep(random.uniform(0.05, 0.5))  # noqa: S311 (a pause, no secret)
        else:
            return mine, run
        finally:
            await claim.release()


@asynccontextmanager
async def own(broker: Broker, mine: SplitClaim) -> AsyncIterator[tuple[Claim, ReplayMemory]]:
    """The split, fenced and restored. Superseded: a newer claim stands. ClaimLost: own it again, which tells why."""
    name = f"{quote(mine.dataset, safe='')}/{mine.index}/{mine.count}"
    claim = await broker.claim(_shard(name, mine.dataset))
    try:
        memory = await _restored(broker, claim, mine.dataset)
        _confirm(mine, memory)
        yield claim, memory
    finally:
        await claim.release()


def _shard(name: str, dataset: str) -> Shard:
    return Shard(f"news-worker/replay/{name}", Topic.REPLAYS, dataset.encode())


def _confirm(mine: SplitClaim, memory: ReplayMemory) -> None:
    newest = memory.claims.get((mine.index, mine.count))
    if newest is None or newest.token != mine.token:
        raise Superseded(
            f"another replay of data set {mine.dataset!r} has begun; this one ends and leaves the rest to it"
        )


async def _restored(broker: Broker, claim: Claim, dataset: str) -> ReplayMemory:
    memory = ReplayMemory(dataset)
    async for _, record in broker.restore([claim]):
        memory.absorb(record.key, record.value)
    return memory
