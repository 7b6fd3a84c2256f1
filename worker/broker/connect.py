"""From a broker's URL to a broker. The one decision: a broker is imported only when its URL is used (start-up time)."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from worker.broker import topics
from worker.broker.port import Administration, Broker
from worker.errors import UsageError
from worker.kafka.options import KafkaOptions
from worker.model import Topic

_SQLITE: Final = "sqlite:///"
_KAFKA: Final = "kafka://"
_DEFAULTS: Final = KafkaOptions()


def connect(url: str, *, prefix: str = "", create: bool, kafka: KafkaOptions = _DEFAULTS) -> Broker:
    """The broker that the URL names, not opened yet: `async with` does that.

    `sqlite:///relative.db` and `sqlite:////absolute.db` are files of the embedded broker. With `create` the file and
    the topics are made where they are missing; without, opening it then raises BrokerRefused. `kafka://host:9092,…` is a
    cluster, whose topics `administer` makes: opening it raises BrokerRefused where they are missing or won't do.
    UsageError: no such kind of URL, or a prefix that no topic can have.
    """
    if _is_kafka(url, prefix):
        from worker.broker.kafka.broker import KafkaBroker  # noqa: PLC0415 (start-up time: most commands need no broker)
        from worker.kafka.connection import connection  # noqa: PLC0415

        return KafkaBroker(connection(url, kafka), prefix)
    from worker.broker.embedded.broker import EmbeddedBroker  # noqa: PLC0415

    return EmbeddedBroker(_file(url), prefix=prefix, create=create, now=_wall_clock)


def administer(url: str, *, prefix: str = "", kafka: KafkaOptions = _DEFAULTS) -> Administration:
    """The topics of the broker that the URL names, to look at and to make. UsageError as for `connect`."""
    if _is_kafka(url, prefix):
        from worker.broker.kafka.administration import KafkaAdministration  # noqa: PLC0415
        from worker.kafka.connection import connection  # noqa: PLC0415

        return KafkaAdministration(connection(url, kafka), prefix)
    from worker.broker.embedded.administration import EmbeddedAdministration  # noqa: PLC0415

    return EmbeddedAdministration(_file(url), prefix)


def file_of(url: str) -> Path | None:
    """The embedded broker's file that the URL names; None for a cluster, or what is no broker's URL."""
    path = url.removeprefix(_SQLITE)
    return None if path in {url, ""} else Path(path)


def _is_kafka(url: str, prefix: str) -> bool:
    for topic in Topic:
        topics.name(topic, prefix)
    return url.startswith(_KAFKA)


def _file(url: str) -> Path:
    path = file_of(url)
    if path is None:
        raise UsageError(
            f"The broker {url!r} can't be used: give a file, sqlite:///news.db in this folder"
            " or sqlite:////srv/news.db from the root, or a cluster, kafka://host:9092."
        )
    return path


def _wall_clock() -> int:
    return time.time_ns() // 1_000_000
