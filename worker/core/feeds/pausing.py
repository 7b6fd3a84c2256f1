"""A source paused, resumed, or polled out of turn: that needs the network, so it stays asked for until a poll answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from worker.core.event import rfc3339
from worker.core.feeds.held import Held
from worker.core.feeds.inbox import State
from worker.core.feeds.memory import ShardMemory
from worker.core.feeds.outcomes import settled_anew
from worker.model import Definition, Fate, Fault, Head, Part


def pause(held: Held, memory: ShardMemory, now: int) -> Iterator[Part]:
    """Poll it no more, and hand over what siblings show, too. Done again it changes nothing."""
    held.opened.paused = True
    memory.poll_is_through(held, State.REFUSED, "the source was paused meanwhile", now)
    yield from settled_anew(held, now)


def resume(held: Held, now: int) -> Iterator[Part]:
    """Poll it again; it takes over what nobody who shows it owns. Done again it changes nothing."""
    held.opened.paused = False
    yield from settled_anew(held, now)


def unasked(definition: Definition, head: Head, now: int) -> str | None:
    """Why a source is not polled, though somebody asks for it; None: nothing keeps it from being polled."""
    if definition.kind != "feed":
        return "it is no feed: what comes is read at once, and where that fails it is tried again within 5 minutes"
    if head.paused:
        return "it is paused: `news-worker sources resume` first"
    if head.gone:
        return "its server said that it is gone for good (410): remove it, or define it with another URL"
    if head.not_before > now:
        return f"its server asked to be left alone until {rfc3339(head.not_before)}"
    return None


def ask_now(held: Held, command: str) -> None:
    """The next poll of it answers the command of that id, too."""
    head = held.opened
    if command not in head.polls_asked:
        head.polls_asked = (*head.polls_asked, command)
    held.touch()


def polled(  # noqa: PLR0913, PLR0917 (a poll, and what it came to)
    parts: Iterator[Part],
    definition: Definition,
    memory: ShardMemory,
    asked: Collection[str],
    fault: Fault | None,
    now: int,
) -> Iterator[Part]:
    """The parts of a poll; and, once all of them are decided, what is told to those who asked for it, by commands of these ids."""
    fates: Counter[Fate] = Counter()
    for part in parts:
        fates += part.fates
        yield part
    held = memory.held(definition.id)
    state, said = (State.DONE, _came_to(fates)) if fault is None else (State.REFUSED, f"{fault.kind}: {fault.message}")
    if memory.poll_is_through(held, state, said, now, asked):
        yield Part(definition.id, ())


def _came_to(fates: Counter[Fate]) -> str:
    counts = ", ".join(f"{count} {fate}" for fate, count in fates.items() if count)
    return f"polled: {counts}" if counts else "polled: it has nothing new"
