"""A place where commands of the worker run in the image: its user's, process 1, only a volume and /tmp to write to."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from faults.running import Place
from image.engine import TREE, Image

LAUNCH = str(Path(__file__).with_name("launch.py"))
NAMESPACES = ("--mount", "--pid", "--ipc", "--uts", "--propagation=private", "--fork")
SEEDS = "/mnt"  # a folder that any image has


@dataclass(frozen=True, kw_only=True)
class Contained(Place):
    """`folder` is the volume."""

    image: Image
    memory: Sequence[str] = ("/tmp",)

    @property
    def user(self) -> tuple[int, int]:
        user, _, group = self.image.config["User"].partition(":")
        return int(user), int(group)

    @asynccontextmanager
    async def running(self, *arguments, program=None, stdin=None, stdout=None, **settings):
        """As the image says; `program`: instead of its entry point. The process is unshare's; `signalled` reaches the worker."""
        config, (user, group) = self.image.config, self.user
        os.chown(self.folder, user, group)
        named = {f"NEWS_WORKER_{name.upper()}": str(value) for name, value in {**self._named, **settings}.items()}
        told = {
            "root": str(self.image.root),
            "binds": [
                (str(self.folder), config["WorkingDir"], False),
                (str(TREE / "seeds"), SEEDS, True),
            ],
            "memory": list(self.memory),
            "user": user,
            "group": group,
            "folder": config["WorkingDir"],
            "environment": {**dict(one.split("=", 1) for one in config["Env"]), **named},
            "program": [
                *(program or (config["Entrypoint"] if arguments else config["Entrypoint"] + config["Cmd"])),
                *arguments,
            ],
        }
        process = await asyncio.create_subprocess_exec(
            *("unshare", *NAMESPACES, "setpriv", "--no-new-privs", sys.executable, LAUNCH, json.dumps(told)),
            stdin=stdin or asyncio.subprocess.DEVNULL,
            stdout=stdout or asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(self.hangs):
                yield process
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.communicate()


def first_process(process) -> int:
    """The worker, process 1 in there, by its number out here."""
    (child,) = children(process.pid)
    return child


def signalled(process, number: signal.Signals) -> None:
    os.kill(first_process(process), number)


def below(pid: int) -> list[int]:
    """Every process that it has started, and theirs."""
    return [one for child in children(pid) for one in [child, *below(child)]]


def children(pid: int) -> list[int]:
    """Those of its threads: each has its own."""
    threads = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for thread in threads for child in thread.read_text().split()]
