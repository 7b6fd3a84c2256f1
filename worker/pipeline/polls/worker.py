"""All sources of a worker: definitions followed, shards owned, each polled by itself; one that is slow stalls no other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence

import structlog

from worker.broker.port import Shard
from worker.errors import BrokerAway, ClaimLost, Unsure
from worker.pipeline.patience import Patience
from worker.pipeline.polls.followed import Followed
from worker.pipeline.polls.owned import Owned, own
from worker.pipeline.polls.polling import FeedShard, Run
from worker.pipeline.stopping import Stopped, unless

log = structlog.get_logger()


async def poll_sources(run: Run) -> None:
    """Poll until `stop` is set, or, once, until every source had its turn.

    BrokerAway, Unsure or ClaimLost: nothing could be committed for `give_up_after` seconds of faults. BrokerRefused: another
    worker runs where one may, or what is stored can't be read.
    """
    try:
        async with run.broker.membership() as member, asyncio.TaskGroup() as tasks:
            followed = Followed(run.broker)
            owned = await unless(run.stop, _begun(run, followed, member.shards))
            shards = {shard.partition_by: FeedShard(shard, run) for shard in owned}
            _hand_out(followed, shards)
            following = None if run.once else tasks.create_task(_follow(run, followed, shards))
            async with asyncio.TaskGroup() as working:
                for shard, one in owned.items():
                    working.create_task(shards[shard.partition_by].work(one))
            if following:
                following.cancel()
    except Stopped:
        return
    except BaseExceptionGroup as group:
        raise _first(group) from None


async def _begun(run: Run, followed: Followed, shards: Sequence[Shard]) -> Mapping[Shard, Owned]:
    patience = Patience(run.give_up_after, time.monotonic)
    while True:
        try:
            await followed.catch_up()
            return await own(run.broker, shards, run.token, run.totals.adopt)
        except (BrokerAway, Unsure, ClaimLost) as error:
            await patience.wait(error, 0, run.stop)


def _hand_out(followed: Followed, shards: Mapping[bytes | int, FeedShard]) -> None:
    for source, why in followed.definitions.unreadable.items():
        for shard in shards.values():  # which of them it would be in is as little known
            shard.spare(source, why)
    for found in followed.definitions:
        if found.passed_over is not None:
            log.warning("source.passed_over", source=found.definition.id, reason=found.passed_over)
        elif found.partition in shards:
            shards[found.partition].define(found.definition)


async def _follow(run: Run, followed: Followed, shards: Mapping[bytes | int, FeedShard]) -> None:
    """Take up what is defined, changed and removed meanwhile."""

    def changed(source: str) -> None:
        found = followed.definitions.polled(source)
        for partition, shard in shards.items():
            if found is not None and found.partition == partition:
                shard.define(found.definition)
            else:
                shard.undefine(source)

    patience = Patience(run.give_up_after, time.monotonic)
    while True:
        try:
            await followed.follow(changed)
        except BrokerAway as error:
            await patience.wait(error, run.totals.commits, run.stop)


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
