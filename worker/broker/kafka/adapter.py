"""Whatever touches aiokafka's private parts: tests/kafka/test_adapter.py holds it to the one release that is pinned.

The one decision: a producer that met a fault is never aborted nor stopped, as both may hang for as long as the broker is
away. It is cut off; the next InitProducerId aborts what it left open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.conn import create_conn
from aiokafka.errors import UnsupportedSaslMechanismError, for_code
from aiokafka.protocol.admin import SaslHandShakeRequest

_CANCELS: Final = 5  # a sender swallows one to wait for its requests; the second ends it
_CANCEL_SECONDS: Final = 0.5
_CLOSE_SECONDS: Final = 2.0


async def discard(producer: AIOKafkaProducer) -> None:
    """End the producer in whatever state it is, within moments, without a word to the broker; no task of it is left."""
    producer._closed = True
    await _end_tasks_of(producer._sender)
    for future in _futures(producer):
        if future.done() and not future.cancelled():
            future.exception()  # retrieved: else the loop says that it never was
    await _close(producer.client)


async def stop(consumer: AIOKafkaConsumer) -> None:
    """End the consumer likewise. Its own `stop` lets cancellations of its tasks out, and then leaves connections open."""
    consumer._closed = True
    await _end_tasks_of(consumer._coordinator, consumer._fetcher)
    await _close(consumer._client)


async def _end_tasks_of(*owners: object) -> None:
    for _ in range(_CANCELS):
        tasks = [task for task in asyncio.all_tasks() if any(_self(task) is owner for owner in owners if owner)]
        if not tasks:
            return
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=_CANCEL_SECONDS)


async def _close(client: Any) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_CLOSE_SECONDS):
            await client.close()


def fatal(producer: AIOKafkaProducer) -> BaseException | None:
    """What ended the producer's sender for good, whatever a later call then raises; None while it lives."""
    task = producer._sender.sender_task
    if task is None or not task.done() or task.cancelled():
        return None
    error: BaseException | None = task.exception()
    return (error and error.__cause__) or error


async def why_not_reached(host: str, port: int, **connection: Any) -> Exception | None:
    """What goes wrong in connecting to one broker, which bootstrapping only logs; None when nothing does."""
    try:
        connected = await create_conn(host, port, **connection)
    except Exception as error:  # noqa: BLE001 (whatever it is, it is the answer)
        return error
    connected.close()
    return None


async def wants_login(host: str, port: int, **connection: Any) -> bool:
    """Whether the broker, reached without a login, would take one; asked for a way that there isn't, so that nobody logs in."""
    try:
        connected = await create_conn(host, port, **connection)
        try:
            answer = await connected.send(SaslHandShakeRequest("none"))
        finally:
            connected.close()
    except Exception:  # noqa: BLE001 (whatever it is, it is no answer)
        return False
    return for_code(answer.error_code) is UnsupportedSaslMechanismError


def _self(task: asyncio.Task[Any]) -> object:
    frame = getattr(task.get_coro(), "cr_frame", None)
    return frame.f_locals.get("self") if frame else None


def _futures(producer: AIOKafkaProducer) -> Iterator[asyncio.Future[Any]]:
    transaction, accumulator = producer._txn_manager, producer._message_accumulator
    yield transaction._pid_waiter
    if transaction._transaction_waiter is not None:
        yield transaction._transaction_waiter
    if producer._sender.sender_task is not None:
        yield producer._sender.sender_task
    for batches in (*accumulator._batches.values(), accumulator._pending_batches):
        for batch in batches:
            yield batch.future
            yield batch._drain_waiter
