"""The worker with something planted in what it does for polled feeds: its death at a transaction, or a bug.

`-m faults.planted_polls PLANT,… run …`: PLANT is `after:N` or `before:N`, SIGKILL at the Nth transaction that holds articles;
`frozen:N`, SIGSTOP before it; `parts`, each part of a document in a transaction of its own, as when they are too large for one;
`clock:FILE`, a clock that is as many days ahead as the file says, while there is one; or the name of a bug.
"""

import os
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from faults.planted import Unfenced

from worker.broker.kafka import broker
from worker.cli.main import run
from worker.core.feeds import ShardMemory
from worker.core.feeds.answered import BODY
from worker.model import Topic
from worker.pipeline.polls import poll
from worker.pipeline.shard import OwnedShard

A_DAY = 24 * 60 * 60 * 10**9


def planted(*plants: str) -> tuple[str, str, str]:
    """The program that `Place.running` runs."""
    return "-m", "faults.planted_polls", ",".join(plants)


def plant(plants: Iterable[str]) -> None:
    for name in plants:
        when, _, number = name.partition(":")
        if when in {"after", "before", "frozen"}:
            _die(when, int(number))
        elif when == "clock":
            _days_ahead(Path(number))
        else:
            OTHERS[name]()


def _die(when: str, number: int) -> None:
    made, seen = OwnedShard._commit, 0

    async def commit(self, parts):
        nonlocal seen
        seen += any(record.topic is Topic.ARTICLES for part in parts for record in part.records)
        if (when, seen) == ("before", number):
            os.kill(os.getpid(), signal.SIGKILL)
        if (when, seen) == ("frozen", number):
            seen += 1  # once
            os.kill(os.getpid(), signal.SIGSTOP)
        await made(self, parts)
        if (when, seen) == ("after", number):
            os.kill(os.getpid(), signal.SIGKILL)

    OwnedShard._commit = commit


def _days_ahead(mark: Path) -> None:
    right = time.time_ns
    time.time_ns = lambda: right() + (int(mark.read_text()) * A_DAY if mark.exists() else 0)


def _unfenced() -> None:
    """A name of its own for each producer, so that no owner fences the one before."""
    broker.AIOKafkaProducer = Unfenced


def _each_part_by_itself() -> None:
    made = OwnedShard.publish

    async def publish(self, part):
        await made(self, part)
        await self.flush()

    OwnedShard.publish = publish


def _events_first() -> None:
    """Events and what is remembered of them go in a transaction each, events first."""

    async def commit(self, parts):
        await self._claim.commit([record for part in parts for record in part.records])
        _maybe_die(parts)
        await self._claim.commit(self._remember(parts))

    OwnedShard._commit = commit


def _state_first() -> None:
    """Likewise, the other way round."""

    async def commit(self, parts):
        await self._claim.commit(self._remember(parts))
        _maybe_die(parts)
        await self._claim.commit([record for part in parts for record in part.records])

    OwnedShard._commit = commit


def _maybe_die(parts) -> None:
    if any(record.topic is Topic.ARTICLES for part in parts for record in part.records):
        os.kill(os.getpid(), signal.SIGKILL)


def _validators_first() -> None:
    """What says that a document is done is committed with its first part already."""

    def set_done(head, answered, _before):
        head.validators, head.body = answered.validators, answered.digest[:BODY]

    _in_each_part(set_done)


def _validators_kept() -> None:
    """What was remembered of the document before stays, though a part of another is committed."""

    def keep(head, _answered, before):
        if head.validators is None:
            head.validators, head.body = before

    _in_each_part(keep)


def _in_each_part(change) -> None:
    made = poll.decide

    def decide(reading, definition, memory, answered, now, **named):
        head = memory.head(definition.id)
        before = (head.validators, head.body) if head else (None, b"")
        for part in made(reading, definition, memory, answered, now, **named):
            change(memory.head(definition.id), answered, before)
            yield part

    poll.decide = decide


def _unmarked() -> None:
    """What was forgotten is not known to be."""
    ShardMemory.forgot = lambda *_: False


OTHERS = {
    "unmarked": _unmarked,
    "unfenced": _unfenced,
    "parts": _each_part_by_itself,
    "events first": _events_first,
    "state first": _state_first,
    "validators first": _validators_first,
    "validators kept": _validators_kept,
}


if __name__ == "__main__":
    plant(sys.argv[1].split(","))
    sys.exit(run(sys.argv[2:]))
