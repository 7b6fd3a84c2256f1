"""Whatever touches aiokafka's private parts: tests/kafka/test_adapter.py holds it to the one release that is pinned.

The one decision: a producer that met a fault is never aborted nor stopped, as both may hang for as long as the broker is
away. It is cut off; the next InitProducerId aborts what it left open.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any, Final, NoReturn

import aiokafka.admin.client
import aiokafka.client
import aiokafka.record._crecords.default_records
import zstandard
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, errors
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import create_conn
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import ProducerFenced, UnsupportedSaslMechanismError, for_code
from aiokafka.producer.sender import SendProduceReqHandler
from aiokafka.producer.transaction_manager import TransactionManager
from aiokafka.protocol.admin import SaslHandShakeRequest
from aiokafka.protocol.metadata import MetadataRequest

_CANCELS: Final = 5  # a sender swallows one to wait for its requests; the second ends it
_CANCEL_SECONDS: Final = 0.5
_CLOSE_SECONDS: Final = 2.0
_PAUSE: Final = 0.1


class InvalidRecord(errors.BrokerResponseError):  # type: ignore[misc]  # aiokafka has no types
    """Kafka's INVALID_RECORD, which aiokafka doesn't know and would take for a fault of the broker's own."""

    errno = 87
    message = "INVALID_RECORD"


class _Looking(MetadataRequest):  # type: ignore[misc]  # likewise
    """Asks about topics without making them: on a cluster as it comes, aiokafka's own question makes them, set by default."""

    def __init__(self, topics: list[str] | None = None) -> None:
        super().__init__(topics, allow_auto_topic_creation=False)


def _can_retry(
    handler: SendProduceReqHandler,
    error: Exception,
    batch: Any,
    known: Callable[..., bool] = SendProduceReqHandler._can_retry,
) -> bool:
    """Aiokafka's own, which tells nobody why a batch is sent again and again."""
    batch.last_error = error
    return known(handler, error, batch)


def _error_transaction(_manager: TransactionManager, error: Exception) -> NoReturn:
    """Where a topic may not be used, end the sender, before it sends anything more.

    Aiokafka itself forgets which partitions wait to become part of the transaction, and sends what it has for them. Where the
    marker of the transaction before is still on its way, it commits that too: state without its articles, say.
    """
    raise ProducerFenced from error  # of the few errors that end a sender without a traceback in the log


async def _do_heartbeat(
    coordinator: GroupCoordinator, known: Callable[..., Awaitable[bool]] = GroupCoordinator._do_heartbeat
) -> bool:
    """Aiokafka's own, which tells nobody that the group has answered."""
    sent = time.monotonic()
    well = await known(coordinator)
    beat = getattr(coordinator._subscription.listener, "beat", None)
    if well and beat:
        await beat(sent)
    return well


async def _bootstrap(client: AIOKafkaClient, known: Callable[..., Awaitable[None]] = AIOKafkaClient.bootstrap) -> None:
    """Aiokafka's own, which takes a cluster that counts no broker for one to work with, and then knows nobody to ask.

    A cluster that has just stood still is such a one for moments. Whoever starts the client sets how long is waited for it.
    """
    await known(client)
    while not client.cluster.brokers():
        await asyncio.sleep(_PAUSE)
        for connection in client._conns.values():
            connection.close()
        client._conns.clear()
        await known(client)


# One for all producers: they share a loop, and nothing is awaited while a batch is compressed. Level 2, and tables that are kept
# from batch to batch, take two thirds of the time of aiokafka's own, with level 3 and new ones; topics get 2 % larger.
_COMPRESSOR: Final = zstandard.ZstdCompressor(level=2)


def _zstd(batch: bytearray) -> bytes:
    """A batch's records, compressed."""
    return _COMPRESSOR.compress(batch)


errors.kafka_errors[InvalidRecord.errno] = InvalidRecord
aiokafka.record._crecords.default_records.zstd_encode = _zstd
AIOKafkaClient.bootstrap = _bootstrap
aiokafka.client.MetadataRequest = _Looking
aiokafka.admin.client.MetadataRequest = _Looking
SendProduceReqHandler._can_retry = _can_retry
TransactionManager.error_transaction = _error_transaction
GroupCoordinator._do_heartbeat = _do_heartbeat


async def discard(producer: AIOKafkaProducer) -> None:
    """End the producer in whatever state it is, within moments, without a word to the broker; no task of it is left."""
    producer._closed = True
    await _end_tasks_of(producer._sender)
    for future in _futures(producer):
        if future.done() and not future.cancelled():
            future.exception()  # retrieved: else the loop says that it never was
    await close(producer.client)


async def stop(consumer: AIOKafkaConsumer) -> None:
    """End the consumer likewise. Its own `stop` lets cancellations of its tasks out, and then leaves connections open."""
    consumer._closed = True
    await _end_tasks_of(consumer._coordinator, consumer._fetcher)
    await close(consumer._client)


async def leave(consumer: AIOKafkaConsumer) -> None:
    """Tell the group that this member leaves, so that nobody waits for its session to end."""
    if isinstance(consumer._coordinator, GroupCoordinator):
        await consumer._coordinator._maybe_leave_group()


def member_id(consumer: AIOKafkaConsumer) -> str:
    """By which the group knows it: another one once it was thrown out and has come again."""
    return str(getattr(consumer._coordinator, "member_id", ""))


async def _end_tasks_of(*owners: object) -> None:
    for _ in range(_CANCELS):
        tasks = [task for task in asyncio.all_tasks() if any(_self(task) is owner for owner in owners if owner)]
        if not tasks:
            return
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=_CANCEL_SECONDS)


async def close(client: Any) -> None:
    """Close its connections, within moments. CancelledError: this was cancelled, of which its own `close` tells nobody."""
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    with suppress(TimeoutError):
        async with asyncio.timeout(_CLOSE_SECONDS):
            await client.close()
    if task and task.cancelling() > before:
        raise asyncio.CancelledError


def fatal(producer: AIOKafkaProducer) -> BaseException | None:
    """What ended the producer's sender for good, whatever a later call then raises; None while it lives."""
    task = producer._sender.sender_task
    if task is None or not task.done() or task.cancelled():
        return None
    error: BaseException | None = task.exception()
    return (error and error.__cause__) or error


def retried_for(producer: AIOKafkaProducer) -> tuple[str, Exception] | None:
    """The topic of a batch that is not through yet, and what its last try met; None where there is none."""
    for batch in _batches(producer):
        if not batch.future.done() and (error := getattr(batch, "last_error", None)):
            return batch.tp.topic, error
    return None


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


async def topics_as_known_by(admin: AIOKafkaAdminClient, broker: int, names: list[str]) -> list[dict[str, Any]]:
    """What this one broker says of the topics; the client's own question goes to any."""
    answer = await admin._client.send(broker, _Looking(names))
    described: list[dict[str, Any]] = answer.to_object()["topics"]
    return described


async def topic_as_known_to(consumer: AIOKafkaConsumer, name: str) -> dict[str, Any]:
    """The brokers' word on a topic and their cluster. KafkaError, OSError: none of them answers.

    What aiokafka itself learns of a topic tells nobody why it can't be read: that it is gone, or forbidden.
    """
    client = consumer._client
    met: Exception = errors.NodeNotReadyError()
    for broker in client.cluster.brokers():
        try:
            answer = await client.send(broker.nodeId, _Looking([name]))
        except (errors.KafkaError, OSError) as error:
            met = error
        else:
            told: dict[str, Any] = answer.to_object()
            return told
    raise met


def _self(task: asyncio.Task[Any]) -> object:
    frame = getattr(task.get_coro(), "cr_frame", None)
    return frame.f_locals.get("self") if frame else None


def _futures(producer: AIOKafkaProducer) -> Iterator[asyncio.Future[Any]]:
    transaction = producer._txn_manager
    yield transaction._pid_waiter
    if transaction._transaction_waiter is not None:
        yield transaction._transaction_waiter
    if producer._sender.sender_task is not None:
        yield producer._sender.sender_task
    for batch in _batches(producer):
        yield batch.future
        yield batch._drain_waiter


def _batches(producer: AIOKafkaProducer) -> Iterator[Any]:
    accumulator = producer._message_accumulator
    for batches in (*accumulator._batches.values(), accumulator._pending_batches):
        yield from batches
