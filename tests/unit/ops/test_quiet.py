"""What a chatty package logs: enough to know, not more."""

import logging

import pytest

from worker.ops.quiet import Quiet


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def seen(clock):
    """A logger by its name, and what of it is to be seen."""
    shown = []
    handler = logging.Handler()
    handler.emit = lambda record: shown.append(record.getMessage())
    handler.addFilter(Quiet("chatty", 30.0, clock))

    def say(name, text, *values):
        handler.handle(logging.LogRecord(name, logging.ERROR, "", 0, text, values, None))
        return shown

    return say


def test_the_same_with_other_values_is_said_once_in_a_while_and_then_how_often(seen, clock):
    for number in range(500):
        shown = seen("chatty.client", "no answer from %s", number)
    assert shown == ["no answer from 0"]

    clock.now = 31.0
    assert seen("chatty.client", "no answer from %s", 500)[1:] == ["no answer from 500 (and 499 more like it)"]


def test_something_else_is_said_at_once(seen):
    seen("chatty.client", "no answer from %s", 1)
    assert seen("chatty.client", "the topic is gone")[1:] == ["the topic is gone"]


def test_other_packages_say_what_they_like(seen):
    for _ in range(3):
        shown = seen("chattyother", "again")
    assert shown == ["again"] * 3


def test_what_is_told_in_other_words_is_not_said_at_all():
    quiet = Quiet("chatty", 30.0, Clock(), ["no answer from %s"])
    unsaid, other = (logging.LogRecord("chatty", 40, "", 0, text, (1,), None) for text in ("no answer from %s", "x %s"))
    assert (quiet.filter(unsaid), quiet.filter(other)) == (False, True)
