"""The feed server as a test or benchmark has it: started, told to change feeds, asked what it showed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from feeds import server
from feeds.feed import Plan, packed
from feeds.server import Asked

_TREE = Path(__file__).parents[2]


class FeedServer:
    """A running server. Its methods return at once: the server answers each command within milliseconds."""

    def __init__(self, process: subprocess.Popen[str], folder: Path, plans: Sequence[Plan]) -> None:
        self._process = process
        self._folder = folder
        self._counted = self._read = 0  # lines and bytes of the requests' book that were looked at
        self.plans = {plan.name: plan for plan in plans}
        self._address = {name: plan.address for plan in plans for name in plan.names}
        self.port: int = self._told([packed(plan) for plan in plans])

    def url(self, name: str) -> str:
        return f"http://{self._address[name]}:{self.port}/{name}"

    @property
    def urls(self) -> dict[str, str]:
        return {name: self.url(name) for name in self.plans}

    def change(self, change: str, feed: str, count: int = 1) -> None:
        """Add | edit | drift | delete, so many entries of it."""
        self._told({"change": change, "feed": feed, "by": [count]})

    def revert(self, feed: str) -> None:
        """It shows what it showed before its last change, with the validators of then."""
        self._told({"change": "revert", "feed": feed, "by": []})

    def answer_with(self, status: int, feed: str) -> None:
        """It answers nothing but this status; 0: itself again."""
        self._told({"change": "answer_with", "feed": feed, "by": [status]})

    def rest(self) -> None:
        """No feed goes on by itself any more."""
        self._told({"change": "rest", "by": []})

    @property
    def restless(self) -> list[str]:
        """The feeds that will go on by themselves, or whose document nobody has proven to have taken in."""
        found: list[str] = self._told({"change": "restless"})
        return found

    @property
    def ledger(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self._folder / "ledger.jsonl").read_text().splitlines()]

    @property
    def requests(self) -> list[Asked]:
        """All that were answered, in the order in which they ended. Waits for those under way."""
        self._told({"change": "nothing"})
        return [Asked(**json.loads(line)) for line in self.book.read_text().splitlines()]

    def times_asked(self) -> int:
        """How many requests there were, without reading their book anew each time."""
        with self.book.open("rb") as book:
            book.seek(self._read)
            new = book.read()
        self._read += len(new)
        self._counted += new.count(b"\n")
        return self._counted

    @property
    def book(self) -> Path:
        """Where the requests are written down, a line each."""
        return self._folder / "requests.jsonl"

    @property
    def pid(self) -> int:
        return self._process.pid

    def _told(self, command: object) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the feed server has ended; its error output says why"
        return json.loads(answer)


@contextmanager
def serving(folder: Path, plans: Sequence[Plan]) -> Iterator[FeedServer]:
    """Start it; it ends when left, and with this process. `folder`: where it keeps its books."""
    folder.mkdir(parents=True, exist_ok=True)
    with subprocess.Popen(
        [sys.executable, server.__file__, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(_TREE / "tests")},
    ) as process:
        yield FeedServer(process, folder, plans)
        assert process.stdin
        process.stdin.close()


def sites(count: int, **named: Any) -> list[Plan]:
    """So many feeds, each at an address of its own; of ten, six RSS, three Atom, one JSON Feed, unless told."""
    formats = ("rss", "atom", "rss", "rss", "atom", "rss", "json", "rss", "atom", "rss")
    return [
        Plan(
            **{
                "name": f"f{number}",
                "address": f"127.0.{1 + number // 250}.{1 + number % 250}",
                "format": formats[number % len(formats)],
                "seed": number,
                **named,
            }
        )
        for number in range(count)
    ]
