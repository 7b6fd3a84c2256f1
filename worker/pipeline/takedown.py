"""An article of a data set taken down. No worker owns it, so it is done here, under a claim of its own that all such calls share.

The claim's state is the article's partition: who claims it and has restored that knows all that any call before has published,
so an article is taken down once however often that is asked for, or interrupted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import aclosing

from worker.broker.port import Broker, Shard
from worker.core.takedown import Sought, records
from worker.model import Record, Topic
from worker.pipeline.single import commit_once


async def seek(broker: Broker, article_id: str) -> Sought:
    """What the topic has of the article. BrokerRefused: as `Sought` tells."""
    sought = Sought(article_id)
    partition = broker.partition_of(Topic.ARTICLES, article_id.encode())
    async with aclosing(broker.read(Topic.ARTICLES, partition=partition)) as found:
        async for record in found:
            sought.absorb(record.key, record.value, record.timestamp, record.offset)
    return sought


async def take_down(broker: Broker, article_id: str, now: Callable[[], int]) -> bool:
    """Publish that it is no more; False: it is gone already, or was never there.

    `now`: ms since the epoch. BrokerError: as `port.Broker` tells; it may be called again.
    """
    shard = Shard("news-worker/forget", Topic.ARTICLES, article_id.encode())

    async def decide() -> tuple[Sequence[Record], bool]:
        last = (await _restored(broker, shard, article_id)).last
        return ([], False) if last is None else (records(last, now()), True)

    return await commit_once(broker, shard, decide)


async def _restored(broker: Broker, shard: Shard, article_id: str) -> Sought:
    sought = Sought(article_id)
    async with aclosing(broker.restore([shard])) as found:
        async for _, record in found:
            sought.absorb(record.key, record.value, record.timestamp, record.offset)
    return sought
