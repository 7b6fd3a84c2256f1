"""Faults, each a block within which something is broken and after which it is mended, whatever runs under it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import for_code
from faults.running import Place
from kafka.acls import Acl, allow, forbid
from kafka.clients import Client, administering
from kafka.cluster import Cluster

from worker.broker.connect import administer
from worker.model import Topic


@asynccontextmanager
async def killed(cluster: Cluster, *numbers: int) -> AsyncIterator[None]:
    """Brokers end as by a loss of power; afterwards they are up again."""
    for number in numbers:
        cluster.kill(number)
    yield
    for number in numbers:
        cluster.restart(number)
    await cluster.ready()


@asynccontextmanager
async def frozen(cluster: Cluster, number: int = 0) -> AsyncIterator[None]:
    """A broker takes connections and answers nothing."""
    cluster.freeze(number)
    yield
    cluster.thaw(number)


@asynccontextmanager
async def deleted(place: Place, client: Client, topic: Topic) -> AsyncIterator[None]:
    """A topic is gone, with all that is in it; afterwards it is there, empty."""
    async with administer(place.url, prefix=place.prefix, kafka=place.kafka) as administration:
        layout = (await administration.layouts())[topic]
        async with administering(client) as admin:
            ((_, code),) = (await admin.delete_topics([layout.name])).topic_error_codes
            _raise(code)
        yield
        await administration.create([layout])


@asynccontextmanager
async def set_otherwise(place: Place, client: Client, topic: Topic, **settings: str) -> AsyncIterator[None]:
    """`max_message_bytes="1000"` and the like are in force on a topic; afterwards it is as it was."""
    async with administer(place.url, prefix=place.prefix, kafka=place.kafka) as administration:
        layout = (await administration.layouts())[topic]
    other = {name.replace("_", "."): value for name, value in settings.items()}
    await _set(client, layout.name, {**layout.settings, **other})
    yield
    await _set(client, layout.name, layout.settings)


@asynccontextmanager
async def not_allowed(client: Client, acl: Acl) -> AsyncIterator[None]:
    """What a user was allowed is taken back; afterwards it is allowed."""
    async with administering(client) as admin:
        await forbid(admin, acl)
        yield
        await allow(admin, acl)


async def _set(client: Client, name: str, settings) -> None:
    """All settings at once: this request of Kafka's resets what it doesn't name."""
    async with administering(client) as admin:
        for answer in await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, dict(settings))]):
            for code, *_ in answer.resources:
                _raise(code)


def _raise(code: int) -> None:
    if code:
        raise for_code(code)


@asynccontextmanager
async def there_is(mark: Path) -> AsyncIterator[None]:
    """A file that a planted fault goes by."""
    _put(mark)
    yield
    _take_away(mark)


def _put(mark: Path) -> None:
    mark.touch()


def _take_away(mark: Path) -> None:
    mark.unlink()
