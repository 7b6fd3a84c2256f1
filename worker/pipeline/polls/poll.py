"""One poll of one source up to what can be decided: asked, compared with what is remembered, read in a process.

What has no body to read (a 304, bytes known by their hash, a fault) skips the readers.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

import structlog

from worker.core.event import rfc3339
from worker.core.feeds import MOST_RECORDS, Answered, Asked, ShardMemory, decide, faulted, is_known, unchanged
from worker.core.normalise.links import without_secrets
from worker.core.sources.definitions import source_of
from worker.kafka.options import KafkaOptions
from worker.model import (
    Code,
    Definition,
    Document,
    Fate,
    Fault,
    FaultKind,
    Fetched,
    Format,
    Head,
    Part,
    Reading,
    Totals,
)
from worker.pipeline.clocks import wall_clock
from worker.pipeline.readers.pool import ReaderPool
from worker.pipeline.search import Search
from worker.sources.feed import Answer, Client, Secrets, request_of

log = structlog.get_logger()

# What the readers' processes can do to a document, which a fault says of its source.
_KILLED: Final = (Code.TIMED_OUT, Code.READER_DIED)
_JSON: Final = (b"{", b"[")
_BOM: Final = b"\xef\xbb\xbf"


# Given memory, and the search for an article that the broker refuses: what is to be committed, part by part.
Decide = Callable[[ShardMemory, Search], Iterable[Part]]


@dataclass(frozen=True, slots=True)
class Tools:
    """What a poll needs besides its source."""

    client: Client
    pool: ReaderPool
    secrets: Secrets
    record_bytes: int  # that one event's record may have
    own_cluster: tuple[str, KafkaOptions] | None = None  # the URL of the worker's own broker where that is Kafka


@dataclass(frozen=True, slots=True)
class Polled:
    """What a poll came to; after a fault it is decided again."""

    outcome: str  # read | same | not_modified | fault
    decide: Decide
    fault: Fault | None = None


def due_once(definition: Definition, head: Head | None, totals: Totals) -> int | None:
    """Now, but for a source that had its turn, is paused, or asked to be left alone."""
    now = wall_clock()
    if definition.id in totals.asked or (head is not None and head.paused):
        return None
    if head is not None and head.gone:
        totals.left[definition.id] = "gone (410): remove it"
    elif head is not None and head.not_before > now:
        totals.left[definition.id] = f"its server asked to be left alone until {rfc3339(head.not_before)}"
    else:
        return now
    return None


async def ask(tools: Tools, definition: Definition, asked: Asked, room: AsyncExitStack) -> Answer | Fault:
    """The answer of the source's server. `asked`: what is remembered of the answer before. `room`: as `Client.fetch` takes it."""
    request = request_of(definition, asked.validators, asked.url, tools.secrets)
    return request if isinstance(request, Fault) else await tools.client.fetch(request, room)


async def understand(tools: Tools, definition: Definition, asked: Asked, answer: Answer | Fault) -> Polled:
    """What the answer comes to; a document is read in a process."""
    at = wall_clock()
    if isinstance(answer, Fault):
        return failed(definition, answer, at)
    digest = b"" if answer.body is None else hashlib.sha256(answer.body).digest()
    answered = Answered(without_secrets(answer.url), answer.status, digest, answer.validators, answer.moved_to)
    if answer.body is None or is_known(asked, digest):
        outcome = "not_modified" if answer.body is None else "same"
        return Polled(outcome, lambda memory, _: unchanged(definition, memory, asked, answered, at))
    reading = await _read(tools, definition, answer, answer.body, at)
    if reading.fault is not None:
        kind = FaultKind.UNREADABLE if reading.fault.code in _KILLED else FaultKind.NOT_A_FEED
        return failed(definition, Fault(kind, reading.fault.message, answer.status), at)

    def decided(memory: ShardMemory, search: Search) -> Iterable[Part]:
        most = search.most or MOST_RECORDS
        return decide(reading, definition, memory, answered, at, refused=search.refused(definition.id), most=most)

    return Polled("read", decided)


def failed(definition: Definition, fault: Fault, at: int) -> Polled:
    """It brought no document. `at`: ms."""
    return Polled("fault", lambda memory, _: faulted(definition, memory, fault, at), fault)


def lawful(head: Head | None, asked: Asked, token: str) -> bool:
    """Whether what was asked under one head may be decided under another, as restored (design invariant 4).

    `token`: of this process.
    """
    if head is None:
        return asked == Asked()
    return head.token == token or (head.token, head.count) == (asked.token, asked.count)


async def _read(tools: Tools, definition: Definition, answer: Answer, body: bytes, at: int) -> Reading:
    fetched = Fetched(answer.url, answer.status, answer.content_type, definition.zone)
    shape = Format.JSON_FEED if body.removeprefix(_BOM).lstrip().startswith(_JSON) else Format.FEED
    document = Document(source_of(definition), "", shape, body, 0, -1, 0, at, fetched=fetched)
    (readings,) = await tools.pool.read([document], tools.record_bytes)
    return readings[0]


def say(totals: Totals, definition: Definition, polled: Polled, told: Counter[str]) -> None:
    """A poll is through, and committed."""
    totals.polls[polled.outcome] += 1
    totals.asked.add(definition.id)
    if polled.fault is not None:
        totals.faults[definition.id] = polled.fault
        totals.poll_faults[polled.fault.kind] += 1
        log.warning("feed.fault", source=definition.id, kind=polled.fault.kind, reason=polled.fault.message)
        return
    totals.faults.pop(definition.id, None)
    new = any(what not in (Fate.UNCHANGED, Fate.RETRIED) for what in told)
    counts = {str(what): count for what, count in told.items()}
    (log.info if new else log.debug)("feed.polled", source=definition.id, outcome=polled.outcome, **counts)
