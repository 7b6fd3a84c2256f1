"""The topics as a whole: which there are and how they are set, and making those that are missing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from types import TracebackType
from typing import Any, Final, Self

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    InvalidReplicationFactorError,
    NoError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    for_code,
)

from worker.broker import topics
from worker.broker.port import Layout
from worker.errors import BrokerAway, BrokerError, BrokerRefused
from worker.kafka.adapter import close, topics_as_known_by
from worker.kafka.connection import Connection
from worker.kafka.faults import forbidden, told
from worker.model import Topic

_SECONDS: Final = 20.0
_COPIES: Final = 3
_PAUSE: Final = 0.1
_NONE_COUNTED: Final = "the cluster counts no broker among its own"


class KafkaAdministration:
    """See `port.Administration`."""

    def __init__(self, connection: Connection, prefix: str) -> None:
        self._connection = connection
        self._prefix = prefix
        self._client = AIOKafkaAdminClient(**connection.arguments())

    async def layouts(self) -> Mapping[Topic, Layout]:
        """See `port.Administration.layouts`. Two copies must be in sync to commit where there are three or more."""
        options = self._connection.options
        replication = options.replication
        if replication is None:
            replication = min(_COPIES, await self._count())
        in_sync = {"min.insync.replicas": "2" if replication >= _COPIES else "1"}
        return {
            topic: Layout(topics.name(topic, self._prefix), options.partitions, replication, {**settings, **in_sync})
            for topic, settings in topics.SETTINGS.items()
        }

    async def found(self) -> Mapping[Topic, Layout]:
        """See `port.Administration.found`."""
        names = {topics.name(topic, self._prefix): topic for topic in Topic}
        described = await self._asked(self._client.describe_topics(list(names)), "the topics", needs="Describe")
        there = {}
        for one in described:
            error = for_code(one["error_code"])
            if error is UnknownTopicOrPartitionError:
                continue
            if error is not NoError or any(len(part["replicas"]) == 0 for part in one["partitions"]):
                raise _in_our_words(error(), one["topic"], needs="Describe")
            there[one["topic"]] = one["partitions"]
        settings = await self._settings(list(there)) if there else {}
        return {
            names[name]: Layout(name, len(parts), min(len(part["replicas"]) for part in parts), settings[name])
            for name, parts in there.items()
            if name in settings  # else it was deleted between the two answers
        }

    async def create(self, missing: Collection[Layout]) -> None:
        """See `port.Administration.create`."""
        await _none(lambda: self._unmade(missing))
        await _none(lambda: self._unknown({one.name for one in missing}))

    async def _unmade(self, missing: Collection[Layout]) -> str | None:
        """Why they are not there yet. A cluster that stood still takes its own brokers for lost until they answer it again."""
        wanted = [NewTopic(one.name, one.partitions, one.replication, topic_configs=one.settings) for one in missing]
        answer = await self._asked(self._client.create_topics(wanted), "the topics", needs="Create")
        why = None
        for name, code, *message in answer.topic_errors:
            error = for_code(code)
            if sentence := forbidden(error(), name, "Create"):
                raise BrokerRefused(sentence)
            if error in (NoError, TopicAlreadyExistsError):
                continue
            why = f"{name} could not be made: {''.join(map(str, filter(None, message))) or error.__name__}"
            if error is not InvalidReplicationFactorError or await self._too_few_for(missing):
                raise BrokerRefused(why)
        return why

    async def _too_few_for(self, missing: Collection[Layout]) -> bool:
        return 0 < len(await self._counted()) < max(one.replication or 1 for one in missing)

    async def _unknown(self, names: Collection[str]) -> str | None:
        """What some broker hasn't heard of: each is told after whoever made them has answered."""
        if not (brokers := await self._counted()):
            return _NONE_COUNTED
        for broker in brokers:
            question = topics_as_known_by(self._client, broker["node_id"], sorted(names))
            if any(topic["error_code"] for topic in await self._asked(question, "the topics", needs="Describe")):
                return f"{', '.join(sorted(names))}: made, but not all brokers know of them yet"
        return None

    async def _count(self) -> int:
        """How many brokers are counted, as soon as any is."""
        count = 0

        async def uncounted() -> str | None:
            nonlocal count
            count = len(await self._counted())
            return None if count else _NONE_COUNTED

        await _none(uncounted)
        return count

    async def cluster(self) -> str:
        """The id of the cluster."""
        return str((await self._described())["cluster_id"])

    async def _counted(self) -> list[dict[str, Any]]:
        """All brokers that the cluster counts among its own just now; for a moment it may be none."""
        brokers: list[dict[str, Any]] = (await self._described())["brokers"]
        return brokers

    async def _described(self) -> dict[str, Any]:
        cluster: dict[str, Any] = await self._asked(self._client.describe_cluster(), "the cluster", needs="Describe")
        return cluster

    async def _settings(self, names: Collection[str]) -> dict[str, dict[str, str]]:
        wanted = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        answers = await self._asked(self._client.describe_configs(wanted), "the topics", needs="DescribeConfigs")
        found = {}
        for answer in answers:
            for code, _, _, name, entries in answer.resources:
                if for_code(code) is UnknownTopicOrPartitionError:
                    continue
                if code:
                    raise _in_our_words(for_code(code)(), name, needs="DescribeConfigs")
                found[name] = {entry[0]: entry[1] for entry in entries}
        return found

    async def _asked(self, question: Any, subject: str, *, needs: str) -> Any:
        try:
            async with asyncio.timeout(_SECONDS):
                return await question
        except Exception as error:
            raise _in_our_words(error, subject, needs=needs) from error

    async def __aenter__(self) -> Self:
        try:
            async with asyncio.timeout(_SECONDS):
                await self._client.start()
        except BaseException as error:
            await self.__aexit__(None, None, None)
            if not isinstance(error, Exception):  # whoever waits is to end
                raise
            raise await self._connection.explained(error) from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await close(self._client)


async def _none(asked: Callable[[], Awaitable[str | None]]) -> None:
    """Ask what is missing until nothing is. BrokerAway, with the last answer: for too long something was."""
    missing: str | None = "the brokers don't answer"
    try:
        async with asyncio.timeout(_SECONDS):
            while missing:
                try:
                    missing = await asked()
                except BrokerAway as away:  # one that is lost is counted among the others until its session ends
                    missing = str(away)
                if missing:
                    await asyncio.sleep(_PAUSE)
    except TimeoutError:
        raise BrokerAway(missing or "the brokers don't answer any more") from None


def _in_our_words(error: BaseException, subject: str, *, needs: str) -> BrokerError:
    """An ACL that is missing ends what has only begun: nobody waits for it yet."""
    sentence = forbidden(error, subject, needs)
    return BrokerRefused(sentence) if sentence else told(error, subject)
