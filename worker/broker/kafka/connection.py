"""What every client of the cluster is made with: addresses, security, time-outs; and why none could be made."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from worker.broker.kafka.adapter import why_not_reached
from worker.broker.kafka.faults import told, unusable
from worker.broker.kafka.options import KafkaOptions
from worker.errors import BrokerError, UsageError

SCHEME: Final = "kafka://"
REQUEST_MS: Final = 10_000
_PORT: Final = 9092
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

    async def explained(self, error: BaseException) -> BrokerError:
        """Why no client could be made: aiokafka itself says only that it could not reach any of the addresses."""
        addresses = ", ".join(f"{host}:{port}" for host, port in self.servers)
        for host, port in self.servers:
            found = await why_not_reached(host, port, request_timeout_ms=REQUEST_MS, **self._security())
            if refused := unusable(found, f"{host}:{port}"):
                return refused
            error = found or error
        return told(error, f"Kafka at {addresses}")

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
    listed = url.removeprefix(SCHEME).rstrip("/").split(",")
    found = [_ADDRESS.fullmatch(address.strip()) for address in listed]
    if not all(found):
        raise UsageError(
            f"The broker {url!r} can't be used: give kafka://host:9092,host:9092 and no more;"
            " user and password are settings of their own (kafka_sasl_username, kafka_sasl_password)."
        )
    if options.security_protocol.startswith("SASL") and not (options.sasl_username and options.sasl_password):
        raise UsageError(f"{options.security_protocol} needs kafka_sasl_username and kafka_sasl_password.")
    if options.sasl_password and not options.security_protocol.startswith("SASL"):
        raise UsageError(
            f"kafka_sasl_password is set, but {options.security_protocol} sends none: set kafka_security_protocol to SASL_SSL."
        )
    if (options.ssl_cafile or options.ssl_certfile) and not options.security_protocol.endswith("SSL"):
        raise UsageError(
            f"Certificates are set, but {options.security_protocol} uses none: set kafka_security_protocol to SSL or SASL_SSL."
        )
    servers = tuple((one[1].strip("[]"), int(one[2] or _PORT)) for one in found if one)
    return Connection(servers, options)


def _tls(options: KafkaOptions) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=options.ssl_cafile)
        if options.ssl_certfile:
            context.load_cert_chain(options.ssl_certfile, options.ssl_keyfile, options.ssl_password)
    except (OSError, ssl.SSLError) as error:
        files = ", ".join(str(file) for file in (options.ssl_cafile, options.ssl_certfile, options.ssl_keyfile) if file)
        raise UsageError(f"The certificates or the key can't be read ({files}): {error}") from None
    return context
