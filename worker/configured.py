"""The broker that the settings name: for reading, for writing, or to administer its topics."""

from __future__ import annotations

import re
from typing import Final

from worker.broker import connect, topics
from worker.broker.port import Administration, Broker
from worker.kafka.options import KafkaOptions
from worker.model import Topic
from worker.settings import Settings

_KAFKA: Final = "kafka://"
_PORT: Final = 9092


def broker(settings: Settings, *, create: bool) -> Broker:
    """See `broker.connect.connect`."""
    return connect.connect(settings.broker, prefix=settings.prefix, create=create, kafka=_options(settings))


def administration(settings: Settings) -> Administration:
    """See `broker.connect.administer`."""
    return connect.administer(settings.broker, prefix=settings.prefix, kafka=_options(settings))


def own_topics(settings: Settings) -> frozenset[str]:
    """The topics of that broker, HOST:PORT/TOPIC each, as a kafka:// URL could name them."""
    names = [topics.name(topic, settings.prefix) for topic in Topic]
    return frozenset(f"{server}/{name}" for server in _servers(settings.broker) for name in names)


def _servers(broker: str) -> list[str]:
    """The brokers of a cluster, HOST:PORT each, in lower case; none of a file."""
    if not broker.lower().startswith(_KAFKA):
        return []
    listed = [part.strip().lower().removeprefix(_KAFKA).rstrip("/") for part in broker.split(",")]
    return [one if re.search(r":[0-9]+$", one) else f"{one}:{_PORT}" for one in listed]


def own_cluster(settings: Settings) -> tuple[str, KafkaOptions] | None:
    """Where the broker is, and how it is reached, if it is Kafka."""
    return (settings.broker, _options(settings)) if settings.broker.startswith("kafka://") else None


def _options(settings: Settings) -> KafkaOptions:
    password, key_password = settings.kafka_sasl_password, settings.kafka_ssl_password
    return KafkaOptions(
        client_id=settings.kafka_client_id,
        security_protocol=settings.kafka_security_protocol,
        sasl_mechanism=settings.kafka_sasl_mechanism,
        sasl_username=settings.kafka_sasl_username,
        sasl_password=password.get_secret_value() if password else None,
        ssl_cafile=settings.kafka_ssl_cafile,
        ssl_certfile=settings.kafka_ssl_certfile,
        ssl_keyfile=settings.kafka_ssl_keyfile,
        ssl_password=key_password.get_secret_value() if key_password else None,
        partitions=settings.kafka_partitions,
        replication=settings.kafka_replication,
        transaction_timeout=settings.kafka_transaction_timeout_s,
        session_timeout=settings.kafka_session_timeout_s,
    )
