"""Who may replay a data set: claims in news.replays.v1, written under the data set's own name, obeyed by its splits.

The order is what makes it safe: write the claim while the data set is fenced, then fence the split, then restore, and go
on only if the newest claim is the own one. After any fault that is done again, so the older of two replays of one split
ends there, and one that was only too slow for the broker goes on.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from urllib.parse import quote

import structlog

from worker.broker.port import Broker, Claim, Shard
from worker.core.identity import split_of
from worker.core.replays.memory import ReplayMemory, claim_record
from worker.errors import BrokerRefused, ClaimLost, Superseded, UsageError
from worker.model import Split, SplitClaim, Topic

log = structlog.get_logger()


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
    shard = _shard(quote(intent.dataset, safe=""), intent.dataset)
    contended = 0.0
    while True:
        begun = time.monotonic()
        claim = await broker.claim(shard)
        try:
            memory = await _restored(broker, shard, intent.dataset)
            splits = chosen(intent, memory)
            pending = memory.pending_run()
            run = None if not intent.again else token() if intent.only or pending is None else pending
            kept = run if intent.again and not intent.only else pending
            mine = [SplitClaim(intent.dataset, split, token(), kept) for split in splits]
            await claim.commit([claim_record(one, clock()) for one in mine])
        except ClaimLost as error:
            log.info("replay.claim_contended", dataset=intent.dataset, reason=str(error))
            # Who needs long to restore would be fenced by the next one again and again, were the pauses not longer still.
            contended += 2 * (time.monotonic() - begun)
            await asyncio.sleep(random.uniform(0.05, 0.5 + contended))  # noqa: S311 (a pause, no secret)
        else:
            return mine, run
        finally:
            await claim.release()


async def confirm(broker: Broker, mine: SplitClaim, owned_at: int) -> None:
    """Superseded: a claim stands that is newer than the own one, which lies at the offset `owned_at`.

    Looks without fencing: who lost a split must not fence its new owner to find out. Nor does it wait: a transaction that is
    still open is most likely the one that it lost itself. What lies behind that one, `own` will see.
    """
    memory = await _restored(broker, _split_shard(mine), mine.dataset, wait=False)
    if memory.claimed_at.get(mine.split, owned_at) > owned_at:
        raise _superseded(mine)


async def own(broker: Broker, mine: SplitClaim) -> tuple[Claim, ReplayMemory]:
    """The split, fenced and restored; the caller releases it. Superseded: a newer claim stands."""
    shard = _split_shard(mine)
    claim = await broker.claim(shard)
    try:
        memory = await _restored(broker, shard, mine.dataset)
        _check(mine, memory)
    except BaseException:
        await claim.release()
        raise
    return claim, memory


def _split_shard(mine: SplitClaim) -> Shard:
    return _shard(f"{quote(mine.dataset, safe='')}/{mine.split}", mine.dataset)


def _shard(name: str, dataset: str) -> Shard:
    return Shard(f"news-worker/replay/{name}", Topic.REPLAYS, dataset.encode())


def _check(mine: SplitClaim, memory: ReplayMemory) -> None:
    newest = memory.claims.get(mine.split)
    if newest is None:
        raise BrokerRefused(
            f"The claim of data set {mine.dataset!r} is gone from {Topic.REPLAYS}: was the topic deleted, or made anew?"
            " What was published is not remembered any more: decide whether to replay it all."
        )
    if newest.token != mine.token:
        raise _superseded(mine)


def _superseded(mine: SplitClaim) -> Superseded:
    split = "" if mine.split.count == 1 else f"split {mine.split} of "
    return Superseded(
        f"another replay of {split}data set {mine.dataset!r} has begun; this one ends and leaves the rest to it"
    )


async def _restored(broker: Broker, shard: Shard, dataset: str, *, wait: bool = True) -> ReplayMemory:
    memory = ReplayMemory(dataset)
    async with aclosing(broker.restore([shard], wait=wait)) as records:
        async for _, record in records:
            memory.absorb(record.key, record.value, record.offset)
    return memory
