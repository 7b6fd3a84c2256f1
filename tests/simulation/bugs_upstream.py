"""Bugs to be planted where upstream topics are consumed, see `bugs`."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

from worker.core.feeds import placed
from worker.pipeline.polls import stream
from worker.sources.topic import client


@contextmanager
def position_first():
    """The position moves past all of a reading with its first part."""
    made = stream.consumed

    def consumed(reading, where, memory, now, **named):
        for part in made(reading, where, memory, now, **named):
            memory.held(where.definition.id).opened.positions[where.partition] = reading.end
            yield part

    with patch.object(stream, "consumed", consumed):
        yield


@contextmanager
def position_last():
    """The position moves once all of a reading is decided, in a transaction that may be another than its articles'."""
    made = stream.consumed

    def consumed(reading, where, memory, now, **named):
        head = memory.held(where.definition.id).opened
        before = head.positions.get(where.partition, reading.start)
        for part in made(reading, where, memory, now, **named):
            head.positions[where.partition] = before
            yield part
        yield from placed(where.definition, where.topic, memory, {where.partition: reading.end}, now)

    with patch.object(stream, "consumed", consumed):
        yield


@contextmanager
def read_uncommitted():
    """What isn't committed upstream is read as well."""
    made = client.TopicReader.__init__

    def init(self, options):
        made(self, options)
        self._consumer._all = True

    with patch.object(client.TopicReader, "__init__", init):
        yield


@contextmanager
def latest_when_passed():
    """Where retention has passed the position it goes on at the end."""
    made = client.TopicReader._passed_over

    async def passed_over(self, asked):
        found, ends = await made(self, asked), await self.last()
        for place in asked:
            self._consumer.seek(place, ends[place.partition])
        return [replace(one, end=ends[one.partition]) for one in found]

    with patch.object(client.TopicReader, "_passed_over", passed_over):
        yield


@contextmanager
def share_of_all():
    """Each share takes all partitions."""
    made = stream.options_of

    def options_of(definition, secrets, own):
        return replace(made(definition, secrets, own), share=None)

    with patch.object(stream, "options_of", options_of):
        yield


BUGS = {
    bug.__name__: bug for bug in (position_first, position_last, read_uncommitted, latest_when_passed, share_of_all)
}
