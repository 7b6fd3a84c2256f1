"""Commands to a shard's owner that can't be carried out: each says why, and none of them raises."""

from __future__ import annotations

import pytest

from worker.core.feeds import ShardMemory
from worker.core.feeds.commands import Asked, carried_out, to_read
from worker.core.feeds.inbox import Command, Inbox, Outcome, State, command_record, loaded_command, loaded_inbox
from worker.core.feeds.redrive import Kept, said
from worker.errors import BrokerRefused
from worker.model import Definition

NOW = 1_700_000_000_000
KEPT = said(Kept("one", "key", "ab" * 32, b"<item/>", whole=True, stage="read"))


def memory():
    made = ShardMemory("token")
    made.restored()
    made.define(Definition("one", "https://example.org/one.xml", "example.org", 0))
    return made


def answered(command, held):
    assert to_read(command, held, NOW) is None
    return carried_out(Asked(command, held, NOW, 0))


@pytest.mark.parametrize("drop", [False, True])
def test_of_a_source_that_is_not_there_or_no_more_it_is_said(drop):
    held = memory()
    if drop:
        held.held("one").opened.polled_at = NOW
        held.undefine("one")
    answer = answered(Command("c", "redrive", "one" if drop else "two", KEPT), held)
    assert (answer.state, "this shard has no source" in answer.message) == (State.REFUSED, True)


@pytest.mark.parametrize("broken", [{"digest": "no hex"}, {"raw": "no base64!"}, {"raw": None}])
def test_a_redrive_that_makes_no_sense_is_refused(broken):
    answer = answered(Command("c", "redrive", "one", {**KEPT, **broken}), memory())
    assert (answer.state, "can't be understood" in answer.message) == (State.REFUSED, True)


def test_what_no_entry_is_remembered_as_is_superseded():
    held = memory()
    command = Command("c", "redrive", "one", KEPT)
    assert to_read(command, held, NOW) is not None
    assert carried_out(Asked(command, held, NOW, 0)).state is State.SUPERSEDED


def test_a_command_comes_back_as_it_was_put():
    command = Command("c", "redrive", "one", KEPT)
    record = command_record(command, "example.org", NOW)
    assert loaded_command(record.key, record.value) == command


def test_the_newest_outcomes_are_kept_and_come_back():
    inbox = Inbox()
    for number in range(103):
        inbox.answered(number, Outcome(f"c{number}", State.DONE, "done", NOW))
    back = loaded_inbox(inbox.dumped())
    assert back == inbox
    assert (back.position, len(back.outcomes), next(iter(back.outcomes))) == (103, 100, "c3")


@pytest.mark.parametrize("value", [b"", b"\x02{}", b"\x01{", b"\x01{}", b'\x01{"inbox":1,"outcomes":[{}]}'])
def test_a_shards_record_that_cannot_be_read_is_never_taken_for_empty(value):
    with pytest.raises(BrokerRefused):
        loaded_inbox(value)
