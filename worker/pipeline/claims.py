"""Who may replay a data set: claims in news.replays.v1, written under the data set's own name, obeyed by its splits.

The order is what makes it safe: write the claim while the data set is fenced, then fence the split, then restore, and go
on only if the newest claim is the own one. After any fault that is done again, so the older of two replays of one split
ends there, and one that was only too slow for the broker goes on.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from urllib.parse import quote

from worker.broker.port import Broker, Claim, Shard
from worker.core.identity import split_of
from worker.core.memory import ReplayMemory, claim_record
from worker.errors import ClaimLost, Superseded, UsageError
from worker.model import Split, SplitClaim, Topic


@dataclass(frozen=True, slots=True)
class Intent:
    """What a replay is about to do, as far as its claim is concerned."""

    dataset: str
    again: bool  # publish anew, under a run id
    only: frozenset[str] = frozenset()  # path keys: takes up no unfinished run; empty: all
    split: Split | None = None  # None: all of the data set, in the splits that it was begun in


def chosen(intent: Intent, memory: ReplayMemory) -> list[Split]:
    """The splits that are to be replayed. UsageError: the data set was begun in another number of them and isn't finished.

    Begun in splits, all of it is all of them: those that were never begun, and those that are done, for what came since.
    """
    unfinished = memory.unfinished()
    count = unfinished[-1].split.count if unfinished else intent.split.count if intent.split else 1
    if intent.split is None:
        indices = {split_of(path, count) for path in intent.only} or range(count)
        return [Split(index, count) for index in sorted(indices)]
    if intent.split.count != count:
        raise UsageError(
            f"data set {intent.dataset!r} was begun as a whole and is not finished: finish it without --split first"
            if count == 1
            else f"data set {intent.dataset!r} was begun in {count} splits and is not finished: finish"
            f" {', '.join(f'--split {claim.split}' for claim in unfinished)} first, or all of them by a replay without --split"
        )
    return [intent.split]


async def begin(
    broker: Broker, intent: Intent, token: Callable[[], str], clock: Callable[[], int]
) -> tuple[list[SplitClaim], str | None]:
    """Write the claims; they and the run id that this replay's events carry. UsageError: as `chosen` tells.

    All in one transaction: so no replay in another number of splits can begin between two of them.

    `token`: random, a new one each call. `clock`: ms since the epoch, UTC.
    """
    while True:
        claim = await broker.claim(_shard(quote(intent.dataset, safe=""), intent.dataset))
        try:
            memory = await _restored(broker, claim, intent.dataset)
            splits = chosen(intent, memory)
            pending = memory.pending_run()
            run = None if not intent.again else token() if intent.only or pending is None else pending
            kept = run if intent.again and not intent.only else pending
            mine = [SplitClaim(intent.dataset, split, token(), kept) for split in splits]
            await claim.commit([claim_record(one, clock()) for one in mine])
        except ClaimLost:
            await asyncio.sleep(random.uniform(0.05, 0.5))  # noqa: S311 (a pause, no secret)
        else:
            return mine, run
        finally:
            await claim.release()


async def confirm(broker: Broker, mine: SplitClaim) -> None:
    """Superseded: a newer claim stands. Looks without fencing: who lost a split must not fence its new owner to find out."""
    memory = ReplayMemory(mine.dataset)
    async with aclosing(broker.read(Topic.REPLAYS)) as records:
        async for record in records:
            memory.absorb(record.key, record.value)
    _confirm(mine, memory)


@asynccontextmanager
async def own(broker: Broker, mine: SplitClaim) -> AsyncIterator[tuple[Claim, ReplayMemory]]:
    """The split, fenced and restored. Superseded: a newer claim stands. ClaimLost: `confirm`, then own it again."""
    name = f"{quote(mine.dataset, safe='')}/{mine.split}"
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
    newest = memory.claims.get(mine.split)
    if newest is None or newest.token != mine.token:
        split = "" if mine.split.count == 1 else f"split {mine.split} of "
        raise Superseded(
            f"another replay of {split}data set {mine.dataset!r} has begun; this one ends and leaves the rest to it"
        )


async def _restored(broker: Broker, claim: Claim, dataset: str) -> ReplayMemory:
    memory = ReplayMemory(dataset)
    async with aclosing(broker.restore([claim])) as records:
        async for _, record in records:
            memory.absorb(record.key, record.value)
    return memory
