"""Where a definition says that its topic is, and how to get in: like the worker's own broker, or by options of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from worker.errors import UsageError
from worker.kafka.connection import SCHEME, Connection, connection
from worker.kafka.options import KafkaOptions
from worker.model import Definition, Fault
from worker.sources.feed.secrets import Secrets, found_secret
from worker.sources.topic.client import Options
from worker.sources.topic.faults import TopicFault, unconfigured

# What a definition calls what the settings of the worker's own broker call so.
_NAMES: Final = {
    "kafka_sasl_username and kafka_sasl_password": "credentials",
    "kafka_sasl_username": "credentials",
    "kafka_sasl_password": "credentials",
    "kafka_sasl_mechanism": "sasl_mechanism",
    "kafka_security_protocol": "security",
    "kafka_ssl_cafile": "ca_file",
    "kafka_ssl_certfile": "certificate_file",
    "kafka_ssl_keyfile": "key_file",
    "kafka_ssl_password": "key_file",
}
_DEFAULTS: Final = KafkaOptions()
_NAMED: Final = re.compile("|".join(_NAMES))


@dataclass(frozen=True, slots=True)
class Own:
    """The worker's own broker. `cluster`: its URL, if it is Kafka; `is_own`: see `broker.port.Broker.is_own`.

    Its password is for its own servers alone: whoever may define sources must not have it sent elsewhere.
    """

    cluster: tuple[str, KafkaOptions] | None
    is_own: Callable[[str, str], bool]


def options_of(definition: Definition, secrets: Secrets, own: Own) -> Options:
    """How to consume its topic. TopicFault: it can't be, as a secret or file is missing, or what it says doesn't go together."""
    servers, _, topic = definition.url.removeprefix(SCHEME).partition("/")

    def refused(cluster: str, name: str) -> str | None:
        return f"{name} is a topic of this worker's own: remove the source" if own.is_own(cluster, name) else None

    try:
        if (ours := _own(servers, definition, own)) is not None:
            return Options(definition.id, ours, topic, definition.share, refused, str)
        its_own = connection(servers, _options(definition, secrets))
        return Options(definition.id, its_own, topic, definition.share, refused, _in_its_words)
    except UsageError as error:
        raise unconfigured(_in_its_words(str(error))) from error


def _in_its_words(sentence: str) -> str:
    return _NAMED.sub(lambda found: _NAMES[found[0]], sentence)


def _own(servers: str, definition: Definition, own: Own) -> Connection | None:
    """That of the worker's own broker, where the definition names it and says nothing else of how to get in."""
    if own.cluster is None or definition.security is not None:
        return None
    ours = connection(*own.cluster)
    return ours if {*connection(servers, _DEFAULTS).servers} <= {*ours.servers} else None


def _options(definition: Definition, secrets: Secrets) -> KafkaOptions:
    user, _, password = (_secret(definition.credentials, secrets) or "").partition(":")
    return KafkaOptions(
        security_protocol=(definition.security or _DEFAULTS.security_protocol).upper(),
        sasl_mechanism=definition.sasl_mechanism or _DEFAULTS.sasl_mechanism,
        sasl_username=user or None,
        sasl_password=password or None,
        ssl_cafile=_path(definition.ca_file),
        ssl_certfile=_path(definition.certificate_file),
        ssl_keyfile=_path(definition.key_file),
    )


def _path(file: str | None) -> Path | None:
    return Path(file) if file else None


def _secret(name: str | None, secrets: Secrets) -> str | None:
    if name is None:
        return None
    value = found_secret(name, secrets)
    if isinstance(value, Fault):
        raise TopicFault(value)
    return value
