"""A shard owned, and owned again whenever a fault ends that: what is decided meanwhile waits for the next ownership."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from worker.broker.port import Shard
from worker.errors import BrokerAway, BrokerError, BrokerRefused, ClaimLost, RecordRefused, Undone, Unsure
from worker.model import Standing
from worker.pipeline.patience import Patience
from worker.pipeline.polls.owned import Owned, own
from worker.pipeline.polls.run import Run
from worker.pipeline.search import Search


class Ownership:
    """Of one shard. A former owner must not own it again, as it would fence the rightful one: so it waits.

    `confirmed`: until the broker has answered anew that this worker is one; `ours`: until the shard is known to fall to it.
    """

    def __init__(
        self, shard: Shard, run: Run, ours: Callable[[], Awaitable[None]], confirmed: Callable[[], Awaitable[None]]
    ) -> None:
        self._shard = shard
        self._run = run
        self._ours = ours
        self._confirmed = confirmed
        self._patience = Patience(run.give_up_after, time.monotonic)
        self._have = asyncio.Event()
        self.last: Owned | None = None  # the present one, or the one before
        self.search = Search()
        self.standing = run.totals.standing.setdefault(shard.name, Standing())

    async def keep(self, first: Owned, take_up: Callable[[Owned], None]) -> BrokerRefused:
        """Own it until what is stored of it can't be read any more: why. Each time `take_up` is called first.

        BrokerError: patience is over, or waiting won't help.
        """
        owned = first
        while True:
            try:
                async with owned.shard:
                    self.last = owned
                    take_up(owned)
                    self._owned(owned)
                    error = await owned.lost
                    self._lost(error)
            finally:
                await owned.claim.release()
            if isinstance(error, RecordRefused):
                self.search.narrow(owned.shard.last_transaction, error)
            elif isinstance(error, Undone):
                self.search.begin()  # it may have been found when all was committed together: now each is tried alone
            else:
                await self._wait(error)
            again = await self._own(error)
            if isinstance(again, BrokerRefused):
                return again
            owned = again

    def _owned(self, owned: Owned) -> None:
        self._have.set()
        self.standing.waits_for = None
        self.standing.committing_since = lambda: owned.shard.committing_since

    def _lost(self, error: BrokerError) -> None:
        self._have.clear()
        self.standing.waits_for = str(error)
        self._run.totals.fences += isinstance(error, ClaimLost)

    async def present(self) -> Owned:
        """The present one, waited for; it may be over at any time."""
        while self.last is None or self.last.lost.done():
            self._have.clear()
            await self._have.wait()
        return self.last

    async def caught_up(self) -> Owned | None:
        """Likewise, one that has carried out what lay in its inbox when it began: something may be to be kept out.

        None: it never will, once, as it is stuck there.
        """
        while True:
            owned = await self.present()
            either: set[asyncio.Future[BrokerError] | asyncio.Future[bool]] = {owned.lost, owned.caught_up}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not owned.lost.done():
                return owned if owned.caught_up.result() else None

    async def certain(self) -> Owned:
        """Likewise, of a shard that is surely ours: a worker that was frozen finds out here that it is not."""
        owned = await self.present()
        while True:
            await self._ours()
            before, owned = owned, await self.present()
            if owned is before:
                return owned

    async def _own(self, error: BrokerError) -> Owned | BrokerRefused:
        while True:
            try:
                if isinstance(error, ClaimLost):
                    await self._confirmed()
                await self._ours()
                owned, refused = await own(self._run, [self._shard])
            except (BrokerAway, Unsure, ClaimLost) as again:
                error = again
                await self._wait(error)
                continue
            return refused[self._shard] if refused else owned[self._shard]

    async def _wait(self, error: BrokerError) -> None:
        if not isinstance(error, BrokerAway | Unsure | ClaimLost):
            raise error
        # Whoever stops the worker cancels this.
        await self._patience.wait(error, self._run.totals.commits, asyncio.Event())
