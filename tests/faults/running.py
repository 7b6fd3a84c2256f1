"""Replays and other commands as a user runs them, in processes of their own, on either broker, and what they leave behind."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition
from contract.oracle import Entry, Verdict, judge
from faults.offered import NAME, Folder, by_article, rejection

from worker.broker.connect import administer, connect
from worker.broker.port import Start
from worker.kafka.options import KafkaOptions
from worker.model import Topic

TREE = Path(__file__).parents[2]
SILENT = 60  # seconds after which a sentence is taken never to come
COUNTED = re.compile(r"^([\d,]+) (articles? published|records? rejected)", re.MULTILINE)


def kill(process: asyncio.subprocess.Process) -> None:
    """Kill it, unless it has ended. Its own `kill` would reap it if it just has, and its exit code would be 255."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)


@dataclass(frozen=True)
class Place:
    """Where a test's topics are, and a folder in which replays run."""

    folder: Path
    url: str
    prefix: str = ""
    kafka: KafkaOptions = field(default_factory=KafkaOptions)  # as the test itself goes there
    settings: Mapping[str, object] = field(default_factory=dict)  # in which replays differ: another door, a user
    hangs: float = 120  # seconds after which a replay is taken to hang, so that its test fails rather than hangs too

    @property
    def kind(self) -> str:
        return "kafka" if self.url.startswith("kafka:") else "embedded"

    @property
    def _named(self) -> dict[str, object]:
        named = {"broker": self.url, "prefix": self.prefix}
        if self.kind == "kafka":
            named |= {
                "kafka_partitions": self.kafka.partitions,
                "kafka_replication": self.kafka.replication,
                "kafka_transaction_timeout_s": self.kafka.transaction_timeout,
            }
        return named | dict(self.settings)

    async def make(self) -> None:
        """The topics, which nobody makes by the way on Kafka."""
        async with administer(self.url, prefix=self.prefix, kafka=self.kafka) as administration:
            await administration.create((await administration.layouts()).values())

    def replaying(self, *arguments: str, **named):
        """A running replay; see `running`."""
        return self.running("replay", *arguments, **named)

    @asynccontextmanager
    async def running(self, *arguments: str, program=("-m", "worker"), stdin=None, stdout=None, **settings):
        """A running command of the worker, in a session of its own; killed when left."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("NEWS_WORKER_")}
        named = {f"NEWS_WORKER_{name.upper()}": str(value) for name, value in {**self._named, **settings}.items()}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *program, *arguments),
            cwd=self.folder,
            stdin=stdin or asyncio.subprocess.DEVNULL,
            stdout=stdout or asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            env={**environment, **named, "PYTHONPATH": f"{TREE}{os.pathsep}{TREE / 'tests'}"},
        )
        try:
            async with asyncio.timeout(self.hangs):
                yield process
        finally:
            kill(process)
            await process.wait()
            with suppress(ProcessLookupError):  # nothing is to be left of it, and nothing of what a fault of ours left
                os.killpg(process.pid, signal.SIGKILL)
            await process.communicate()

    async def replay(self, *arguments: str, **settings) -> tuple[int, str]:
        """Run it to its end: exit code, and what it said."""
        return await self.run("replay", *arguments, **settings)

    async def run(self, *arguments: str, **settings) -> tuple[int, str]:
        """Any command to its end, likewise."""
        async with self.running(*arguments, **settings) as process:
            _, said = await process.communicate()
            return process.returncode, said.decode()

    def connect(self):
        return connect(self.url, prefix=self.prefix, create=True, kafka=self.kafka)

    async def events(self, more: int) -> None:
        """Wait until so many events more are in the topic than now."""
        async with self.connect() as broker:
            following = broker.read(Topic.ARTICLES, Start(latest=True), follow=True)
            for _ in range(more):
                await anext(following)
            await following.aclose()

    async def events_in_all(self, count: int) -> None:
        """Wait until so many events are in the topic."""
        async with self.connect() as broker:
            following = broker.read(Topic.ARTICLES, follow=True)
            for _ in range(count):
                await anext(following)
            await following.aclose()

    async def events_or_end(self, more: int, process) -> None:
        """Likewise, or until the replay ends by itself."""
        waits = {asyncio.ensure_future(self.events(more)), asyncio.ensure_future(process.wait())}
        done, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for one in pending:
            one.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        for one in done:
            one.result()

    async def nothing_open(self) -> None:
        """Wait until no transaction is open on the articles' topic: ended, or aborted by the broker."""
        names = [TopicPartition(self.prefix + Topic.ARTICLES.value, number) for number in range(self.kafka.partitions)]
        plain, ends = {"bootstrap_servers": self.url.removeprefix("kafka://")}, {}
        while not ends or ends["read_committed"] != ends["read_uncommitted"]:
            for level in ("read_committed", "read_uncommitted"):  # in this order: records may come in between
                async with AIOKafkaConsumer(**plain, isolation_level=level) as consumer:
                    ends[level] = await consumer.end_offsets(names)
            await asyncio.sleep(0.1)  # a broker has no event to wait for

    async def judged(self, *folders: Folder, before: tuple[Entry, ...] = ()) -> Verdict:
        """What was offered against what is in the topics. `before`: what was read in a topic that is gone."""
        got = [*before, *[entry async for entry in self.entries()]]
        key = by_article if self.kind == "kafka" else tuple
        return judge((key(entry) for one in folders for entry in one.offered), map(key, got))

    async def entries(self) -> AsyncIterator[Entry]:
        """What a reader gets of data sets: events by file, then rejections."""
        async with self.connect() as broker:
            async for record in broker.read(Topic.ARTICLES):
                event = json.loads(record.value)
                if event["source"]["kind"] != "dataset":
                    continue  # a polled feed's: the feed server's ledger tells of those
                dataset = event["source"]["id"].removeprefix("dataset:")
                yield (dataset, event["provenance"]["file"]), NAME.search(record.value)[0]
            async for record in broker.read(Topic.REJECTS):
                dataset = dict(record.headers)["reject_source_id"].decode().removeprefix("dataset:")
                yield rejection(dataset, record.value.rstrip(b"\n"))


async def until(process, text: str) -> str:
    """Read what a replay says until it says this; all that it said up to there."""
    said = b""
    with suppress(TimeoutError):
        async with asyncio.timeout(SILENT):
            while line := await process.stderr.readline():
                said += line
                if text.encode() in line:
                    return said.decode()
    raise AssertionError(f"it never said {text!r}, but:\n{said.decode()}")


async def stopped(process) -> None:
    """Wait until SIGSTOP has stopped it."""
    await asyncio.to_thread(os.waitid, os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)


def counted(said: str) -> int:
    """Articles and rejections that a replay says to have committed."""
    return sum(int(number.replace(",", "")) for number, _ in COUNTED.findall(said))
