"""The shards that fall to a worker, each begun when it comes and ended when it goes.

The one decision: the group says what to poll, and each shard's fence who may commit. While shards are shared out anew no request
is begun; a shard that stays goes on with its memory, one that goes is cut, one that comes is fenced, restored, and let rest first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Final, NoReturn

import structlog

from worker.broker.port import Member, Shard, Share
from worker.errors import BrokerAway, BrokerRefused
from worker.model import Standing, Topic
from worker.pipeline.polls.followed import Followed
from worker.pipeline.polls.inbox import Inbox
from worker.pipeline.polls.owned import Owned, own
from worker.pipeline.polls.polling import FeedShard
from worker.pipeline.polls.run import Run, until_there
from worker.pipeline.repair import looked_at

log = structlog.get_logger()

# How often it is looked whether anything was stored of a shard that was refused, as `repair` does.
_LOOK_SECONDS: Final = 5.0


class Sharing:
    """The shards that fall to this worker, each begun when it comes and ended when it goes."""

    def __init__(self, run: Run, member: Member, followed: Followed, tasks: asyncio.TaskGroup) -> None:
        self._run = run
        self._member = member
        self._followed = followed
        self._tasks = tasks
        self._working: dict[Shard, asyncio.Task[None]] = {}
        self._beginning: asyncio.Task[None] | None = None
        self._stay = member.share.stay
        self._count = run.broker.partitions(Topic.SOURCES)
        self._refused: dict[Shard, BrokerRefused] = {}  # of what falls to this worker
        self._any_refused = asyncio.Event()
        self.shards: dict[Shard, FeedShard] = {}

    async def go(self) -> None:
        """Follow the share for ever, or, once, until what falls to this worker has been polled."""
        share = self._member.share
        self._run.totals.unsettled = lambda: self._member.share.why
        while True:
            self._run.totals.settled = share.settled
            if share.settled:
                await self._settle(share)
            changing = asyncio.ensure_future(self._member.changed(share))
            done = asyncio.ensure_future(self._done(share))
            meanwhile = asyncio.ensure_future(self._mended(share) if share.settled else self._uncertain())
            try:
                await asyncio.wait({changing, done, meanwhile}, return_when=asyncio.FIRST_COMPLETED)
                if done.done():
                    return
                share = await (meanwhile if meanwhile.done() else changing)
            finally:
                for task in (changing, done, meanwhile):
                    task.cancel()

    def inbox_of(self, partition: int) -> Inbox | None:
        """That of the shard of this partition, if it works here."""
        return next((feeds.inbox for shard, feeds in self.shards.items() if shard.partition_by == partition), None)

    async def end(self) -> None:
        """Let what is under way be committed, within the grace that each shard has."""
        if self._beginning:
            await _ended(self._beginning)
        if self._working:
            await asyncio.wait(self._working.values())

    async def _done(self, share: Share) -> None:
        """Return when each shard of the share has polled its sources once; never, where polling goes on.

        Who has no shard goes on too: what another worker leaves may fall to it.
        """
        if not self._run.once or not share.settled or not self._beginning:
            await asyncio.Event().wait()
        else:
            await asyncio.wait({self._beginning})
            if self._working:
                await asyncio.wait(self._working.values())

    async def _uncertain(self) -> NoReturn:
        """While it isn't known what falls to this worker: cut what takes long. BrokerAway: it was not known for too long."""
        await asyncio.sleep(self._member.quiet_seconds)
        for feeds in self.shards.values():
            feeds.cut()
        await asyncio.sleep(self._run.give_up_after)
        raise BrokerAway(
            f"For {self._run.give_up_after:g} s the broker has not said which sources fall to this worker:"
            " it is away, or other workers don't answer it."
        )

    async def _mended(self, share: Share) -> Share:
        """The share once more, to be settled anew, as soon as a shard of it that was refused can be read."""
        await self._any_refused.wait()
        shard = await until_there(self._run, self._readable)
        await self._member.confirmed()  # who was frozen meanwhile must not fence it: it may be another's
        await self._ours(shard, share.stay)
        log.info("shard.mended", shard=shard.name)
        return self._member.share

    async def _readable(self) -> Shard:
        """The first that can be read again; nobody is fenced for it, as whoever mends it needs its claim. BrokerAway: try again."""
        looked: dict[Shard, int] = {}  # up to which end
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            spans = (await self._run.broker.describe(Topic.CHECKPOINTS)).partitions
            for shard in [*self._refused]:
                number = int(shard.partition_by)
                if looked.get(shard) == spans[number].end:
                    continue
                looked[shard] = spans[number].end
                if not (await looked_at(self._run.broker, number))[0].records:
                    return shard

    async def _settle(self, share: Share) -> None:
        if self._beginning:
            await _ended(self._beginning)
        kept = share.shards if share.stay == self._stay else frozenset[Shard]()
        self._stay = share.stay
        gone = self.shards.keys() - kept
        await asyncio.gather(*(_ended(self._working.pop(shard)) for shard in gone))
        for shard in gone:
            self.shards.pop(shard, None)  # it may have been refused as it ended
        self._refused.clear()
        self._any_refused.clear()
        standing = self._run.totals.standing
        for name in standing.keys() - {shard.name for shard in kept}:
            del standing[name]
        new = sorted(share.shards - self.shards.keys(), key=lambda shard: shard.name)
        standing.update((shard.name, Standing()) for shard in new)
        if new or not self.shards:
            log.info("shards.assigned", kept=len(self.shards), new=len(new))
        self._beginning = self._tasks.create_task(self._begin(new))

    async def _begin(self, new: list[Shard]) -> None:
        """Own them all, then let each of them work. BrokerRefused: as `_refuse` has it."""
        begun, refused = await self._owned(new)
        for shard, owned in begun.items():
            ours = partial(self._ours, shard, self._stay)
            feeds = FeedShard(shard, self._run, ours, self._member.confirmed, self._member.quiet_seconds)
            self.shards[shard] = feeds
            self._working[shard] = self._tasks.create_task(self._work(shard, feeds, owned))
        self._refuse(refused)
        if new:
            log.info("shards.owned", new=len(begun))
        self._hand_out({shard.partition_by: self.shards[shard] for shard in new if shard in self.shards})

    async def _work(self, shard: Shard, feeds: FeedShard, owned: Owned) -> None:
        why = await feeds.work(owned)
        if why is not None:
            del self.shards[shard]
            self._refuse({shard: why})

    def _refuse(self, refused: Mapping[Shard, BrokerRefused]) -> None:
        """They can't be read, and are left alone until they can. BrokerRefused: none that could fall to this worker can."""
        for shard, why in refused.items():
            self._run.totals.standing[shard.name].waits_for = str(why)
            for found in self._followed.definitions:
                if found.passed_over is None and found.partition == shard.partition_by:
                    self._run.totals.left[found.definition.id] = str(why)
        self._refused.update(refused)
        if refused and not self.shards and (self._run.once or len(self._refused) == self._count):
            raise next(iter(refused.values()))
        if refused and not self._run.once:
            self._any_refused.set()

    def _hand_out(self, new: Mapping[bytes | int, FeedShard]) -> None:
        for source, why in self._followed.definitions.unreadable.items():
            for feeds in new.values():  # which of them it would be in is as little known
                feeds.spare(source, why)
        for found in self._followed.definitions:
            if found.passed_over is None and found.partition in new:
                new[found.partition].define(found.definition)

    async def _owned(self, new: list[Shard]) -> tuple[Mapping[Shard, Owned], Mapping[Shard, BrokerRefused]]:
        def wait_for(why: str) -> None:
            for shard in new:
                self._run.totals.standing[shard.name].waits_for = why

        return await until_there(self._run, partial(own, self._run, new), wait_for) if new else ({}, {})

    async def _ours(self, shard: Shard, stay: int) -> None:
        """Return as soon as it is certain that the shard falls to this worker, and did all the while."""
        share = self._member.share
        while not (share.settled and shard in share.shards and share.stay == stay):
            share = await self._member.changed(share)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})
