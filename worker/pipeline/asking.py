"""Asking the owners of shards for something: commands put into their inboxes, and the outcomes waited for where they are stored.

Whoever owns the shard by then carries it out; where no worker runs it waits in the inbox until one does.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass

from worker.broker.port import Broker, Start
from worker.core.feeds import loaded_report, silent
from worker.core.feeds.inbox import SHARD_KEY, Command, Outcome, State, command_record, loaded_inbox
from worker.errors import BrokerRefused
from worker.model import ShardReport, Topic


@dataclass(frozen=True, slots=True)
class Wanted:
    """A command, and the site of the source that it is about, or the number of the shard that is asked."""

    command: Command
    site: str | int


async def put(broker: Broker, wanted: Sequence[Wanted], now: int) -> Mapping[int, int]:
    """Put them into the inboxes; where to read on in each shard's partition to see what becomes of them. `now`: ms.

    Nothing happens twice if it is called again with the same.
    """
    ends = [span.end for span in (await broker.describe(Topic.CHECKPOINTS)).partitions]
    await broker.append([command_record(one.command, one.site, now) for one in wanted])
    return {shard: ends[shard] for shard in {_shard(broker, one) for one in wanted}}


async def outcomes(broker: Broker, wanted: Sequence[Wanted], since: Mapping[int, int]) -> AsyncGenerator[Outcome]:
    """What became of each, as soon as it is known: for ever, if nobody carries one out. `since`: as `put` gave it."""
    ids = {one.command.id for one in wanted}
    async with aclosing(broker.read(Topic.CHECKPOINTS, Start(offsets=since), follow=True)) as records:
        while ids:
            record = await anext(records)
            for outcome in _stored(record.key, record.value):
                if outcome.id in ids and outcome.state is not State.PENDING:
                    ids.remove(outcome.id)
                    yield outcome


def _stored(key: bytes, value: bytes | None) -> Sequence[Outcome]:
    if key == SHARD_KEY and value is not None:
        with suppress(BrokerRefused):
            return tuple(loaded_inbox(value).outcomes.values())
    return ()


def _shard(broker: Broker, wanted: Wanted) -> int:
    site = wanted.site
    return broker.partition_of(Topic.CHECKPOINTS, site.encode()) if isinstance(site, str) else site


async def unowned(broker: Broker, wanted: Sequence[Wanted], now: int) -> list[int]:
    """The shards among theirs that no worker is known to have at `now`, in ms."""
    shards = {_shard(broker, one) for one in wanted}
    reports: dict[int, ShardReport] = {}
    async with aclosing(broker.read(Topic.CHECKPOINTS)) as records:
        async for record in records:
            if record.partition in shards and (report := loaded_report(record.key, record.value)):
                reports[record.partition] = report
    return sorted(shard for shard in shards if silent(reports.get(shard), now))
