"""What every client of the cluster is made with: addresses, security, time-outs; and why none could be made."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from aiokafka.errors import KafkaConnectionError

from worker.errors import BrokerError, BrokerRefused, UsageError
from worker.kafka.adapter import why_not_reached
from worker.kafka.closed import why_closed
from worker.kafka.faults import told, unusable
from worker.kafka.options import KafkaOptions

SCHEME: Final = "kafka://"
REQUEST_MS: Final = 10_000
_PORT: Final = 9092
_LAST_PORT: Final = 65_535
_ADDRESS: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the cluster is and how to speak to it."""

    servers: tuple[tuple[str, int], ...]
    options: KafkaOptions

    def arguments(self) -> dict[str, Any]:
        """Of every client of aiokafka's. UsageError: a certificate or key can't be read."""
        return {
            "bootstrap_servers": [f"{host}:{port}" for host, port in self.servers],
            "client_id": self.options.client_id,
            "request_timeout_ms": REQUEST_MS,
            **self._security(),
        }

    @property
    def name(self) -> str:
        """The addresses, for people."""
        return ", ".join(f"{host}:{port}" for host, port in self.servers)

    async def explained(self, error: BaseException) -> BrokerError:
        """Why no client could be made: aiokafka itself says only that it could not reach any of the addresses."""
        found, sentence = await self.reason(error)
        return BrokerRefused(sentence) if sentence else told(found, f"Kafka at {self.name}")

    async def reason(self, error: BaseException) -> tuple[BaseException, str | None]:
        """What was met where no client could be made, and the sentence for it where waiting won't help."""
        connection = {"request_timeout_ms": REQUEST_MS, **self._security()}
        certified = self.options.ssl_certfile is not None
        for host, port in self.servers:
            found = await why_not_reached(host, port, **connection)
            sentence = unusable(found)
            if not sentence and isinstance(found, KafkaConnectionError | ConnectionResetError | ssl.SSLError | None):
                sentence = await why_closed(host, port, certified=certified, **connection)
            error = found or error
            if sentence:
                return error, f"Kafka at {host}:{port} can't be used: {sentence}."
        return error, None

    def _security(self) -> Mapping[str, Any]:
        options = self.options
        security: dict[str, Any] = {"security_protocol": options.security_protocol}
        if options.security_protocol.startswith("SASL"):
            security["sasl_mechanism"] = options.sasl_mechanism
            security["sasl_plain_username"] = options.sasl_username
            security["sasl_plain_password"] = options.sasl_password
        if options.security_protocol.endswith("SSL"):
            security["ssl_context"] = _tls(options)
        return security


def connection(url: str, options: KafkaOptions) -> Connection:
    """From `kafka://host:9092,host:9092`. UsageError: that is none, or the options don't go together."""
    listed = [part.strip().removeprefix(SCHEME).rstrip("/") for part in url.split(",")]
    found = [one for address in listed if (one := _ADDRESS.fullmatch(address)) and int(one[2] or _PORT) <= _LAST_PORT]
    if len(found) < len(listed):
        raise UsageError(
            f"The broker {url!r} can't be used: give kafka://host:9092,host:9092 and no more;"
            " user and password are settings of their own (kafka_sasl_username, kafka_sasl_password)."
        )
    _together(options)
    made = Connection(tuple((one[1].strip("[]"), int(one[2] or _PORT)) for one in found), options)
    made.arguments()  # so that a certificate that can't be read is said at once
    return made


def _together(options: KafkaOptions) -> None:
    """UsageError: of settings that belong together one is missing, or one is set that is not used."""
    protocol = options.security_protocol
    sasl = {"kafka_sasl_username": options.sasl_username, "kafka_sasl_password": options.sasl_password}
    missing = [name for name, value in sasl.items() if not value]
    given = [name for name, value in sasl.items() if value]
    if protocol.startswith("SASL") and missing:
        raise UsageError(f"{protocol} needs {' and '.join(missing)} too.")
    if given and not protocol.startswith("SASL"):
        also = f", and {missing[0]}" if missing else ""
        raise UsageError(
            f"{' and '.join(given)} can't be used with {protocol}: set kafka_security_protocol to SASL_SSL{also}."
        )
    tls = {
        "kafka_ssl_cafile": options.ssl_cafile,
        "kafka_ssl_certfile": options.ssl_certfile,
        "kafka_ssl_keyfile": options.ssl_keyfile,
        "kafka_ssl_password": options.ssl_password,
    }
    if (given := [name for name, value in tls.items() if value]) and not protocol.endswith("SSL"):
        raise UsageError(
            f"{' and '.join(given)} can't be used with {protocol}: set kafka_security_protocol to SSL or SASL_SSL."
        )
    for name in ("kafka_ssl_keyfile", "kafka_ssl_password"):
        if tls[name] and not options.ssl_certfile:
            raise UsageError(f"{name} needs kafka_ssl_certfile too: a key is of no use without its certificate.")


def _tls(options: KafkaOptions) -> ssl.SSLContext:
    for name in ("ssl_cafile", "ssl_certfile", "ssl_keyfile"):
        _can_be_read(f"kafka_{name}", getattr(options, name))
    try:
        context = ssl.create_default_context(cafile=options.ssl_cafile)
    except ssl.SSLError:
        raise UsageError(f"kafka_ssl_cafile {options.ssl_cafile} holds no certificate in PEM.") from None
    if options.ssl_certfile:
        key = options.ssl_keyfile or options.ssl_certfile
        try:
            context.load_cert_chain(options.ssl_certfile, key, options.ssl_password or _no_password)
        except ssl.SSLError as error:
            raise UsageError(
                f"The key in {key} does not belong to the certificate in {options.ssl_certfile}."
                if error.reason == "KEY_VALUES_MISMATCH"
                else f"{options.ssl_certfile} and {key} can't be used: one holds no PEM, or kafka_ssl_password is not the key's."
            ) from None
    return context


def _can_be_read(name: str, file: Path | None) -> None:
    try:
        if file:
            file.open("rb").close()
    except OSError as error:
        raise UsageError(f"{name} {file} can't be read: {error.strerror}.") from None


def _no_password() -> str:
    """Called for a key that needs one: without this, OpenSSL asks on the terminal."""
    raise UsageError("The key of the certificate has a password: set kafka_ssl_password.")
