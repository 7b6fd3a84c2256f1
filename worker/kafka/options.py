"""How to reach a Kafka cluster and what its topics should be like. Nothing is imported here: the settings are made of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class KafkaOptions:
    """Named after Kafka's own settings; times in seconds."""

    client_id: str = "news-worker"
    security_protocol: str = "PLAINTEXT"  # or SSL, SASL_PLAINTEXT, SASL_SSL
    sasl_mechanism: str = "SCRAM-SHA-512"  # or PLAIN, SCRAM-SHA-256
    sasl_username: str | None = None
    sasl_password: str | None = None
    ssl_cafile: Path | None = None  # PEM; None: the system's authorities
    ssl_certfile: Path | None = None  # PEM, the client's own
    ssl_keyfile: Path | None = None  # PEM; None: it stands in ssl_certfile
    ssl_password: str | None = None  # of the key
    partitions: int = 24  # of every topic; fixed when they are made
    replication: int | None = None  # None: three, or as many as there are brokers
    transaction_timeout: float = 30.0  # after which the broker aborts what a dead worker left open
    session_timeout: float = 10.0  # after which the group takes a worker that says nothing for dead
