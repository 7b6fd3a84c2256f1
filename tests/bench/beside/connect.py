"""Kafka Connect with its FileStreamSource, exactly once: lines of a file to records, nothing made of them.

Exactly once is a property of distributed workers, so it is one of those, alone, its connector made by REST.
"""

from __future__ import annotations

import asyncio
import json
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from bench.beside.usage import Used, cpu_of
from kafka.cluster import HANGS, JVM, Broker, Cluster, free_ports
from kafka.found import CONNECT, Jars, NotFound, downloaded, find
from kafka.properties import LOG4J

WORKER = """\
bootstrap.servers={bootstrap}
group.id=connect
listeners=http://127.0.0.1:{port}
key.converter=org.apache.kafka.connect.storage.StringConverter
value.converter=org.apache.kafka.connect.storage.StringConverter
config.storage.topic=connect-config
offset.storage.topic=connect-offsets
status.storage.topic=connect-status
config.storage.replication.factor=1
offset.storage.replication.factor=1
status.storage.replication.factor=1
exactly.once.source.support=enabled
producer.compression.type=zstd
"""
_QUIET_SECONDS = 3.0  # without a new record: it has come to the end of the file


@dataclass
class Connect:
    """One distributed worker, for one file after another."""

    cluster: Cluster
    process: Broker
    port: int

    async def replay(self, file: Path, topic: str, count: int) -> Used:
        """From the making of a connector until the last of the file's `count` lines was written."""
        process = self.process.process
        assert process
        async with _reading(self.cluster, topic) as reader:
            begun, before = time.monotonic(), cpu_of(process.pid)
            _asked(self.port, "/connectors", {"name": topic, "config": _connector(file, topic)})
            end, moved, done = 0, begun, Used(0, 0)
            while end < count or time.monotonic() - moved < _QUIET_SECONDS:
                self.process.check()
                assert time.monotonic() - moved < HANGS, self.process.said()
                now = sum((await reader.end_offsets(reader.assignment())).values())
                if now > end:
                    end, moved = now, time.monotonic()
                    done = Used(moved - begun, cpu_of(process.pid) - before)
                await asyncio.sleep(0.1)
            records = 0
            while records < count:  # the end counts the markers of transactions, too
                got = await reader.getmany(timeout_ms=10_000)
                assert got, f"Connect committed {records:,} records of {count:,}"
                records += sum(map(len, got.values()))
        return done


@contextmanager
def connect(cluster: Cluster, folder: Path) -> Iterator[Connect]:
    """Kafka Connect, ready. NotFound: there is none here."""
    found = find()
    if not isinstance(found, Jars):
        raise NotFound("Kafka Connect runs here only with Java and Maven")
    jars = Jars(found.java, downloaded(CONNECT))
    (port,) = free_ports(1)
    process = _started(jars, folder, WORKER.format(bootstrap=cluster.bootstrap, port=port))
    try:
        asyncio.run(_serves(process, port))
        yield Connect(cluster, process, port)
    finally:
        process.kill()


def _started(jars: Jars, folder: Path, properties: str) -> Broker:
    folder.mkdir()
    (folder / "log4j2.properties").write_text(LOG4J)
    (folder / "worker.properties").write_text(properties)
    process = Broker(jars, folder, {}, JVM)
    process.process = process._run("org.apache.kafka.connect.cli.ConnectDistributed", f"{folder}/worker.properties")
    return process


@asynccontextmanager
async def _reading(cluster: Cluster, topic: str) -> AsyncIterator[AIOKafkaConsumer]:
    made = AIOKafkaConsumer(**cluster.admin, isolation_level="read_committed", auto_offset_reset="earliest")
    async with made as reader:
        reader.assign([TopicPartition(topic, number) for number in range(24)])
        yield reader


def _connector(file: Path, topic: str) -> dict[str, str]:
    return {
        "connector.class": "org.apache.kafka.connect.file.FileStreamSourceConnector",
        "tasks.max": "1",
        "file": str(file),
        "topic": topic,
        "exactly.once.support": "required",
    }


async def _serves(process: Broker, port: int) -> None:
    async with asyncio.timeout(HANGS):
        while True:
            process.check()
            try:
                _asked(port, "/connectors")
            except (OSError, urllib.error.URLError):
                await asyncio.sleep(0.2)
            else:
                return


def _asked(port: int, path: str, value: Any = None) -> None:
    body = None if value is None else json.dumps(value).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", data=body, headers={"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=HANGS) as answer:
        answer.read()
