"""What the worker remembers of a source, for `sources show`: read from its checkpoints, without owning them."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from worker.cli.records import timestamp
from worker.core import schedule
from worker.core.feeds import ShardMemory, loaded_head
from worker.core.feeds.restore import wrong_with
from worker.model import Definition, Head, Topic
from worker.shown import without_secrets

if TYPE_CHECKING:
    from worker.broker.port import Broker

_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Remembered:
    """Of one source. `refused`: why what is stored of it can't be read."""

    head: Head | None
    entries: int
    refused: str | None


async def remembered(broker: Broker, source: str, partition: int) -> Remembered:
    """What is stored of the source."""
    found = await _read(broker, source, partition)
    for _ in range(_TRIES):
        if found.refused is None:
            break
        # A worker that runs may have written between two of the records that were read.
        found = await _read(broker, source, partition)
    return found


async def _read(broker: Broker, source: str, partition: int) -> Remembered:
    memory = ShardMemory("")
    async with aclosing(broker.read(Topic.CHECKPOINTS, partition=partition)) as records:
        async for record in records:
            if _is_about(source, record.key):
                memory.absorb(record.key, record.value)
    memory.restored()
    return Remembered(memory.head(source), memory.remembered(source), memory.refused.get(source))


@dataclass(frozen=True, slots=True)
class Noted:
    """Of a source in a list. `failing`: why it couldn't be read when it was last polled, for people."""

    failing: str = ""
    paused: bool = False

    @property
    def text(self) -> str:
        """For people."""
        return "; ".join(filter(None, ("paused" if self.paused else "", self.failing)))


async def noted(broker: Broker) -> dict[tuple[int, str], Noted]:
    """The sources of which something is to be noted, by partition and id."""
    found: dict[tuple[int, str], Noted] = {}
    wrong: dict[tuple[int, bytes], tuple[str, str]] = {}
    async with aclosing(broker.read(Topic.CHECKPOINTS)) as records:
        async for record in records:
            kind, source = _about(record.key)
            if kind not in ("head", "page"):
                continue
            why = wrong_with(record.key, record.value)
            wrong.pop((record.partition, record.key), None)
            if why is not None:
                wrong[record.partition, record.key] = source, why[1]
            if kind == "head":
                found.pop((record.partition, source), None)
                if record.value is not None and why is None and (note := _noted(record.value)) != Noted():
                    found[record.partition, source] = note
    for (partition, _), (source, reason) in wrong.items():
        found[partition, source] = Noted(f"can't be read: {reason}")
    return found


def _noted(value: bytes) -> Noted:
    head = loaded_head(value)[0]
    return Noted(_result(head) if head.fault or head.gone else "", head.paused)


def _about(key: bytes) -> tuple[str, str]:
    """What kind of record it is, and of which source; what is of none needn't be read."""
    try:
        kind, source, *_ = orjson.loads(key)
    except (ValueError, TypeError):
        return "", ""
    return str(kind), str(source)


def _is_about(source: str, key: bytes) -> bool:
    kind, name = _about(key)
    return kind in ("head", "page") and name == source


def plain(definition: Definition, found: Remembered) -> dict[str, Any]:
    """As JSON: times in RFC 3339, null where there is nothing to say."""
    head = found.head or Head()
    fault, validators = head.fault, head.validators
    return {
        "unreadable": found.refused,
        "lastPollAt": _time(head.polled_at),
        "nextPollAt": _time(_next(definition, found.head)),
        "lastDocumentAt": _time(head.read_at),
        "paused": head.paused,
        "pollAskedFor": bool(head.polls_asked),
        "gone": head.gone,
        "fault": fault
        and {
            "kind": fault.kind,
            "message": without_secrets(fault.message),
            "status": fault.status,
            "inARow": head.faults,
            "since": _time(head.fault_since),
            "notBefore": _time(head.not_before),
        },
        "validators": validators
        and {"url": without_secrets(validators.url), "etag": validators.etag, "lastModified": validators.modified},
        "repaired": head.repaired,
        "movedTo": head.url and without_secrets(head.url),
        "title": head.title,
        "ttlSeconds": head.ttl_s,
        "guidsUnusable": head.guids_unusable,
        "linksUnusable": head.links_unusable,
        "entries": found.entries,
        "positions": {str(partition): offset for partition, offset in sorted(head.positions.items())},
    }


def facts(definition: Definition, found: Remembered, now: int) -> dict[str, str]:
    """For people, a fact a line."""
    head = found.head
    if found.refused:
        return {"remembered": found.refused}
    if head is None:
        return {"last poll": "none yet"}
    if definition.kind == "topic":
        return _topic(head)
    due = _next(definition, head)
    passed = due is not None and due <= now
    said = {
        "paused": "yes: `news-worker sources resume` puts it back" if head.paused else "",
        "asked for": "a poll out of turn, which has not answered yet" if head.polls_asked else "",
        "last poll": _last(head, passed=passed),
        "next poll": "never" if due is None else "now, or at its next slot" if passed else timestamp(due),
        "result": _result(head),
        "last document": _time(head.read_at) or "none yet",
        "validators": _validators(head),
        "repaired": "what its next document shows is passed over, but for what is remembered" if head.repaired else "",
        "moved to": without_secrets(head.url or ""),
        "feed's title": head.title or "",
        "feed asks for": f"{head.ttl_s} s between polls" if head.ttl_s else "",
        "unusable": ", ".join(
            name for name, so in (("guids", head.guids_unusable), ("links", head.links_unusable)) if so
        ),
        "remembered": f"{found.entries} article{'' if found.entries == 1 else 's'}",
    }
    return {name: value for name, value in said.items() if value}


def _topic(head: Head) -> dict[str, str]:
    """Of one that is consumed as its records come."""
    offsets = ", ".join(f"{partition}: {offset}" for partition, offset in sorted(head.positions.items()))
    said = {
        "last record": _time(head.read_at) or "none yet",
        "result": _result(head),
        "repaired": "it goes on with what comes after all that there is" if head.repaired else "",
        "topic": head.positions_in or "",
        "positions": offsets,
    }
    return {name: value for name, value in said.items() if value}


def _last(head: Head, *, passed: bool) -> str:
    """A poll that changed nothing is stored with the next that does: of a feed that is quiet the last one is not known."""
    if not head.polled_at:
        return "none yet"
    return timestamp(head.polled_at) + (", or later with nothing new" if passed and head.fault is None else "")


def _next(definition: Definition, head: Head | None) -> int | None:
    """None: never, be it that it never was. An answer that changed nothing is stored with the next that does, so it may be past."""
    return schedule.next_due(definition, head, head.polled_at) if head and head.polled_at else None


def _time(at: int | None) -> str | None:
    return timestamp(at) if at else None


def _result(head: Head) -> str:
    if head.fault is None:
        return "gone (410)" if head.gone else "fine"
    times = f" ({head.faults} in a row, since {timestamp(head.fault_since)})" if head.faults > 1 else ""
    return f"{head.fault.kind}: {without_secrets(head.fault.message)}{times}"


def _validators(head: Head) -> str:
    if head.validators is None:
        return ""
    named = (("ETag", head.validators.etag), ("Last-Modified", head.validators.modified))
    return ", ".join(f"{name}: {value}" for name, value in named if value)
