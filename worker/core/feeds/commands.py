"""The commands that a shard's owner carries out: a pure function each, all of them in this table."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from worker.core.feeds.forget import forget
from worker.core.feeds.inbox import Command, State
from worker.core.feeds.memory import ShardMemory
from worker.core.feeds.redrive import asked_anew, document_of, kept_of, redriven
from worker.core.takedown import published_of
from worker.model import Definition, Document, Fate, Part, Reading

_PUBLISHED: Final = (Fate.CREATED, Fate.UPDATED)


@dataclass(frozen=True, slots=True)
class Asked:
    """A command as it is carried out. `reading`: of the document that it was to be read for; `refused`: as in decide."""

    command: Command
    memory: ShardMemory
    now: int
    reading: Reading | None = None
    refused: AbstractSet[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command comes to. `poll`: its source is to be polled now."""

    state: State
    message: str
    part: Part | None = None
    poll: bool = False


def carried_out(asked: Asked) -> Answer:
    """What the command comes to, memory changed to that. Not to be called between two parts of a document."""
    does = _COMMANDS.get(asked.command.name)
    if does is None:
        return Answer(State.REFUSED, f"this news-worker knows no command {asked.command.name!r}")
    try:
        return does(asked)
    except (KeyError, TypeError, ValueError) as error:
        return Answer(State.REFUSED, f"the command can't be understood ({error!r})")


def to_read(command: Command, memory: ShardMemory, now: int) -> Document | None:
    """What is to be read, in a process that can be killed, before the command is carried out. `now`: ms, of observation."""
    if command.name != "redrive":
        return None
    definition = _feed(command.source, memory)
    try:
        found = kept_of(command.said)
    except (KeyError, TypeError, ValueError):
        return None
    return None if isinstance(definition, str) else document_of(found, definition, memory.head(definition.id), now)


def _forget(asked: Asked) -> Answer:
    part = forget(published_of(asked.command.said["article"]), asked.memory, asked.now)
    if part is None:
        return Answer(State.DONE, "it was taken down before")
    return Answer(
        State.DONE, "withdrawn, and its tombstone is published; nothing that still shows it brings it back", part
    )


def _redrive(asked: Asked) -> Answer:
    memory, found = asked.memory, kept_of(asked.command.said)
    definition = _feed(asked.command.source, memory)
    if isinstance(definition, str):
        return Answer(State.REFUSED, definition)
    superseded = Answer(
        State.SUPERSEDED, "its publisher has changed it since, or it is forgotten: it is not remembered as that"
    )
    if asked.reading is None:
        part = asked_anew(found, memory)
        said = "its bytes are not all there: its feed is asked anew, and decides if it still shows it"
        return superseded if part is None else Answer(State.DONE, said, part, poll=True)
    came = redriven(found, asked.reading, definition, memory, asked.now, asked.refused)
    if came is None:
        return superseded
    if isinstance(came, str):
        return Answer(State.REFUSED, f"it is rejected still: {came}")
    part, fate = came
    return Answer(State.DONE if fate in _PUBLISHED else State.REFUSED, f"it is {fate}", part)


def _feed(source: str, memory: ShardMemory) -> Definition | str:
    """How the feed is defined; or why there is none."""
    if source in memory.refused:
        return memory.refused[source]
    definition = memory.held(source).definition if source in memory.sources() else None
    if definition is None:
        return f"this shard has no source {source}"
    if definition.kind != "feed":
        return f"source {source} is no feed but a {definition.kind}, of which no rejection is read again"
    return definition


_COMMANDS: Final[dict[str, Callable[[Asked], Answer]]] = {"forget": _forget, "redrive": _redrive}
