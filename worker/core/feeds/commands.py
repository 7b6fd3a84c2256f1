"""The commands that a shard's owner carries out: a pure function each, all of them in this table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from worker.core.feeds import redrive, redrive_record
from worker.core.feeds.forget import forget, keep_out
from worker.core.feeds.held import Held
from worker.core.feeds.inbox import Command, State
from worker.core.feeds.memory import ShardMemory
from worker.core.feeds.pausing import ask_now, pause, resume, unasked
from worker.core.takedown import Published, published_of
from worker.model import Definition, Document, Fate, Part, Reading

_T = TypeVar("_T")
_PUBLISHED: Final = (Fate.CREATED, Fate.UPDATED)


@dataclass(frozen=True, slots=True)
class Asked:
    """A command as it is carried out. `reading`: of the document that it was to be read for; `refused`: as in `consumed`."""

    command: Command
    memory: ShardMemory
    now: int
    shard: int  # its number
    reading: Reading | None = None
    refused: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command comes to.

    `before`: parts to be published first, each as it is asked for; should a fault come between, all of the command is carried out
    again, so they must do no harm twice. `poll`: its source is to be polled now.
    """

    state: State
    message: str
    part: Part | None = None
    before: Iterable[Part] = ()
    poll: bool = False


class _NotUnderstoodError(Exception):
    """What the command says makes no sense. Raised before memory is changed, as anything else that is raised need not be."""


def carried_out(asked: Asked) -> Answer:
    """What the command comes to, memory changed to that. Not to be called between two parts of a document."""
    does = _COMMANDS.get(asked.command.name)
    if does is None:
        return Answer(State.REFUSED, f"this news-worker knows no command {asked.command.name!r}")
    try:
        return does(asked)
    except _NotUnderstoodError as error:
        return Answer(State.REFUSED, f"the command can't be understood ({error})")


def to_read(command: Command, memory: ShardMemory, now: int) -> Document | None:
    """What is to be read, in a process that can be killed, before the command is carried out. `now`: ms, of observation."""
    if command.name != "redrive":
        return None
    source = _defined(command.source, memory)
    try:
        found = redrive.kept_of(command.said)
    except (KeyError, TypeError, ValueError):
        return None
    if isinstance(source, str):
        return None
    held, definition = source
    if definition.kind == "topic":
        return redrive_record.document_of(found, definition, now)
    return redrive.document_of(found, definition, held.head, now)


def _forget(asked: Asked) -> Answer:
    seen = _understood(asked, lambda said: int(said.get("seen", -1)))  # an older release doesn't tell
    part = forget(_article(asked), asked.memory, asked.now, seen)
    if part is None:
        return Answer(State.DONE, "it was taken down before")
    return Answer(
        State.DONE, "withdrawn, and its tombstone is published; nothing that still shows it brings it back", part
    )


def _keep_out(asked: Asked) -> Answer:
    new = keep_out(_article(asked), asked.memory, asked.shard, asked.now)
    return Answer(State.DONE, f"shard {asked.shard} keeps it out" + ("" if new else ", as before"))


def _redrive(asked: Asked) -> Answer:
    memory, found = asked.memory, _understood(asked, redrive.kept_of)
    source = _defined(asked.command.source, memory)
    if isinstance(source, str):
        return Answer(State.REFUSED, source)
    held, definition = source
    if definition.kind == "topic":
        return _redrive_record(asked, found, held, definition)
    superseded = Answer(
        State.SUPERSEDED, "its publisher has changed it since, or it is forgotten: it is not remembered as that"
    )
    if asked.reading is None:
        part = redrive.asked_anew(found, memory)
        said = "its bytes are not all there: its feed is asked anew, and decides if it still shows it"
        return superseded if part is None else Answer(State.DONE, said, part, poll=True)
    came = redrive.redriven(found, asked.reading, definition, memory, asked.now, asked.refused.keys())
    if came is None:
        return superseded
    if isinstance(came, str):
        return Answer(State.REFUSED, f"it is rejected still: {came}")
    part, fate = came
    return Answer(State.DONE if fate in _PUBLISHED else State.REFUSED, f"it is {fate}", part)


def _redrive_record(asked: Asked, found: redrive.Kept, held: Held, definition: Definition) -> Answer:
    wanted = redrive_record.redrive_of(found, asked.command.id, definition)
    if wanted is None:
        return Answer(State.REFUSED, "it doesn't say where in its topic it lies, so it can't be read again")
    if asked.reading is not None:
        return Answer(*redrive_record.redriven(wanted, asked.reading, definition, asked.memory, asked.refused))
    if not redrive_record.ask_again(wanted, held):
        return Answer(State.REFUSED, "too many of its topic wait to be read again already: ask once they are through")
    return Answer(State.PENDING, "its bytes are not all there: its record is read again", Part(definition.id, ()))


def _pause(asked: Asked) -> Answer:
    found = _defined(asked.command.source, asked.memory)
    if isinstance(found, str):
        return Answer(State.REFUSED, found)
    held, _ = found
    if held.opened.paused:
        return Answer(State.DONE, "it was paused before")
    parts = pause(held, asked.memory, asked.now)
    return Answer(State.DONE, "paused: it is not polled until it is resumed", before=parts)


def _resume(asked: Asked) -> Answer:
    found = _defined(asked.command.source, asked.memory)
    if isinstance(found, str):
        return Answer(State.REFUSED, found)
    held, definition = found
    if not held.opened.paused:
        return Answer(State.DONE, "it was not paused")
    when = "it is polled again from its next slot on" if definition.kind == "feed" else "it goes on where it was"
    return Answer(State.DONE, f"resumed: {when}", before=resume(held, asked.now))


def _poll(asked: Asked) -> Answer:
    found = _defined(asked.command.source, asked.memory)
    if isinstance(found, str):
        return Answer(State.REFUSED, found)
    held, definition = found
    why = unasked(definition, held.opened, asked.now)
    if why is not None:
        return Answer(State.REFUSED, why)
    ask_now(held, asked.command.id)
    return Answer(State.PENDING, "it is polled as soon as its site is free", Part(definition.id, ()), poll=True)


def _article(asked: Asked) -> Published:
    return _understood(asked, lambda said: published_of(said["article"]))


def _understood(asked: Asked, take: Callable[[Mapping[str, Any]], _T]) -> _T:
    try:
        return take(asked.command.said)
    except (KeyError, TypeError, ValueError) as error:
        raise _NotUnderstoodError(repr(error)) from error


def _defined(source: str, memory: ShardMemory) -> tuple[Held, Definition] | str:
    """The source; or why nothing can be done to it."""
    if source in memory.refused:
        return memory.refused[source]
    held = memory.held(source) if source in memory.sources() else None
    if held is None or held.definition is None:
        return f"this shard has no source {source}"
    return held, held.definition


_COMMANDS: Final[dict[str, Callable[[Asked], Answer]]] = {
    "forget": _forget,
    "keep_out": _keep_out,
    "redrive": _redrive,
    "pause": _pause,
    "resume": _resume,
    "poll": _poll,
}
