"""All sources of a worker: definitions followed, shards that fall to it owned and polled, each by itself (`sharing.py`)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Final

import structlog

from worker.broker.port import Shard
from worker.pipeline.polls.followed import Followed
from worker.pipeline.polls.inbox import listen
from worker.pipeline.polls.polling import FeedShard
from worker.pipeline.polls.run import Run, until_there
from worker.pipeline.polls.sharing import Sharing
from worker.pipeline.stopping import Stopped, unless

log = structlog.get_logger()

_SUM_UP_SECONDS: Final = 300.0


async def poll_sources(run: Run) -> None:
    """Poll until `stop` is set, or, once, until every source had its turn.

    BrokerAway, Unsure or ClaimLost: nothing could be committed for `give_up_after` seconds of faults. BrokerRefused: another
    worker runs where one may, or what is stored can't be read.
    """
    followed = Followed(run.broker)
    try:
        await unless(run.stop, _caught_up(run, followed))
        async with run.broker.membership() as member, asyncio.TaskGroup() as tasks:
            sharing = Sharing(run, member, followed, tasks)
            working = [tasks.create_task(sharing.go()), tasks.create_task(run.stop.wait())]
            if not run.once:
                working.append(tasks.create_task(_follow(run, followed, sharing.shards)))
                working.append(tasks.create_task(_sum_up(run)))
                working.append(tasks.create_task(listen(run, sharing.inbox_of)))
            await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
            run.totals.draining = run.stop.is_set()
            for task in working:  # first, or what ends now could be begun anew
                task.cancel()
            await sharing.end()
    except Stopped:
        return
    except BaseExceptionGroup as group:
        raise _first(group) from None


async def _caught_up(run: Run, followed: Followed) -> None:
    def waits_for(why: str | None) -> None:
        run.totals.waits_for = why

    await until_there(run, followed.catch_up, waits_for)
    waits_for(None)
    for found in followed.definitions:
        if found.passed_over is not None:
            log.warning("source.passed_over", source=found.definition.id, reason=found.passed_over)


async def _sum_up(run: Run) -> None:
    """Say now and then what was polled, so that a quiet hour can be told from a hang."""
    before: Counter[str] = Counter()
    while True:
        await asyncio.sleep(_SUM_UP_SECONDS)
        now = run.totals.polls + Counter({fate.value: count for fate, count in run.totals.fates.items()})
        log.info("polls.summed_up", **{str(what): now[what] - before[what] for what in now})
        before = now


async def _follow(run: Run, followed: Followed, shards: Mapping[Shard, FeedShard]) -> None:
    """Take up what is defined, changed and removed meanwhile."""

    def changed(source: str) -> None:
        found = followed.definitions.polled(source)
        for shard, feeds in shards.items():
            if found is not None and found.partition == shard.partition_by:
                feeds.define(found.definition)
            else:
                feeds.undefine(source)

    await until_there(run, partial(followed.follow, changed))


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
