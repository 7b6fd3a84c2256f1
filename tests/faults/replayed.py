"""Data sets that are replayed one after another while replays are killed: each is called again until it says that it is done.

They lie in stages, so that there are replays to kill all the time: a stage is begun once it is let in.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from faults.offered import Folder
from faults.running import Place, counted, kill

FILES = 8  # a data set
BAD_EVERY = 1000  # articles


@dataclass(eq=False)
class Lane:
    """Replays that follow one another: a call of each data set, with these arguments."""

    name: str
    arguments: Sequence[str]
    folders: Sequence[Folder]
    process: asyncio.subprocess.Process | None = None
    calls: Counter[str] = field(default_factory=Counter)  # by how they ended
    told: int = 0  # articles and rejections that those calls have counted that ended by themselves
    finished: set[str] = field(default_factory=set)  # data sets

    def kill(self) -> bool:
        """Whether there was something to kill."""
        if self.process is None or self.process.returncode is not None:
            return False
        kill(self.process)
        return True

    async def go_on(self, place: Place, let_in: Sequence[asyncio.Event]) -> None:
        """Replay a data set a stage, each until it is done."""
        for folder, event in zip(self.folders, let_in, strict=True):
            await event.wait()
            while folder.name not in self.finished:
                await self._call(place, folder.name)

    async def _call(self, place: Place, name: str) -> None:
        async with place.replaying(name, *self.arguments, "--jobs", "1") as self.process:
            said = (await self.process.stderr.read()).decode()
            code = await self.process.wait()
        self.calls["killed" if code < 0 else "ended"] += 1
        if code >= 0:
            assert code in {0, 1}, said
            self.told += counted(said)
            if "interrupted" not in said:
                self.finished.add(name)


class Replays:
    """Two lanes share data sets by `--split`, as fast as they can; a third has its own, at a rate."""

    def __init__(self, place: Place, articles: int, stages: int, rate: float) -> None:
        self.place = place
        self._let_in = [asyncio.Event() for _ in range(stages)]
        each = articles // stages // 2
        shared = [_filled(place, f"shared-{number}", each) for number in range(stages)]
        whole = [_filled(place, f"whole-{number}", each) for number in range(stages)]
        self.folders = [*shared, *whole]
        self.lanes = [
            Lane("split 0/2", ("--split", "0/2"), shared),
            Lane("split 1/2", ("--split", "1/2"), shared),
            Lane("whole", ("--rate", f"{rate:.0f}"), whole),
        ]

    def let_in(self, stages: int) -> None:
        """The first so many may be replayed."""
        for event in self._let_in[:stages]:
            event.set()

    async def go_on(self) -> None:
        """All of them, until all is done."""
        async with asyncio.TaskGroup() as group:
            for lane in self.lanes:
                group.create_task(lane.go_on(self.place, self._let_in))

    @property
    def done(self) -> set[str]:
        """The data sets that nobody replays any more."""
        one, other, whole = (lane.finished for lane in self.lanes)
        return (one & other) | whole

    @property
    def told(self) -> int:
        return sum(lane.told for lane in self.lanes)


def _filled(place: Place, name: str, articles: int) -> Folder:
    folder = Folder(place.folder / name)
    for number in range(FILES):
        folder.jsonl(f"{number}.jsonl", articles // FILES, bad_every=BAD_EVERY)
    return folder
