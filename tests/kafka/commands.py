"""The command line as a user calls it: a process of its own, settings from the environment."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

TREE = Path(__file__).parents[2]
HANGS = 60  # seconds; far less than it would wait for a broker that is away


@dataclass(frozen=True, slots=True)
class Outcome:
    code: int
    out: str
    said: str

    @property
    def everything(self) -> str:
        return self.out + self.said


def news_worker(*arguments: object, **settings: object) -> Outcome:
    """`kafka_sasl_username="worker"` and the like are its settings."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("NEWS_WORKER_")}
    named = {f"NEWS_WORKER_{name.upper()}": str(value) for name, value in settings.items()}
    ran = subprocess.run(
        [sys.executable, "-m", "worker", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
        env={**bare, **named, "PYTHONPATH": str(TREE)},
    )
    return Outcome(ran.returncode, ran.stdout, ran.stderr)
