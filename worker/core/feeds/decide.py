"""decide for polled feeds: what a reading comes to, given all that its shard remembers. Serial, no clock and no await.

A long document comes to several parts. What says that it is done (validators, body hash, the end of `initial`) is changed with the
last of them, and only if nothing in it is to be retried; the parts before drop it.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Final

from worker.core.feeds.answered import Answered, well
from worker.core.feeds.document import FeedDocument
from worker.core.feeds.match import Seen, matched
from worker.core.feeds.memory import ShardMemory
from worker.core.feeds.window import turn
from worker.model import Definition, Fate, Part, Reading, Withdrawal

MOST_RECORDS: Final = 256  # of a part


def decide(  # noqa: PLR0913 (a reading, and what is known besides)
    reading: Reading,
    definition: Definition,
    memory: ShardMemory,
    answered: Answered,
    now: int,
    *,
    refused: AbstractSet[int] = frozenset(),
    most: int = MOST_RECORDS,
) -> Iterator[Part]:
    """The parts that a polled document comes to, at least one; each is decided, and memory changed, as it is asked for.

    Between two parts nothing else of the shard may be decided. `refused`: positions (ends) of articles that the broker has
    been seen to refuse. `most`: records a part may have.
    """
    well(memory.held(definition.id).opened, answered, definition.url, now)  # from here on it counts as live
    document = FeedDocument(definition, memory, answered, reading.observed_at, now, refused)
    found = matched(reading.items, document.held, document.source)
    deleted = {item for item in found.items if isinstance(item, int)}
    capped = turn(document.held, found.shown, deleted, now, document.day)
    document.fates[Fate.CAPPED] += capped
    begun = 0
    for number, (item, what) in enumerate(zip(reading.items, found.items, strict=True), 1):
        if isinstance(what, Seen):
            document.entry(what)
        elif isinstance(item, Withdrawal):
            document.withdrawal(item, what)
        if document.full(most):
            document.begun()
            yield document.part(item.end, number - begun)
            begun = number
    document.done(reading, sum(isinstance(what, Seen) for what in found.items))
    yield document.part(reading.end, len(reading.items) - begun, reading.notes)
