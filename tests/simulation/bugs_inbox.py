"""Bugs to be planted where commands are carried out, see `bugs`."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

from worker.core.feeds import commands
from worker.core.feeds.inbox import SHARD_KEY, Inbox
from worker.core.feeds.memory import ShardMemory
from worker.pipeline.polls import inbox
from worker.pipeline.shard import OwnedShard


@contextmanager
def answered_first():
    """That a command is through is committed before what it comes to."""

    async def commit(self, parts):
        remembered = self._remember(parts)
        answers = [record for record in remembered if record.key == SHARD_KEY]
        await self._claim.commit(answers)
        events = [record for part in parts for record in part.records]
        await self._claim.commit([*events, *(record for record in remembered if record.key != SHARD_KEY)])

    with patch.object(OwnedShard, "_commit", commit):
        yield


@contextmanager
def answered_alone():
    """That an article is forgotten is committed without what takes it down."""
    made = inbox._Decided._decided

    def decided(self, memory, search):
        for part in made(self, memory, search):
            yield replace(part, records=())

    with patch.object(inbox._Decided, "_decided", decided):
        yield


def _once_restored(change):
    """`change` is made to each memory that was just restored."""
    made = ShardMemory.restored

    def restored(self):
        made(self)
        change(self)

    return patch.object(ShardMemory, "restored", restored)


@contextmanager
def inbox_forgotten():
    """How far the inbox is read, and what came of it, is not restored after a fault."""

    def forget(memory):
        memory.inbox = Inbox()

    with _once_restored(forget):
        yield


@contextmanager
def pause_forgotten():
    """That a source is paused is not restored after a fault."""

    def resume(memory):
        for source in memory.sources():
            memory.held(source).opened.paused = False

    with _once_restored(resume):
        yield


@contextmanager
def marks_unheeded():
    """What was forgotten is new again when it is shown again."""
    with patch.object(ShardMemory, "forgot", lambda *_: False):
        yield


@contextmanager
def kept_out_by_nobody():
    """A shard says that it keeps an article out, and doesn't."""
    with patch.object(commands, "keep_out", lambda *_: True):
        yield


@contextmanager
def outcomes_dropped():
    """What became of a command is remembered until the next one: the same again is carried out again."""
    made = Inbox.came_to

    def came_to(self, outcome):
        self.outcomes.clear()
        made(self, outcome)

    with patch.object(Inbox, "came_to", came_to):
        yield


BUGS = {
    bug.__name__: bug
    for bug in (
        answered_first,
        answered_alone,
        inbox_forgotten,
        pause_forgotten,
        marks_unheeded,
        kept_out_by_nobody,
        outcomes_dropped,
    )
}
