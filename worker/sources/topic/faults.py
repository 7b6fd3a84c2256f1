"""What aiokafka raises as faults of a source: sentences for people that say what to do."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from socket import gaierror
from typing import Final

from aiokafka import errors

from worker.kafka.connection import Connection
from worker.kafka.faults import said
from worker.model import Fault, FaultKind

# The first that fits counts.
_KINDS: Final[tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], FaultKind], ...]] = (
    ((errors.UnknownTopicOrPartitionError, errors.InvalidTopicError), FaultKind.MISSING),
    (
        (
            errors.TopicAuthorizationFailedError,
            errors.ClusterAuthorizationFailedError,
            errors.SaslAuthenticationFailed,
            errors.AuthenticationFailedError,
            errors.UnsupportedSaslMechanismError,
            errors.AuthenticationMethodNotSupported,
            errors.IllegalSaslStateError,
        ),
        FaultKind.DENIED,
    ),
    (ssl.SSLError, FaultKind.TLS),
    (gaierror, FaultKind.DNS),
    ((TimeoutError, errors.KafkaTimeoutError, errors.RequestTimedOutError), FaultKind.TIMEOUT),
    ((OSError, errors.KafkaConnectionError, errors.NodeNotReadyError), FaultKind.CONNECT),
)
_MISSING: Final = (
    "there is no such topic, or this user may not know of it: make it, or grant Describe; or mend the source's URL"
)
_DENIED: Final = "this user may not read the topic: grant Read and Describe"
_SAID: Final = {FaultKind.MISSING: _MISSING, FaultKind.DENIED: _DENIED}


class TopicFault(Exception):
    """An upstream topic can't be read; it is tried again later."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def of_error(error: BaseException, name: str) -> TopicFault:
    """For what was met in reading the topic."""
    kind = _kind(error)
    return TopicFault(Fault(kind, f"{name}: {_SAID.get(kind) or said(error)}"))


async def of_start(error: BaseException, connection: Connection, in_words: Callable[[str], str]) -> TopicFault:
    """For what kept the cluster from being reached; it is tried once more to find out why. `in_words`: see `client.Options`."""
    found, sentence = await connection.reason(error)
    kind = _kind(found)
    if sentence and kind is not FaultKind.TLS:
        kind = FaultKind.DENIED
    return TopicFault(Fault(kind, in_words(sentence) if sentence else f"Kafka at {connection.name}: {said(found)}"))


def unconfigured(message: str) -> TopicFault:
    """For what a person has to mend in the definition."""
    return TopicFault(Fault(FaultKind.UNCONFIGURED, message))


def _kind(error: BaseException) -> FaultKind:
    return next((kind for raised, kind in _KINDS if isinstance(error, raised)), FaultKind.PROTOCOL)
