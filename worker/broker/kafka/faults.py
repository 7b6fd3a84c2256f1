"""What aiokafka's errors mean here: what to wait for, what is the operator's to mend, and what nobody can know.

Whatever the broker refuses of any topic but the articles' is configuration, never an article's fault: it is waited for, and
goes on by itself when mended.
"""

from __future__ import annotations

import ssl
from typing import Final

from aiokafka import errors

from worker.errors import BrokerAway, BrokerError, BrokerRefused, ClaimLost, RecordRefused, Unsure
from worker.model import Topic

_LOST: Final = (errors.ProducerFenced, errors.InvalidProducerEpoch)
# UnknownError is what a code becomes that aiokafka doesn't know: 87, INVALID_RECORD, is one.
_REFUSED: Final = (
    errors.MessageSizeTooLargeError,
    errors.RecordListTooLargeError,
    errors.CorruptRecordException,
    errors.UnknownError,
)
_TO_MEND: Final = {
    errors.TopicAuthorizationFailedError: "the user may not use {topic}: grant it as docs/kafka.md lists",
    errors.TransactionalIdAuthorizationFailed: "the user may not use the transactional id {topic}: grant it as docs/kafka.md lists",
    errors.GroupAuthorizationFailedError: "the user may not use the group {topic}: grant it as docs/kafka.md lists",
    errors.ClusterAuthorizationFailedError: "the user may not do this in the cluster: grant it as docs/kafka.md lists",
    errors.UnknownTopicOrPartitionError: "there is no {topic}, or not this partition: `news-worker topics check` tells",
    errors.InvalidTimestampError: "{topic} refuses the time of observation: is this machine's clock right?",
    errors.InvalidTopicError: "the broker takes {topic} for no name of a topic",
    errors.PolicyViolationError: "a policy of the cluster refuses this",
    errors.NotEnoughReplicasError: "{topic} has fewer copies in sync than min.insync.replicas: is a broker down?",
}
_UNUSABLE: Final = {
    errors.AuthenticationFailedError: "the broker does not know the user, or the password is wrong",
    errors.UnsupportedSaslMechanismError: "the broker does not offer this SASL mechanism: see kafka_sasl_mechanism",
    errors.AuthenticationMethodNotSupported: "the broker does not offer this SASL mechanism: see kafka_sasl_mechanism",
    errors.IncompatibleBrokerVersion: "the broker is too old: Kafka 2.1 or newer is needed",
    ssl.SSLCertVerificationError: "the broker's certificate can't be trusted: see kafka_ssl_cafile",
    ssl.SSLError: "no TLS connection could be made: is it the right port, and are the certificates right?",
}


def told(error: BaseException, subject: str, *, topic: Topic | None = None, ending: bool = False) -> BrokerError:
    """The error in our words.

    `subject`: the topic's full name, or whatever it happened to. `topic`: whose batch was refused. `ending`: the commit was
    under way, so only what the broker has said itself is certain.
    """
    if isinstance(error, BrokerError):
        return error
    if isinstance(error, _LOST):
        return ClaimLost(f"{subject}: another owner has it now, or the broker took it back after a pause")
    if isinstance(error, _REFUSED) and topic is Topic.ARTICLES:
        return RecordRefused(f"{subject} refuses a record: {_said(error)}")
    if (sentence := _mendable(error, subject)) and not ending:
        return BrokerAway(sentence)
    if isinstance(error, errors.InvalidTransactionTimeout):
        return BrokerRefused("kafka_transaction_timeout_s is over the broker's transaction.max.timeout.ms")
    kind = Unsure if ending else BrokerAway
    return kind(f"{subject}: {_said(error)}")


def unusable(error: BaseException | None, subject: str) -> BrokerRefused | None:
    """Likewise where waiting won't help: who we are, or how we speak, is refused."""
    sentence = next((text for kind, text in _UNUSABLE.items() if isinstance(error, kind)), None)
    return BrokerRefused(f"{subject}: {sentence} ({error})") if sentence else None


def _mendable(error: BaseException, subject: str) -> str | None:
    text = next((text for kind, text in _TO_MEND.items() if isinstance(error, kind)), None)
    return text and text.format(topic=subject)


def _said(error: BaseException) -> str:
    if isinstance(error, TimeoutError | errors.KafkaTimeoutError):
        return "the broker does not answer in time"
    return f"{type(error).__name__}: {error}".rstrip(": ")
