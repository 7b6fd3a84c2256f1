"""Where Apache Kafka is found: KAFKA_HOME, Maven by name, a container engine, in this order.

Kafka is started by its main classes, never by its scripts: so the process started is the broker itself, and a kill hits it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from signal import Signals
from typing import Protocol

VERSION = "4.1.1"
TREE = Path(__file__).parents[2]
KEPT = TREE / ".kafka"  # between runs; `make clean` removes it
IMAGE = f"apache/kafka:{VERSION}"
HOW = (
    "Apache Kafka was not found. One of these is enough: Java 17 and Maven (Debian: apt-get install default-jre-headless "
    "maven); Java 17 and KAFKA_HOME, where Kafka 4.1 was unpacked; docker or podman; NEWS_TEST_KAFKA, the bootstrap "
    "servers of a running one"
)
POM = """\
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>worker</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <dependencies>
{dependencies}  </dependencies>
</project>
"""
DEPENDENCY = """\
    <dependency>
      <groupId>{group}</groupId>
      <artifactId>{artifact}</artifactId>
      <version>{version}</version>
    </dependency>
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What Maven brings, by name, into a folder of its own."""

    folder: Path
    artifacts: tuple[str, ...]  # of Kafka's


BROKER = Wanted(KEPT / f"jars-{VERSION}", ("kafka_2.13",))
CONNECT = Wanted(KEPT / f"connect-{VERSION}", ("connect-runtime", "connect-file"))  # what `make bench` compares with


class NotFound(Exception):
    """There is no Kafka here; the message says how to get one."""


class Kafka(Protocol):
    """A Kafka that can be started: what to run, how to signal it, and what ends it for somebody who can't signal it."""

    def command(self, name: str, folder: Path, *java: str) -> list[str]: ...

    def signal(self, name: str, process: subprocess.Popen[bytes], number: Signals) -> None: ...

    def end(self, name: str) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Jars:
    """Kafka's jars, and the Java to run them with."""

    java: str
    folder: Path

    def command(self, name: str, folder: Path, *java: str) -> list[str]:
        return [self.java, "-cp", f"{self.folder}/*", *java]

    def signal(self, name: str, process: subprocess.Popen[bytes], number: Signals) -> None:
        process.send_signal(number)
        if number == Signals.SIGSTOP:  # its threads stop one after another
            os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def end(self, name: str) -> list[str]:
        return []  # the guard kills the process


@dataclass(frozen=True, slots=True)
class Container:
    """Kafka's image; the process started is only the engine's client, so signals go through the engine."""

    engine: str

    def command(self, name: str, folder: Path, *java: str) -> list[str]:
        # Podman without root maps its root to the user; docker doesn't.
        user = "0:0" if Path(self.engine).name == "podman" else f"{os.getuid()}:{os.getgid()}"
        run = [self.engine, "run", "--rm", f"--name={name}", "--network=host", f"--user={user}", "--entrypoint=java"]
        return [*run, f"--volume={folder}:{folder}", IMAGE, "-cp", "/opt/kafka/libs/*", *java]

    def signal(self, name: str, process: subprocess.Popen[bytes], number: Signals) -> None:
        subprocess.run([self.engine, "kill", f"--signal={number.name}", name], check=True, capture_output=True)

    def end(self, name: str) -> list[str]:
        return [self.engine, "rm", "--force", name]


def find() -> Kafka:
    """The first that is here. NotFound: none is, and why each isn't."""
    missing = []
    for look in (_unpacked, _by_maven, _container):
        try:
            return look()
        except NotFound as reason:
            missing.append(str(reason))
    raise NotFound(f"{HOW}. ({'; '.join(missing)})")


def _unpacked() -> Kafka:
    home = os.environ.get("KAFKA_HOME")
    if not home:
        raise NotFound("KAFKA_HOME is not set")
    folder = Path(home) / "libs"
    if not any(folder.glob("kafka_2.13-4.*.jar")):
        raise NotFound(f"KAFKA_HOME: no Kafka 4 in {folder}")
    return Jars(_java(), folder.absolute())


def _by_maven() -> Kafka:
    return Jars(_java(), downloaded(BROKER))


def downloaded(wanted: Wanted) -> Path:
    """The folder with its jars, downloaded unless they are there. NotFound: Maven can't."""
    if not wanted.folder.exists():
        _download(wanted)
    return wanted.folder


def _download(wanted: Wanted) -> None:
    kafka = "org.apache.kafka", VERSION
    log4j = "org.apache.logging.log4j", "2.25.1"
    names = [*((name, *kafka) for name in wanted.artifacts), ("log4j-slf4j-impl", *log4j)]
    dependencies = "".join(
        DEPENDENCY.format(artifact=name, group=group, version=version) for name, group, version in names
    )
    maven = shutil.which("mvn")
    if not maven:
        raise NotFound("no mvn")
    KEPT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=KEPT) as folder:
        pom = Path(folder) / "pom.xml"
        pom.write_text(POM.format(dependencies=dependencies))
        copy = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}/jars"]
        made = subprocess.run(
            [maven, "--batch-mode", "--quiet", f"--file={pom}", *copy], capture_output=True, text=True, check=False
        )
        if made.returncode:
            raise NotFound(f"mvn: {(made.stdout + made.stderr).strip()[:300]}")
        try:
            (Path(folder) / "jars").rename(wanted.folder)
        except OSError:
            if not wanted.folder.exists():  # else another run was faster
                raise


def _container() -> Kafka:
    for name in ("docker", "podman"):
        engine = shutil.which(name)
        if engine and subprocess.run([engine, "info"], capture_output=True, check=False).returncode == 0:
            return Container(engine)
    raise NotFound("neither docker nor podman answers")


def _java() -> str:
    home = os.environ.get("JAVA_HOME")
    java = f"{home}/bin/java" if home else shutil.which("java")
    if not java or not Path(java).exists():
        raise NotFound("no java")
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', said)
    if not version or int(version[1]) < 17:
        raise NotFound(f"{java} is older than 17")
    return java
