"""A shard of the sources as long as it is owned: its claim, what it remembers, its way to the broker.

All that is decided is decided here, one document after another, against one working memory. After any fault the whole of it
is thrown away, and the shard claimed and restored anew; so it is after a defect of ours, which leaves memory half changed.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager

import structlog

from worker.broker.port import Broker, Claim, Shard
from worker.core.feeds import ShardMemory
from worker.errors import BrokerError, BrokerRefused, Defect, Undone, WorkerError
from worker.model import Part, Record
from worker.pipeline.clocks import running_clock, wall_clock
from worker.pipeline.polls.run import Run
from worker.pipeline.search import Search
from worker.pipeline.shard import OwnedShard

log = structlog.get_logger()


# None: sources come and go while it waits for its turn, and now there is nothing to decide.
DecideIfDue = Callable[[ShardMemory, Search], Iterable[Part] | None]


class Owned:
    """See above. `lost`: done with the error that ended it, once that is known.

    `caught_up`: whether all is carried out that lay in its inbox when it began; False: it is stuck there, and stays so.
    """

    def __init__(
        self, claim: Claim, memory: ShardMemory, owned_at: int, adopt: Callable[[Sequence[Part], float], None]
    ) -> None:
        self.claim = claim
        self.memory = memory
        self.owned_at = owned_at  # ms of the running clock
        self.lost: asyncio.Future[BrokerError] = asyncio.get_running_loop().create_future()
        self.caught_up: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.shard: OwnedShard[Part] = OwnedShard(claim, self._remembered, adopt)
        self._deciding = asyncio.Lock()

    async def settle(self, decide: DecideIfDue, search: Search) -> Counter[str] | None:
        """Decide, publish, and return when it is committed: how the entries ended, and what was remarked, by code.

        None: when its turn had come, there was nothing to decide any more. BrokerError: perhaps it is not committed; the
        ownership is then over. Defect: so it is, and this is not to be decided again. `search`: while it looks for an article
        that the broker refuses, every part is a transaction of its own.
        """
        told = await self.hand_over(decide, search)
        if told is not None:
            await self.flush()
        return told

    async def hand_over(self, decide: DecideIfDue, search: Search) -> Counter[str] | None:
        """Likewise, but return before it is committed: of a fault in that tells `flush`, or `lost`."""
        told: Counter[str] = Counter()
        with self._losing():
            async with self._deciding:
                self._check()
                with self._undoing():
                    decided = decide(self.memory, search)
                    parts = None if decided is None else iter(decided)
                if parts is None:
                    return None
                while True:
                    with self._undoing():
                        if (part := next(parts, None)) is None:
                            break
                    told.update(part.fates)
                    told.update(note.code for note in part.notes)
                    search.suspect = (part.source, part.end)
                    await self.shard.publish(part)
                    if search.most is not None:
                        await self._flush_alone()
                        search.widen()
        return told

    async def _flush_alone(self) -> None:
        """Of what is alone in its transaction it is known whose defect it is."""
        try:
            await self.shard.flush()
        except Undone as error:
            self._lose(error)
            raise Defect(str(error)) from error.__cause__

    @contextmanager
    def _undoing(self) -> Iterator[None]:
        """What fails half-way leaves memory half changed, and the next transaction would hold that: there is to be none."""
        try:
            yield
        except WorkerError:
            raise
        except Exception as error:
            undone = Undone(
                f"a decision failed ({type(error).__name__}): all is restored, and decided again without it"
            )
            self.shard.drop(undone)
            self._lose(undone)
            raise Defect(str(undone)) from error

    def _remembered(self, _parts: Sequence[Part]) -> Sequence[Record]:
        try:
            return self.memory.records(wall_clock())
        except Exception as error:
            raise Undone(f"what is remembered can't be stored ({type(error).__name__}): all is restored") from error

    async def flush(self) -> None:
        """Return when all is committed that was handed over. BrokerError: perhaps it is not, and the ownership is over."""
        with self._losing():
            self._check()
            await self.shard.flush()

    @contextmanager
    def _losing(self) -> Iterator[None]:
        try:
            yield
        except BrokerError as error:
            self._lose(error)
            raise

    def _lose(self, error: BrokerError) -> None:
        if not self.lost.done():
            self.lost.set_result(error)

    def _check(self) -> None:
        if self.lost.done():
            raise self.lost.result()


async def own(run: Run, shards: Sequence[Shard]) -> tuple[Mapping[Shard, Owned], Mapping[Shard, BrokerRefused]]:
    """Fence them all, then restore them all in one reading. BrokerError: as `port.Broker` tells; nothing is owned then.

    One whose records can't be read is refused, and the others are owned.
    """

    def adopt(parts: Sequence[Part], seconds: float) -> None:
        run.totals.adopt(parts, seconds, wall_clock())

    claims: dict[Shard, Claim] = {}
    try:
        async with asyncio.TaskGroup() as fencing:
            for shard in shards:
                fencing.create_task(_fence(run.broker, shard, claims))
        owned_at = running_clock()
        memories, refused = await _restored(run, shards)
        run.totals.restores += len(shards)
        for shard, why in refused.items():
            log.error("shard.refused", shard=shard.name, reason=str(why))
            await claims.pop(shard).release()
    except BaseException as error:
        for claim in claims.values():
            await claim.release()
        if isinstance(error, BaseExceptionGroup):
            raise error.exceptions[0] from None
        raise
    return {shard: Owned(claim, memories[shard], owned_at, adopt) for shard, claim in claims.items()}, refused


async def _restored(run: Run, shards: Sequence[Shard]) -> tuple[dict[Shard, ShardMemory], dict[Shard, BrokerRefused]]:
    """What the shards remember, and why of some that can't be read."""
    memories = {shard: ShardMemory(run.token) for shard in shards}
    refused: dict[Shard, BrokerRefused] = {}
    async with aclosing(run.broker.restore(shards)) as records:
        async for shard, record in records:
            memories[shard].absorb(record.key, record.value)
    for shard, memory in memories.items():
        try:
            memory.restored()
        except BrokerRefused as error:
            refused[shard] = error
    return memories, refused


async def _fence(broker: Broker, shard: Shard, claims: dict[Shard, Claim]) -> None:
    claims[shard] = await broker.claim(shard)
