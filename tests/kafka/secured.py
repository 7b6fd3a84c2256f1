"""A cluster whose clients must say who they are: by certificate (mutual TLS), or by password over TLS (SCRAM-SHA-512, PLAIN).

It has ACLs (acls.py). Its brokers know each other, and the admin, by certificate: superusers. A user may have both.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme
from cryptography.hazmat.primitives import serialization
from kafka.cluster import Cluster, start
from kafka.found import Kafka
from kafka.properties import Ways

BROKER, ADMIN = "broker", "admin"
LOGIN = "org.apache.kafka.common.security"
PASSWORDS = {"worker": "worker's secret", "reader": "reader's secret"}  # users that exist by SCRAM and PLAIN


@dataclass(frozen=True, slots=True)
class Papers:
    """Files by which a client proves who it is and knows whom to believe."""

    ca: Path
    certificate: Path
    key: Path

    @property
    def context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca)
        context.load_cert_chain(self.certificate, self.key)
        return context


class Authority:
    """A certificate authority of the tests, and what it certified."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._own = trustme.CA()
        self._folder = folder
        self.ca = folder / "ca.pem"
        self._own.cert_pem.write_to_path(self.ca)

    def certify(self, user: str) -> Papers:
        """A certificate for a user, that of a broker too; it is valid on loopback."""
        papers = Papers(self.ca, self._folder / f"{user}.pem", self._folder / f"{user}.key")
        made = self._own.issue_cert("127.0.0.1", "localhost", common_name=user)
        papers.certificate.write_bytes(b"".join(pem.bytes() for pem in made.cert_chain_pems))
        papers.key.write_bytes(_pkcs8(made.private_key_pem.bytes()))
        return papers


@dataclass(frozen=True, slots=True)
class Secured:
    """The cluster, and how clients get in. `by_…` are arguments of an aiokafka client."""

    cluster: Cluster
    authority: Authority

    def by_certificate(self, papers: Papers) -> dict[str, Any]:
        return {"bootstrap_servers": self.cluster.by("MUTUAL"), **_shown(papers)}

    def by_password(self, user: str, password: str, mechanism: str = "SCRAM-SHA-512") -> dict[str, Any]:
        return {
            "bootstrap_servers": self.cluster.by("PASSWORD"),
            "security_protocol": "SASL_SSL",
            "ssl_context": ssl.create_default_context(cafile=self.authority.ca),
            "sasl_mechanism": mechanism,
            "sasl_plain_username": user,
            "sasl_plain_password": password,
        }


def start_secured(kafka: Kafka, folder: Path) -> Secured:
    """One broker, on its way up; wait with `cluster.ready`."""
    authority = Authority(folder / "papers")
    store = folder / "papers" / "broker-store.pem"
    broker = authority.certify(BROKER)
    store.write_bytes(broker.key.read_bytes() + broker.certificate.read_bytes())
    plain = " ".join(f'user_{user}="{password}"' for user, password in PASSWORDS.items())
    scram = (f"--add-scram=SCRAM-SHA-512=[name={user},password={word}]" for user, word in PASSWORDS.items())
    settings = {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": store,
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": authority.ca,
        "ssl.client.auth": "required",  # on SSL; on SASL_SSL Kafka doesn't ask
        "ssl.principal.mapping.rules": r"RULE:^.*CN=([^,]+).*$/$1/",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:{BROKER};User:{ADMIN}",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN",
        "listener.name.password.scram-sha-512.sasl.jaas.config": f"{LOGIN}.scram.ScramLoginModule required;",
        "listener.name.password.plain.sasl.jaas.config": f"{LOGIN}.plain.PlainLoginModule required {plain};",
    }
    protocols = {"MUTUAL": "SSL", "PASSWORD": "SASL_SSL"}
    ways = Ways(protocols, settings, tuple(scram), _shown(authority.certify(ADMIN)))
    return Secured(start(kafka, folder / "cluster", ways=ways), authority)


def _shown(papers: Papers) -> Mapping[str, Any]:
    return {"security_protocol": "SSL", "ssl_context": papers.context}


def _pkcs8(key: bytes) -> bytes:
    """The only form of a key that Kafka reads."""
    read = serialization.load_pem_private_key(key, None)
    form, open_to_all = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return read.private_bytes(serialization.Encoding.PEM, form, open_to_all)
