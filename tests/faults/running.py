"""Replays as a user runs them, in processes of their own, and what they offer and leave behind."""

import asyncio
import gzip
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from contract.oracle import Entry, Verdict, judge

from worker.broker.connect import connect
from worker.broker.port import Start
from worker.model import Topic

TREE = Path(__file__).parents[2]
NAME = re.compile(rb"article [\w-]+")
HANGS = 120  # seconds after which a replay is taken to hang, so that its test fails rather than hangs too
SENTENCE = "{} tells of a river that rose for six days and of a bridge that nobody crossed."


@dataclass
class Folder:
    """A data set in every format, with what must come of it: articles by file, rejections by their bytes."""

    path: Path
    offered: list[Entry] = field(default_factory=list)

    def jsonl(self, name: str, articles: int, *, bad_every: int = 0) -> None:
        lines = []
        for number in range(articles):
            if bad_every and number % bad_every == 0:
                lines.append(self._broken(f'{{"broken {name} {number}'))
            lines.append(json.dumps(self._article(name, number)))
        packed = gzip.compress if name.endswith(".gz") else bytes
        self._write(name, packed("".join(f"{line}\n" for line in lines).encode()))

    def array(self, name: str, articles: int) -> None:
        self._write(name, json.dumps([self._article(name, number) for number in range(articles)], indent=1).encode())

    def feed(self, name: str, articles: int) -> None:
        items = (
            f"<item><title>{found['headline']}</title><description>{found['text']}</description></item>"
            for found in (self._article(name, number) for number in range(articles))
        )
        self._write(name, f'<rss version="2.0"><channel><title>t</title>{"".join(items)}</channel></rss>'.encode())

    def texts(self, articles: int) -> None:
        for number in range(articles):
            name = f"texts/{number:04}.txt"
            self._write(name, f"date 2023-01\n{self._article(name, number)['text']}".encode())

    def binary(self, name: str) -> None:
        self._write(name, self._broken(f"\x00\x01 {name} \x00\x02").encode())

    def _article(self, name: str, number: int) -> dict[str, str]:
        title = f"article {name.replace('/', '-').replace('.', '-')}-{number}"
        self.offered.append(((self.path.name, name), title.encode()))
        return {"headline": title, "text": SENTENCE.format(title)}

    def _broken(self, text: str) -> str:
        self.offered.append(((self.path.name, "rejects"), text.encode()))
        return text

    def _write(self, name: str, data: bytes) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


@dataclass(frozen=True)
class Place:
    """A folder with the embedded broker's file in it; replays run there."""

    folder: Path

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder}/news.db"

    @asynccontextmanager
    async def replaying(self, *arguments: str, program=("-m", "worker"), stdin=None, stdout=None, **settings):
        """A running replay, in a session of its own; killed when left."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("NEWS_WORKER_")}
        named = {f"NEWS_WORKER_{name.upper()}": str(value) for name, value in settings.items()}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *program, "replay", "--broker", self.url, *arguments),
            cwd=self.folder,
            stdin=stdin or asyncio.subprocess.DEVNULL,
            stdout=stdout or asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            env={**environment, **named, "PYTHONPATH": f"{TREE}{os.pathsep}{TREE / 'tests'}"},
        )
        try:
            async with asyncio.timeout(HANGS):
                yield process
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            with suppress(ProcessLookupError):  # nothing is to be left of it, and nothing of what a fault of ours left
                os.killpg(process.pid, signal.SIGKILL)
            await process.communicate()

    async def replay(self, *arguments: str, **settings) -> tuple[int, str]:
        """Run it to its end: exit code, and what it said."""
        async with self.replaying(*arguments, **settings) as process:
            _, said = await process.communicate()
            return process.returncode, said.decode()

    def connect(self):
        return connect(self.url, create=True)

    async def events(self, more: int) -> None:
        """Wait until so many events more are in the topic than now."""
        async with self.connect() as broker:
            following = broker.read(Topic.ARTICLES, Start(latest=True), follow=True)
            for _ in range(more):
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

    async def judged(self, *folders: Folder) -> Verdict:
        """What was offered against what is in the topics."""
        return judge([entry for one in folders for entry in one.offered], [entry async for entry in self._entries()])

    async def _entries(self) -> AsyncIterator[Entry]:
        async with self.connect() as broker:
            async for record in broker.read(Topic.ARTICLES):
                event = json.loads(record.value)
                dataset = event["source"]["id"].removeprefix("dataset:")
                yield (dataset, event["provenance"]["file"]), NAME.search(record.value)[0]
            async for record in broker.read(Topic.REJECTS):
                dataset = dict(record.headers)["reject_source_id"].decode().removeprefix("dataset:")
                yield (dataset, "rejects"), record.value.rstrip(b"\n")
