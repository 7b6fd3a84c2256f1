"""A shard's unreadable records taken out, under a claim of it: its owner is fenced, and owns it anew as it is then."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Final

from worker.broker.port import Broker, shard_of_sources
from worker.core.feeds import loaded_report
from worker.core.feeds.repair import Damage, cleared, damage, mended
from worker.core.feeds.restore import Restoring
from worker.errors import ClaimLost, Unsure
from worker.model import Record, ShardReport, Topic

_TRIES: Final = 5
_LONGEST_PAUSE: Final = 1.0  # seconds; a worker that was fenced owns its shard again within less


async def looked_at(broker: Broker, shard: int) -> tuple[Damage, ShardReport | None]:
    """What can't be read of the shard, as far as can be told without owning it, and what its owner said last."""
    restoring, report = Restoring(), None
    async with aclosing(broker.read(Topic.CHECKPOINTS, partition=shard)) as records:
        async for record in records:
            restoring.absorb(record.key, record.value)
            report = loaded_report(record.key, record.value) or report
    return damage(restoring), report


async def repair(broker: Broker, shard: int, source: str | None, site: str | None, now: Callable[[], int]) -> Damage:
    """Take out what can't be read of the source, or of none; what was left of the damage when that was committed, before it.

    `site`: see `mended`. `now`: ms since the epoch. BrokerError: as `port.Broker` tells; it may be called again.
    """
    for left in reversed(range(_TRIES)):
        claim = await broker.claim(shard_of_sources(shard))
        try:
            found = await _restored(broker, shard)
            inbox_end = (await broker.describe(Topic.INBOX)).partitions[shard].end
            if records := _records(found, shard, source, site, now(), inbox_end):
                await claim.commit(records)
        except (ClaimLost, Unsure):
            if not left:
                raise
            await asyncio.sleep(random.uniform(0, _LONGEST_PAUSE))  # noqa: S311 (a pause, no secret)
        else:
            return found
        finally:
            await claim.release()
    raise AssertionError


def _records(  # noqa: PLR0913, PLR0917 (what there is, what is asked, and where and when)
    found: Damage, shard: int, source: str | None, site: str | None, at: int, inbox_end: int
) -> Sequence[Record]:
    if source is None:
        return cleared(found.records, shard, at, inbox_end)
    return mended(found, source, site, shard, at) if source in found.sources else ()


async def _restored(broker: Broker, shard: int) -> Damage:
    restoring = Restoring()
    async with aclosing(broker.restore([shard_of_sources(shard)])) as records:
        async for _, record in records:
            restoring.absorb(record.key, record.value)
    return damage(restoring)
