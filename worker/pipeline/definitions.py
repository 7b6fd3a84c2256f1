"""Definitions of sources as the broker has them: read, and changed by lists of sources."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final

from worker.broker.port import Broker
from worker.core.sources.definitions import Definitions, Found
from worker.core.sources.difference import Plan, compare
from worker.core.sources.lists import Listed, read
from worker.core.sources.stored import tombstone
from worker.core.sources.urls import same_form
from worker.errors import UsageError
from worker.model import Record, Topic

_AT_ONCE: Final = 10_000  # definitions; an append has a deadline, and keeps others from writing to a file


async def known(broker: Broker) -> Definitions:
    """All that the broker has, counting or not."""
    found = Definitions(lambda site: broker.partition_of(Topic.SOURCES, site))
    async with aclosing(broker.read(Topic.SOURCES)) as records:
        async for record in records:
            found.absorb(record.partition, record.key, record.value)
    return found


def named(known: Definitions, source: str) -> list[Found]:
    """The definitions of that id or, where there are none, of that URL. UsageError: there are none."""
    if found := known.of(source):
        return found
    try:
        form = same_form(source)
    except ValueError:
        raise UsageError(f"there is no source {source!r}; see `news-worker sources list`") from None
    if found := [one for one in known if same_form(one.definition.url) == form]:
        return found
    raise UsageError(f"there is no source with the URL {source}; see `news-worker sources list`")


def listed(files: Sequence[Path]) -> Listed:
    """What the files list together; "-" is standard input. UsageError: one can't be read, or lists nothing."""
    found = [read(_bytes(file), str(file)) for file in files]
    return Listed(
        tuple(one for each in found for one in each.wanted), tuple(one for each in found for one in each.wrong)
    )


def _bytes(file: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == Path("-") else file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} can't be read: {error.strerror}.") from None


def planned(
    lists: Listed,
    found: Definitions,
    now: int,
    added: Mapping[str, Any] | None = None,
    own: Collection[str] = (),
) -> Plan:
    """What applying the lists would change of what was found, at a time in ms; what is wrong with them is part of it.

    `added`, `own`: as `compare` takes them.
    """
    plan = compare(lists.wanted, [one.definition for one in found if one.passed_over is None], now, added, own)
    return Plan(plan.differences, lists.wrong + plan.wrong)


async def apply(broker: Broker, lists: Listed, now: int, own: Collection[str] = ()) -> Plan:
    """Add and change what the lists say; nothing is removed."""
    plan = planned(lists, await known(broker), now, own=own)
    await write(broker, plan.records(now))
    return plan


async def remove(broker: Broker, found: Sequence[Found], now: int) -> None:
    """Remove these definitions. UsageError: one stands where nobody who partitions as we do can remove it."""
    for one in found:
        if broker.partition_of(Topic.SOURCES, one.definition.site.encode()) != one.partition:
            raise UsageError(
                f"source {one.definition.id} can't be removed: it stands {one.passed_over}, and has to take it out there."
            )
    await write(broker, [tombstone(one.definition, now) for one in found])


async def write(broker: Broker, records: list[Record]) -> None:
    """Store definitions and tombstones; what is stored already does no harm when it is stored again."""
    for start in range(0, len(records), _AT_ONCE):
        await broker.append(records[start : start + _AT_ONCE])
