"""What aiokafka's errors mean here: what to wait for, what is the operator's to mend, and what nobody can know.

Whatever the broker refuses of any topic but the articles' is configuration, never an article's fault: it is waited for, and
goes on by itself when mended.
"""

from __future__ import annotations

import ssl
from socket import gaierror
from typing import Final

from aiokafka import errors

from worker.errors import BrokerAway, BrokerError, BrokerRefused, ClaimLost, ClockRefused, RecordRefused, Unsure
from worker.kafka.adapter import InvalidRecord
from worker.model import Topic

_LOST: Final = (errors.ProducerFenced, errors.InvalidProducerEpoch)
_REFUSED: Final = (
    errors.MessageSizeTooLargeError,
    errors.RecordListTooLargeError,
    errors.CorruptRecordException,
    InvalidRecord,
)
_FORBIDDEN: Final = {
    errors.TopicAuthorizationFailedError: "topic",
    errors.TransactionalIdAuthorizationFailed: "transactional id",
    errors.GroupAuthorizationFailedError: "group",
    errors.ClusterAuthorizationFailedError: "cluster",
}
_TOO_FEW: Final = "{topic} has fewer copies in sync than min.insync.replicas: is a broker down?"
_TO_MEND: Final = {
    errors.UnknownTopicOrPartitionError: "there is no {topic}, or not this partition: `news-worker topics check` tells",
    errors.InvalidTimestampError: "{topic} refuses the time of observation: is this machine's clock right?",
    errors.InvalidTopicError: "the broker takes {topic} for no name of a topic",
    errors.PolicyViolationError: "a policy of the cluster refuses this",
    errors.NotEnoughReplicasError: _TOO_FEW,
    errors.NotEnoughReplicasAfterAppendError: _TOO_FEW,
}
_NO_MECHANISM: Final = "it does not offer this SASL mechanism: set kafka_sasl_mechanism to one that it does"
_NO_USER: Final = "it does not know the user, or the password is wrong: see kafka_sasl_username and kafka_sasl_password"
_UNUSABLE: Final = {
    errors.SaslAuthenticationFailed: _NO_USER,
    errors.AuthenticationFailedError: _NO_USER,
    errors.UnsupportedSaslMechanismError: _NO_MECHANISM,
    errors.AuthenticationMethodNotSupported: _NO_MECHANISM,
    errors.IllegalSaslStateError: "it wants no user and password here: set kafka_security_protocol to PLAINTEXT or SSL",
    errors.IncompatibleBrokerVersion: "it is too old: Kafka 2.1 or newer is needed",
}
_OTHER_NAME: Final = (62, 64)  # OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH


def told(
    error: BaseException, subject: str, *, needs: str = "Write", topic: Topic | None = None, ending: bool = False
) -> BrokerError:
    """The error in our words.

    `subject`: the topic's full name, or whatever it happened to. `needs`: Kafka's word for what was to be done, as ACLs have it.
    `topic`: whose batch was refused. `ending`: the commit was under way, so only what the broker has said itself is certain.
    """
    if isinstance(error, BrokerError):
        return error
    if isinstance(error, _LOST) and not ending:  # an end that is asked for again may meet a fence although it happened
        return ClaimLost(f"{subject}: another owner has it now, or the broker took it back after a pause")
    if isinstance(error, _REFUSED) and topic is Topic.ARTICLES:
        return RecordRefused(f"{subject} refuses a record: {said(error)}")
    if (sentence := forbidden(error, subject, needs) or _mendable(error, subject)) and not ending:
        return (ClockRefused if isinstance(error, errors.InvalidTimestampError) else BrokerAway)(sentence)
    if isinstance(error, errors.InvalidTransactionTimeout):
        return BrokerRefused("kafka_transaction_timeout_s is over the broker's transaction.max.timeout.ms")
    kind = Unsure if ending else BrokerAway
    return kind(f"{subject}: {said(error)}")


def forbidden(error: BaseException, subject: str, needs: str) -> str | None:
    """The sentence for an ACL that is missing, by Kafka's words for it; None for any other error."""
    kind = next((word for kind, word in _FORBIDDEN.items() if isinstance(error, kind)), None)
    named = error.args[0] if error.args else None  # aiokafka's: one, or a set of them
    names = [named] if isinstance(named, str) else sorted(named) if isinstance(named, set | frozenset) else [subject]
    return (
        kind
        and f"This user lacks the ACL for {needs} on the {kind} {', '.join(names)}: docs/kafka.md lists all that are needed."
    )


def unusable(error: BaseException | None) -> str | None:
    """Likewise where waiting won't help: who we are, or how we speak, is refused by a server, or its certificate by us."""
    sentence = next((text for kind, text in _UNUSABLE.items() if isinstance(error, kind)), None)
    if isinstance(error, ssl.SSLCertVerificationError):
        sentence = f"its certificate can't be trusted ({error.verify_message}): set kafka_ssl_cafile to the authority that made it"
        if error.verify_code in _OTHER_NAME:
            sentence = "its certificate is for another name: call it in the broker's URL as its certificate does"
    return sentence


def _mendable(error: BaseException, subject: str) -> str | None:
    text = next((text for kind, text in _TO_MEND.items() if isinstance(error, kind)), None)
    return text and text.format(topic=subject)


def said(error: BaseException) -> str:
    """What went wrong, for people."""
    if isinstance(error, TimeoutError | errors.KafkaTimeoutError):
        return "the broker does not answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there: is it up, and is the address right?"
    if isinstance(error, errors.KafkaConnectionError | errors.CorrelationIdError):
        return "the connection was closed, or what answers is no Kafka: is it the right port?"
    if isinstance(error, gaierror):
        return "no such name is known: is the address right?"
    name = type(error).__name__
    return f"{name}: {str(error).removeprefix(f'{name}: ')}".rstrip(": ")
