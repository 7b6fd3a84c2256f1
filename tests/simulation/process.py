"""A worker's process in the simulation: all that runs in its context, so that the loop can hold it as a whole."""

from __future__ import annotations

import asyncio
from contextvars import Context, ContextVar
from dataclasses import dataclass, field
from enum import Enum


class State(Enum):
    RUNS = "runs"
    FROZEN = "frozen"
    DEAD = "dead"
    BURIED = "buried"  # it unwinds, after the end of all that is judged


@dataclass(eq=False)
class Process:
    """See above. What is dead is kept until the end: collected, a coroutine would run its `finally`, and no killed one does."""

    name: str
    stranger: bool = False  # no member of the group
    state: State = State.RUNS
    cut_off: bool = False  # from the broker
    ahead: int = 0  # ms by which its wall clock is wrong
    thawed: float = -1.0  # when it last went on, by the loop's clock
    held: list[object] = field(default_factory=list)  # what would run, were it not frozen
    tasks: dict[asyncio.Task, None] = field(default_factory=dict)  # that aren't done
    context: Context = field(default_factory=Context)

    def __post_init__(self):
        self.context.run(PROCESS.set, self)

    @property
    def dead(self):
        return self.state in (State.DEAD, State.BURIED)


PROCESS: ContextVar[Process | None] = ContextVar("PROCESS", default=None)
