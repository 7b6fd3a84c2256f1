"""Definitions of sources as the broker has them: read, and changed by lists of sources."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import aclosing

from worker.broker.port import Broker
from worker.core.sources.definitions import Definitions
from worker.core.sources.difference import Plan, Wanted, compare
from worker.model import Record, Topic


async def known(broker: Broker) -> Definitions:
    """All that the broker has, counting or not."""
    found = Definitions(lambda site: broker.partition_of(Topic.SOURCES, site))
    async with aclosing(broker.read(Topic.SOURCES)) as records:
        async for record in records:
            found.absorb(record.partition, record.key, record.value)
    return found


async def planned(broker: Broker, wanted: Iterable[Wanted], now: int) -> Plan:
    """What applying would change, at a time in ms; nothing is written."""
    found = await known(broker)
    return compare(wanted, [one.definition for one in found if one.passed_over is None], now)


async def apply(broker: Broker, wanted: Iterable[Wanted], now: int) -> Plan:
    """Add and change what the lists say; nothing is removed."""
    plan = await planned(broker, wanted, now)
    await write(broker, plan.records(now))
    return plan


async def write(broker: Broker, records: list[Record]) -> None:
    """Store definitions and tombstones; what is stored already does no harm when it is stored again."""
    if records:
        await broker.append(records)
