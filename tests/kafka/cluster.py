"""The life of a Kafka cluster: brokers that tests start, kill, freeze and restart.

Signals hit the broker's own process and return at once; `ready` waits until it serves. Brokers end with the process that started
them, whatever ends that (guard.py). What broker 0 says is in `0/server.log` of the cluster's folder.
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
import subprocess
import sys
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP, Signals
from typing import Any

from aiokafka.errors import KafkaError
from kafka.clients import administering
from kafka.found import Kafka
from kafka.properties import LOG4J, PLAIN, Listener, Ways, properties

HANGS = 120  # seconds after which a broker is taken to hang; a start takes about 5 on an idle machine
GUARD = str(Path(__file__).with_name("guard.py"))
JVM = ("-Xmx384m", "-XX:+UseSerialGC")
QUICK = (*JVM, "-XX:TieredStopAtLevel=1")  # compiles fast rather than well: half the CPU of a start


class Broke(Exception):
    """A broker ended or didn't come up; the message has the end of its log."""


@dataclass
class Broker:
    """One broker: its folder, which outlives its process, and its process while there is one."""

    kafka: Kafka
    folder: Path
    listeners: Mapping[str, Listener]
    jvm: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    name: str = ""

    def start(self) -> None:
        self.process = self._run("kafka.Kafka", f"{self.folder}/server.properties")

    def format(self, *arguments: str) -> None:
        """Begin to make the data folder; `formatted` waits for it."""
        self.process = self._run(
            "kafka.tools.StorageTool", "format", f"--config={self.folder}/server.properties", *arguments
        )

    def formatted(self) -> None:
        if self.process is not None and self.process.wait():
            self.check()
        self.process = None

    def signal(self, number: Signals) -> None:
        self.check()
        if self.process is None:
            raise Broke(f"{self.folder} does not run")
        self.kafka.signal(self.name, self.process, number)

    def kill(self) -> None:
        if self.process is not None:
            if self.process.poll() is None:
                self.kafka.signal(self.name, self.process, SIGKILL)
            self.process.wait()
            self.process = None

    def check(self) -> None:
        """Raises Broke if it ended by itself."""
        if self.process is not None and self.process.poll() is not None:
            raise Broke(f"{self.folder} ended with {self.process.returncode}:\n{self.said()}")

    def said(self) -> str:
        return "\n".join((self.folder / "server.log").read_text(errors="replace").splitlines()[-30:])

    def _run(self, *program: str) -> subprocess.Popen[bytes]:
        self.name = f"news-kafka-{uuid.uuid4()}"
        options = (*self.jvm, f"-Dlog4j2.configurationFile={self.folder}/log4j2.properties")
        command, end = self.kafka.command(self.name, self.folder.parent, *options, *program), self.kafka.end(self.name)
        itself = os.pidfd_open(os.getpid())
        try:
            with (self.folder / "server.log").open("ab") as log:
                return subprocess.Popen(
                    [sys.executable, "-SE", GUARD, str(itself), str(len(end)), *end, *command],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=[itself],
                    start_new_session=True,  # a Ctrl-C is for whoever started it
                )
        finally:
            os.close(itself)


@dataclass
class Cluster:
    """Brokers numbered from 0. Without brokers it is somebody else's (NEWS_TEST_KAFKA): nothing can be killed there."""

    bootstrap: str
    brokers: Sequence[Broker] = ()
    security: Mapping[str, Any] = field(default_factory=dict)

    @property
    def admin(self) -> dict[str, Any]:
        """The arguments of an aiokafka client that may do everything."""
        return {"bootstrap_servers": self.bootstrap, **self.security}

    def by(self, listener: str) -> str:
        """The bootstrap servers of one of its ways in (properties.py)."""
        return ",".join(broker.listeners[listener].bootstrap for broker in self.brokers)

    def kill(self, number: int = 0) -> None:
        self.brokers[number].kill()

    def freeze(self, number: int = 0) -> None:
        self.brokers[number].signal(SIGSTOP)

    def thaw(self, number: int = 0) -> None:
        self.brokers[number].signal(SIGCONT)

    def restart(self, number: int = 0) -> None:
        """Start it again on its data and ports, killing it first if it runs."""
        self.brokers[number].kill()
        self.brokers[number].start()

    def mend(self) -> None:
        """Thaw what is frozen, start what is dead."""
        for number, broker in enumerate(self.brokers):
            if broker.process is None or broker.process.poll() is not None:
                self.restart(number)
            else:
                self.thaw(number)

    def close(self) -> None:
        """Its data goes with its folder: nothing needs to be shut down in order."""
        for broker in self.brokers:
            broker.kill()

    async def ready(self) -> None:
        """Wait until each running broker serves and, if all run, each partition has a leader and all its copies in sync."""
        running = [broker for broker in self.brokers if broker.process is not None]
        try:
            async with asyncio.timeout(HANGS):
                while not await self._served_by(running):
                    for broker in running:
                        broker.check()
                    await asyncio.sleep(0.1)
        except TimeoutError:
            logs = "\n".join(broker.said() for broker in running)
            raise Broke(f"{self.bootstrap} was not ready after {HANGS} s:\n{logs}") from None

    async def _served_by(self, running: Sequence[Broker]) -> bool:
        """Each is asked for itself: a broker that has just begun answers before it knows the others."""
        doors = [next(iter(broker.listeners.values())).bootstrap for broker in running] or [self.bootstrap]
        for door in doors:
            if not await answers(door):
                return False
            try:
                async with administering(
                    {**self.admin, "bootstrap_servers": door, "request_timeout_ms": 5000}
                ) as admin:
                    known = (await admin.describe_cluster())["brokers"]
                    partitions = [each for topic in await admin.describe_topics() for each in topic["partitions"]]
            except (KafkaError, OSError):
                return False
            whole = all(each["leader"] >= 0 and len(each["isr"]) == len(each["replicas"]) for each in partitions)
            if len(known) < len(running) or (len(running) == len(self.brokers) and not whole):
                return False
        return True


def start(kafka: Kafka, folder: Path, brokers: int = 1, ways: Ways = PLAIN, jvm: Sequence[str] = QUICK) -> Cluster:
    """A new cluster, its data in the folder, its brokers on their way up; wait with `ready`. To be measured, it takes JVM."""
    ports = iter(free_ports(brokers * (1 + 2 * len(ways.protocols))))
    controllers = {number: next(ports) for number in range(brokers)}
    made = []
    for number in controllers:
        place = folder / str(number)
        place.mkdir(parents=True)
        listeners = {
            name: Listener(port := next(ports), next(ports) if name == "PROXIED" else port) for name in ways.protocols
        }
        (place / "log4j2.properties").write_text(LOG4J)
        (place / "server.properties").write_text(properties(number, ways, listeners, controllers, place / "data"))
        made.append(Broker(kafka, place, listeners, jvm))
    cluster = Cluster("", made, ways.admin)
    cluster.bootstrap = cluster.by(next(iter(ways.protocols)))
    identity = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    for broker in made:
        broker.format(f"--cluster-id={identity}", *ways.format)
    for broker in made:
        broker.formatted()
        broker.start()
    return cluster


async def answers(door: str) -> bool:
    """Asked before aiokafka is, which logs each refusal."""
    try:
        _, writer = await asyncio.open_connection(*door.split(",", maxsplit=1)[0].rsplit(":", 1))
    except OSError:
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True


def free_ports(count: int) -> list[int]:
    """Ports of loopback where nothing listens.

    They lie below those that the system gives to clients: else, while a broker is down, a client that dials it could be given
    the broker's own port, and talk to itself.
    """
    low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    free: list[int] = []
    while len(free) < count:
        port = random.randrange(10_000, low)
        with suppress(OSError), socket.socket() as trial:
            trial.bind(("127.0.0.1", port))
            free.append(port)
    return list(dict.fromkeys(free)) if len(set(free)) == count else free_ports(count)
