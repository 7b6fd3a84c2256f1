"""deploy/compose.yaml without an engine: each service a process of this machine, with just what the file gives it.

Names of hosts become loopback, paths in containers become those that are mounted there. What a service isn't given it doesn't have:
a secret that it doesn't list, a variable of another's file.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kafka.cluster import QUICK, Broker, Cluster, free_ports
from kafka.found import Kafka
from kafka.properties import LOG4J, Listener
from ruamel.yaml import YAML

TREE = Path(__file__).parents[2]
FILE = TREE / "deploy" / "compose.yaml"
PROGRAMS = {"/opt/news-worker/bin/news-worker": ["-m", "worker"], "/opt/news-worker/bin/python3": []}
ENTRYPOINT = ["/opt/news-worker/bin/news-worker"]  # the image's; tests/image asserts that it is
SECRETS = "/run/secrets"
HANGS = 240  # seconds


def read() -> dict[str, Any]:
    """As an engine reads it, merge keys resolved."""
    found: dict[str, Any] = YAML(typ="safe").load(FILE)
    return found


def environment(named: str | Sequence[str]) -> dict[str, str]:
    """What env files set."""
    files = [named] if isinstance(named, str) else named
    lines = [line for file in files for line in (FILE.parent / file).read_text().splitlines()]
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


@dataclass(frozen=True)
class Composed:
    """The set-up, in a folder of its own. `words`: what addresses are here."""

    folder: Path
    words: Mapping[str, str]

    def here(self, text: str) -> str:
        longest_first = sorted(self.words, key=len, reverse=True)
        return re.sub("|".join(map(re.escape, longest_first)), lambda found: self.words[found[0]], text)

    @asynccontextmanager
    async def running(self, name: str, *, check: bool = False, number: int = 1):
        """A service's process, or its healthcheck's; killed when left."""
        service = read()["services"][name]
        words = (
            service["healthcheck"]["test"][1:]
            if check
            else [*service.get("entrypoint", ENTRYPOINT), *service["command"]]
        )
        folder = self.folder / f"{name}-{number}"
        folder.mkdir(exist_ok=True)
        paths = self._paths(service, folder)
        program = [_placed(self.here(word), paths) for word in words[1:]]
        named = {key: _placed(self.here(value), paths) for key, value in environment(service["env_file"]).items()}
        with (folder / "said").open("ab") as said:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, *PROGRAMS[words[0]], *program),
                cwd=folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=said,
                env={"PATH": os.environ["PATH"], "PYTHONPATH": str(TREE), "PYTHONUNBUFFERED": "1", **named},
            )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.communicate()

    async def once(self, name: str, *, check: bool = False) -> int:
        """Run it to its end: its exit code."""
        async with self.running(name, check=check) as process:
            await process.communicate()
            return process.returncode

    async def up(self, stack: AsyncExitStack, name: str):
        """Start it, as many as it is to be, once all that it depends on stands as it must. Kafka stands."""
        service = read()["services"][name]
        for needed, condition in service.get("depends_on", {}).items():
            match condition["condition"]:
                case "service_completed_successfully":
                    await self.completed(needed)
                case "service_healthy" if needed != "kafka":
                    await self.up(stack, needed)
                    await self.healthy(needed)
        replicas = service.get("deploy", {}).get("replicas", 1)
        return [await stack.enter_async_context(self.running(name, number=number)) for number in range(1, replicas + 1)]

    async def healthy(self, name: str) -> None:
        """As an engine does: asks again and again."""
        while True:
            if await self.once(name, check=True) == 0:
                return
            await asyncio.sleep(0.1)

    async def completed(self, name: str) -> None:
        for needed in read()["services"][name].get("depends_on", {}):
            if needed != "kafka":
                await self.completed(needed)
        assert await self.once(name) == 0, self.said(name)

    def said(self, name: str, number: int = 1) -> str:
        return (self.folder / f"{name}-{number}" / "said").read_text()

    def _paths(self, service: Mapping[str, Any], folder: Path) -> dict[str, str]:
        """Where what is mounted in the container lies here. A list of sources is copied, as hosts are named in it."""
        paths = {"/var/lib/news-worker": str(folder)}
        for volume in service.get("volumes", ()):
            source, target = volume.split(":")[:2]
            lies = (FILE.parent / source).resolve() if source.startswith(".") else folder
            if lies.suffix == ".toml":
                copy = folder / lies.name
                copy.write_text(self.here(lies.read_text()))
                lies = copy
            paths[target] = str(lies)
        for secret in service.get("secrets", ()):
            given = folder / "secrets"
            given.mkdir(exist_ok=True)
            (given / secret).write_text((FILE.parent / read()["secrets"][secret]["file"]).read_text())
            paths[SECRETS] = str(given)
        return paths


def _placed(text: str, paths: Mapping[str, str]) -> str:
    target = next((path for path in sorted(paths, key=len, reverse=True) if text.startswith(path)), None)
    return text if target is None else paths[target] + text.removeprefix(target)


def broker(kafka: Kafka, folder: Path, words: Mapping[str, str]) -> Cluster:
    """The file's Kafka, on its way up: its variables are a server.properties, as the image makes of them."""
    place = folder / "0"
    place.mkdir(parents=True)
    settings = environment(read()["services"]["kafka"]["env_file"])
    lines = {name.removeprefix("KAFKA_").lower().replace("_", "."): value for name, value in settings.items()}
    lines["log.dirs"] = str(place / "data")
    text = "".join(f"{name}={value}\n" for name, value in lines.items())
    for word, instead in words.items():
        text = text.replace(word, instead)
    (place / "server.properties").write_text(text)
    (place / "log4j2.properties").write_text(LOG4J)
    port = int(words["kafka:9092"].rpartition(":")[2])
    made = Broker(kafka, place, {"PLAINTEXT": Listener(port, port)}, QUICK)
    made.format("--cluster-id=bmV3cy13b3JrZXItMDAwMQ")
    made.formatted()
    made.start()
    return Cluster(words["kafka:9092"], [made])


def loopback() -> dict[str, str]:
    """What addresses of the file are on this machine: ports that are free."""
    client, controller, feed = free_ports(3)
    return {
        "kafka:9092": f"127.0.0.1:{client}",
        "0.0.0.0:9092": f"127.0.0.1:{client}",
        "kafka:9093": f"127.0.0.1:{controller}",
        "0.0.0.0:9093": f"127.0.0.1:{controller}",
        "feed:8080": f"127.0.0.1:{feed}",
        "8080": str(feed),
        read()["networks"]["sample"]["ipam"]["config"][0]["subnet"]: "127.0.0.1/32",
    }


def stop(process: asyncio.subprocess.Process) -> None:
    process.send_signal(signal.SIGTERM)
