"""A shard's unreadable records taken out, under a claim of it: its owner is fenced, and owns it anew as it is then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import aclosing

from worker.broker.port import Broker, shard_of_sources
from worker.core.feeds import loaded_report
from worker.core.feeds.repair import Damage, cleared, damage, mended
from worker.core.feeds.restore import Restoring
from worker.model import Record, ShardReport, Topic
from worker.pipeline.single import commit_once


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

    async def decide() -> tuple[Sequence[Record], Damage]:
        found = await _restored(broker, shard)
        inbox_end = (await broker.describe(Topic.INBOX)).partitions[shard].end
        return _records(found, shard, source, site, now(), inbox_end), found

    return await commit_once(broker, shard_of_sources(shard), decide)


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
