"""Polled feeds in a place: defined, polled by workers as a user runs them, and judged by what the feed server has shown."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from contract.oracle import Verdict
from faults.running import Place
from feeds.oracle import events, judged, shown
from feeds.serving import FeedServer

from worker.broker.port import Stored
from worker.core.sources import stored
from worker.model import Definition, Topic

ROUNDS = 12  # polls of all after which a feed that has not come to rest never will
LOOPBACK = ("--allow-net", "127.0.0.0/8")


@dataclass(frozen=True)
class Polled:
    """Every feed of the server is a source, named as there; so is each of its twins."""

    place: Place
    server: FeedServer

    async def define(self, *names: str, **options) -> None:
        """These, or all, as `sources add` would, which takes no interval of a second."""
        now = time.time_ns() // 1_000_000
        async with self.place.connect() as broker:
            await broker.append(
                [
                    stored.record(Definition(name, self.server.url(name), plan.address, now, **options), now)
                    for plan in self.server.plans.values()
                    for name in plan.names
                    if not names or name in names
                ]
            )

    def running(self, *arguments: str, **named):
        return self.place.running("run", *LOOPBACK, *arguments, **named)

    async def once(self, **named) -> tuple[int, str]:
        """Poll every source one time: exit code, and what it said."""
        async with self.running("--once", **named) as process:
            _, said = await process.communicate()
            return process.returncode, said.decode()

    async def to_the_end(self) -> None:
        """Poll until every feed's document is proven to have been taken in."""
        self.server.rest()
        for _ in range(ROUNDS):
            code, said = await self.once()
            assert code == 0, said
            if not self.server.restless:
                return
        raise AssertionError(f"not taken in after {ROUNDS} polls: {self.server.restless}")

    async def records(self) -> list[Stored]:
        """The events that there are."""
        async with self.place.connect() as broker:
            return [record async for record in broker.read(Topic.ARTICLES)]

    async def judged(self, *finished: str, before: Sequence[Stored] = ()) -> Verdict:
        """`finished`: feeds whose last document was taken in, though they have no validators to prove it.

        `before`: what was read in a topic that is gone.
        """
        got, wrong = events([*before, *await self.records()])
        verdict = judged(shown(self.server.ledger, finished=finished), got)
        assert not (verdict.clean and wrong), wrong[:5]
        return verdict

    @property
    def without_validators(self) -> list[str]:
        return [name for name, plan in self.server.plans.items() if plan.validators == "none"]
