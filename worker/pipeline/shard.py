"""A shard's way to the broker: natural batching, one transaction under way, memory adopted after commit.

What arrives while a transaction is under way goes into the next one, bounded in bytes: no timer, no knob. Who has much to
publish has the next one gather more, as each transaction costs the broker the same (docs/decisions/0014). The first
failure ends it: everything waiting was decided on top of what may not have happened, so it is dropped, and the caller
claims anew, restores and decides again.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from worker.broker.port import Claim
from worker.errors import BrokerError
from worker.model import Record

# Most bytes decided and not yet under way, unless more are gathered; `publish` waits above it.
_WAITING_BYTES = 4 * 1024 * 1024


class Decided(Protocol):
    """What can be published: a file's decision, a part of a polled document."""

    @property
    def records(self) -> tuple[Record, ...]:
        """Events and rejections, in their order."""
        ...


_D = TypeVar("_D", bound=Decided)


class OwnedShard(Generic[_D]):
    """Commits decisions in the order they are published. Use as `async with`; leaving drops what was not flushed.

    `remember`: called as a transaction is put together, with all the decisions in it: the records of the state that they
    leave. `adopt`: called when they are committed, with the seconds that took. `gather`: bytes that a transaction waits for,
    but for no more than were committed before it; 0: for none.
    """

    def __init__(
        self,
        claim: Claim,
        remember: Callable[[Sequence[_D]], Sequence[Record]],
        adopt: Callable[[Sequence[_D], float], None],
        *,
        gather: int = 0,
    ) -> None:
        self._claim = claim
        self._remember = remember
        self._adopt = adopt
        self._gather = gather
        self._most = max(_WAITING_BYTES, gather)
        self._waiting: list[_D] = []
        self._bytes = 0  # of what waits
        self._committed_bytes = 0
        self._hurried = False  # what waits is to go with the next transaction, however little it is
        self._room = asyncio.Event()
        self._under_way: asyncio.Task[None] | None = None
        self._published = 0
        self._committed = 0
        self._flushing: deque[tuple[int, asyncio.Future[None]]] = (
            deque()
        )  # how many are to be committed, and who waits for it
        self.last_transaction = 0  # records of the newest transaction begun, the one that failed if one did
        self.committing_since: float | None = None  # time.monotonic(), while a commit is under way
        self._dropped: BrokerError | None = None
        self.in_doubt: Sequence[_D] = ()  # what is under way, or was when it failed: perhaps it happened

    async def publish(self, decision: _D) -> None:
        """Hand over a decision; returns before it is committed. Raises what an earlier commit raised (port.Claim.commit)."""
        self._raise_failure()
        self._waiting.append(decision)
        self._published += 1
        self._bytes += _size(decision)
        self._begin()
        while self._bytes >= self._most:
            self._room.clear()
            await self._room.wait()
            self._raise_failure()

    def hurry(self) -> None:
        """Nothing more comes for now: what waits is not to wait for it."""
        self._hurried = bool(self._waiting)
        self._begin()

    async def flush(self) -> None:
        """Return once all that was published before is committed. Raises what a commit raised."""
        self._raise_failure()
        if self._committed < self._published:
            flushed = asyncio.get_running_loop().create_future()
            self._flushing.append((self._published, flushed))
            self._begin()
            await flushed

    def drop(self, error: BrokerError) -> None:
        """Put no further transaction together: what was decided can't be trusted. Raised to whoever waits or comes."""
        self._dropped = error
        self._waiting.clear()
        self._tell(partial(_fail, error), self._published)
        self._room.set()

    def _raise_failure(self) -> None:
        if self._dropped is not None:
            raise self._dropped
        if self._under_way is not None and self._under_way.done():
            self._under_way.result()

    def _begin(self) -> None:
        if self._is_enough and (self._under_way is None or self._under_way.done()):
            self._under_way = asyncio.create_task(self._commit_waiting())

    @property
    def _is_enough(self) -> bool:
        """Whether what waits is to be committed now."""
        gathered = self._bytes >= min(self._gather, self._committed_bytes)
        return bool(self._waiting) and (gathered or self._hurried or bool(self._flushing))

    async def _commit_waiting(self) -> None:
        try:
            while self._is_enough:
                decisions, taken = self._waiting, self._bytes
                self._waiting, self._bytes, self._hurried = [], 0, False
                self._room.set()
                self.in_doubt = decisions
                self.committing_since = begun = time.monotonic()
                await self._commit(decisions)
                self.in_doubt = ()
                self._adopt(decisions, time.monotonic() - begun)
                self._committed += len(decisions)
                self._committed_bytes += taken
                self._tell(lambda flushed: flushed.set_result(None), self._committed)
        except BaseException as error:
            self._waiting.clear()  # it was decided on top of what may not have happened
            self._tell(partial(_fail, error), self._published)
            raise
        finally:
            self.committing_since = None
            self._room.set()  # who waits for room is to see the failure

    def _tell(self, settle: Callable[[asyncio.Future[None]], None], committed: int) -> None:
        """Settle who waits for no more than so many."""
        while self._flushing and self._flushing[0][0] <= committed:
            _, flushed = self._flushing.popleft()
            if not flushed.done():  # else its waiter was cancelled
                settle(flushed)

    async def _commit(self, decisions: Sequence[_D]) -> None:
        records = [record for decision in decisions for record in decision.records]
        self.last_transaction = len(records)
        records.extend(self._remember(decisions))
        if records:
            await self._claim.commit(records)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._under_way is not None:
            self._waiting.clear()
            self._under_way.cancel()
            await asyncio.wait({self._under_way})
            if not self._under_way.cancelled():
                self._under_way.exception()  # retrieved: whoever published has seen it, or is on the way out for another


def _fail(error: BaseException, flushed: asyncio.Future[None]) -> None:
    if isinstance(error, asyncio.CancelledError):
        flushed.cancel()
    else:
        flushed.set_exception(error)


def _size(decision: _D) -> int:
    return sum(len(record.value or b"") + 512 for record in decision.records) + 512
