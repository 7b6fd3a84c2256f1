"""Reading partitions without a group: what is committed, from somewhere to an end that is taken first, or for ever.

The end is the read_uncommitted one, and that of the position. The read_committed end may lie below what was committed:
while another producer has a transaction open in the partition, and for a moment after each commit, as the broker answers
before the markers are written. And the last record may lie well below the end, as markers take offsets and are never seen.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Final, Literal

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from worker.broker.kafka.ends import Ends
from worker.broker.port import Span, Start, Stored
from worker.errors import BrokerAway
from worker.kafka.adapter import stop
from worker.kafka.connection import Connection
from worker.kafka.faults import told

START_SECONDS: Final = 20.0
STALLED_SECONDS: Final = 60.0  # longer than another owner's transaction can stay open and keep us from reading on
FETCH_WAIT_MS: Final = (
    2_000  # that the broker holds a question to which there is no answer yet; records that come end it
)
_WAIT_MS: Final = 1_000
_FETCH_BYTES: Final = 4 * 1024 * 1024

Isolation = Literal["read_committed", "read_uncommitted"]
Partitions = Sequence[TopicPartition]


async def committed(
    connection: Connection, held: Mapping[TopicPartition, Span], start: Start
) -> AsyncGenerator[ConsumerRecord]:
    """The committed records from the start to the end of what each partition holds (`spans`), in order within each.

    Waits for transactions that are open before that end, but BrokerAway where none of the partitions comes any further.
    """
    async with _consumer(connection, list(held), "read_committed") as reader:
        await _seek(reader, start, held)
        async with aclosing(_up_to(reader, {one: span.end for one, span in held.items()})) as records:
            async for record in records:
                yield record


async def following(
    connection: Connection, held: Mapping[TopicPartition, Span], start: Start
) -> AsyncGenerator[ConsumerRecord]:
    """The committed records from the start on, for ever; waits at the broker for more. `held`: what there is now."""
    async with _consumer(connection, list(held), "read_committed") as reader:
        await _seek(reader, start, held)
        ends = Ends()
        while True:
            for one, records in (await reader.getmany(timeout_ms=_WAIT_MS)).items():
                ends.check(one, records[0].offset)  # aiokafka begins anew where offsets go back
                for record in records:
                    yield record
                ends.check(one, records[-1].offset + 1)


async def spans(
    connection: Connection, partitions: Partitions, isolation: Isolation = "read_uncommitted"
) -> dict[TopicPartition, Span]:
    """What each partition holds, of committed records and others, or, read_committed, up to the first that is undecided."""
    async with _consumer(connection, partitions, isolation) as reader, asyncio.timeout(START_SECONDS):
        starts, ends = await reader.beginning_offsets(partitions), await reader.end_offsets(partitions)
    return {one: Span(starts[one], ends[one]) for one in partitions}


@asynccontextmanager
async def _consumer(
    connection: Connection, partitions: Partitions, isolation: Isolation
) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer of just these partitions. BrokerAway, BrokerRefused: none could be made, or it met a fault."""
    made = AIOKafkaConsumer(
        **connection.arguments(),
        isolation_level=isolation,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=_FETCH_BYTES,
        fetch_max_wait_ms=FETCH_WAIT_MS,
    )
    try:
        try:
            async with asyncio.timeout(START_SECONDS):
                await made.start()
        except Exception as error:
            # Whoever reads has got in before: a broker that is just coming up may know nobody yet.
            raise BrokerAway(str(await connection.explained(error))) from error
        made.assign(partitions)
        try:
            yield made
        except Exception as error:
            raise told(error, partitions[0].topic, needs="Read") from error
    finally:
        await stop(made)


async def _seek(reader: AIOKafkaConsumer, start: Start, held: Mapping[TopicPartition, Span]) -> None:
    """Set each partition to where reading begins, within what it holds."""
    since: Mapping[TopicPartition, object] = {}
    if start.since is not None:
        async with asyncio.timeout(START_SECONDS):
            since = await reader.offsets_for_times(dict.fromkeys(held, start.since))
    for one, span in held.items():
        offset = start.offset if start.offsets is None else start.offsets.get(one.partition, span.end)
        position = span.start if offset is None else min(max(offset, span.start), span.end)
        if start.since is not None:
            position = getattr(since.get(one), "offset", span.end)
        reader.seek(one, span.end if start.latest else position)


async def _up_to(reader: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> AsyncGenerator[ConsumerRecord]:
    left = dict(ends)
    loop = asyncio.get_running_loop()
    moved, before = loop.time(), -1
    while True:
        positions = {one: await reader.position(one) for one in left}
        for one in [one for one, position in positions.items() if position >= left[one]]:
            reader.pause(one)
            del left[one]
        if not left:
            return
        if sum(positions.values()) != before:
            moved, before = loop.time(), sum(positions.values())
        elif loop.time() - moved > STALLED_SECONDS:
            stuck = ", ".join(f"{one.topic}/{one.partition}" for one in left)
            raise BrokerAway(f"Reading {stuck} comes no further: is the broker up, or a transaction open there?")
        for one, records in (await reader.getmany(*left, timeout_ms=_WAIT_MS)).items():
            for record in records:
                if record.offset < ends[one]:
                    yield record


def stored(record: ConsumerRecord) -> Stored:
    """A record in the port's words."""
    return Stored(
        record.topic,
        record.partition,
        record.offset,
        record.timestamp,
        record.key or b"",
        record.value,
        tuple(record.headers),
    )
