"""A broker's server.properties: broker and controller in one process, small, and quick where tests would wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LOG4J = """\
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{HH:mm:ss.SSS} %p %c{1}: %m%n
rootLogger.level = info
rootLogger.appenderRef.out.ref = out
"""


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways into a cluster: listeners by name with Kafka's word for their protocol, and what these need.

    The first is the brokers' own and the admin's. Clients that come by PROXIED are sent to a port where nothing listens until
    a test puts a proxy there.
    """

    protocols: Mapping[str, str]
    settings: Mapping[str, str] = field(default_factory=dict)
    format: tuple[str, ...] = ()  # arguments of StorageTool
    admin: Mapping[str, Any] = field(default_factory=dict)  # arguments of an aiokafka client that may do everything


PLAIN = Ways({"PLAIN": "PLAINTEXT", "PROXIED": "PLAINTEXT"})


@dataclass(frozen=True, slots=True)
class Listener:
    """A port of a broker, and the port to which it sends clients: the same, but for a proxy."""

    port: int
    advertised: int

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.advertised}"


def properties(
    number: int, ways: Ways, listeners: Mapping[str, Listener], controllers: Mapping[int, int], data: Path
) -> str:
    """The text for one broker of as many as there are controllers, given as ports by number."""
    copies = len(controllers)
    first = next(iter(listeners))
    ports = {name: listener.port for name, listener in listeners.items()} | {"CONTROLLER": controllers[number]}
    protocols = {**ways.protocols, "CONTROLLER": ways.protocols[first]}
    found: dict[str, object] = {
        "process.roles": "broker,controller",
        "node.id": number,
        "controller.quorum.voters": ",".join(f"{each}@127.0.0.1:{port}" for each, port in controllers.items()),
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": first,
        "listeners": ",".join(f"{name}://127.0.0.1:{port}" for name, port in ports.items()),
        "advertised.listeners": ",".join(f"{name}://{each.bootstrap}" for name, each in listeners.items()),
        "listener.security.protocol.map": ",".join(f"{name}:{word}" for name, word in protocols.items()),
        "log.dirs": data,
        "default.replication.factor": copies,
        "min.insync.replicas": min(copies, 2),
        "num.network.threads": 2,
        "num.io.threads": 4,
        "log.cleaner.dedupe.buffer.size": 16 << 20,  # its default is a third of the heap
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 1000,
        "broker.session.timeout.ms": 3000,  # a broker that was killed isn't let back in before
        "broker.heartbeat.interval.ms": 500,
        "transaction.abort.timed.out.transaction.cleanup.interval.ms": 1000,
        "offsets.topic.num.partitions": 4,
        "offsets.topic.replication.factor": copies,
    }
    for topic in ("transaction.state.log", "share.coordinator.state.topic"):
        found |= {
            f"{topic}.num.partitions": 4,
            f"{topic}.replication.factor": copies,
            f"{topic}.min.isr": min(copies, 2),
        }
    return "".join(f"{name}={value}\n" for name, value in (found | dict(ways.settings)).items())
