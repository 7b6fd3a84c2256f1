"""Polls that bring no document: what they leave in the head, and which of them are committed at once."""

from dataclasses import replace

import pytest
from unit.core.feeds.polling import DAY, START, Shard, entry, source

from worker.core.feeds import Answered, faulted, is_known, unchanged
from worker.model import Fault, FaultKind, Validators

A = entry("a", headline="A", body="b")
URL = "https://example.org/feed"


@pytest.fixture
def shard():
    shard = Shard(source())
    shard.poll("one", A)
    return shard


def not_modified(shard, *, asked=None, validators=None, moved=None):
    asked = asked or shard.memory.asked("one")
    answered = Answered(URL, 304, b"", validators, moved)
    return len(list(unchanged(shard.definitions["one"], shard.memory, asked, answered, shard.now)))


def fault(shard, kind=FaultKind.CONNECT, retry_after_s=None):
    found = Fault(kind, "refused", None, retry_after_s)
    return len(list(faulted(shard.definitions["one"], shard.memory, found, shard.now)))


def test_a_304_commits_nothing_but_is_remembered(shard):
    shard.now += 1000
    assert not_modified(shard) == 0
    assert (shard.memory.head("one").polled_at, shard.memory.head("one").read_at) == (START + 1000,) * 2
    assert shard.memory.records(0) == []


def test_new_validators_are_committed(shard):
    newer = Validators(URL, '"2"')
    assert not_modified(shard, validators=newer) == 1
    assert len(shard.memory.records(0)) == 1
    assert not_modified(shard, validators=newer) == 0
    assert shard.memory.head("one").validators == newer


def test_a_304_renews_no_validators_that_were_dropped_since_it_was_asked_for(shard):
    asked = shard.memory.asked("one")
    shard.poll("one", *[entry(f"guid-{n}", headline="H") for n in range(3)], parts=1, most=1)
    assert not_modified(shard, asked=asked, validators=Validators(URL, '"2"')) == 0
    assert shard.memory.head("one").validators is None


def test_a_body_is_known_by_the_hash_of_the_last_document_that_was_wholly_decided(shard):
    asked = shard.memory.asked("one")
    assert is_known(asked, asked.body + b"the rest of it")
    assert not is_known(asked, b"another body's")
    shard.poll("one", A, entry("c", headline="C"), entry("d", headline="D"), parts=1, most=1)
    assert not is_known(shard.memory.asked("one"), b"")


def test_the_first_fault_of_a_series_and_each_doubling_are_committed(shard):
    assert [fault(shard) for _ in range(9)] == [1, 1, 0, 1, 0, 0, 0, 1, 0]
    head = shard.memory.head("one")
    assert (head.faults, head.fault_since, head.fault.kind) == (9, START, FaultKind.CONNECT)
    assert not_modified(shard) == 1
    assert (head.faults, head.fault, head.fault_since) == (0, None, 0)


@pytest.mark.parametrize(("asked_for", "kept"), [(60, 60_000), (0.5, 500), (10**9, DAY)])
def test_a_retry_after_is_kept_over_a_restart_and_bounded_to_a_day(shard, asked_for, kept):
    fault(shard)
    fault(shard)
    assert fault(shard, FaultKind.THROTTLED, retry_after_s=asked_for) == 1
    shard.commit(())
    shard.restart()
    assert shard.memory.head("one").not_before == START + kept


def test_gone_is_kept_until_it_answers_again(shard):
    assert fault(shard, FaultKind.GONE) == 1
    shard.commit(())
    shard.restart()
    assert shard.memory.head("one").gone
    shard.poll("one", A)
    assert not shard.memory.head("one").gone


def test_a_permanent_redirect_is_followed_once_it_was_said_three_times_in_a_row(shard):
    moved = "https://example.org/new"
    for _ in range(2):
        not_modified(shard, moved=moved)
    not_modified(shard)
    for _ in range(3):
        assert shard.memory.asked("one").url is None
        assert not_modified(shard, moved=moved) == 1
        shard.commit(())
        shard.restart()  # the count holds though nothing else of a 304 is worth a commit
    assert shard.memory.asked("one").url == moved


def test_where_a_feed_moved_is_given_up_once_it_failed_four_times_in_a_row(shard):
    moved = "https://example.org/new"
    for _ in range(3):
        not_modified(shard, moved=moved)
    for _ in range(4):
        assert shard.memory.asked("one").url == moved
        fault(shard)
    shard.commit(())
    shard.restart()
    assert shard.memory.asked("one").url is None


def test_a_fault_drops_neither_validators_nor_entries(shard):
    before = shard.memory.asked("one")
    fault(shard)
    assert (shard.memory.asked("one").validators, shard.memory.asked("one").body) == (before.validators, before.body)
    assert shard.poll("one", A) == {"unchanged": 1}


def test_where_a_source_has_moved_says_nothing_once_it_is_defined_by_another_url(shard):
    for _ in range(3):
        not_modified(shard, moved="https://example.org/new")
    shard.commit(())
    shard.restart()
    assert shard.memory.asked("one").url == "https://example.org/new"
    shard.define(replace(source(), url="https://example.org/another"))
    assert shard.memory.asked("one").url is None


def test_what_a_fault_and_a_feed_say_of_themselves_is_remembered_in_part_only(shard):
    list(faulted(source(), shard.memory, Fault(FaultKind.STATUS, "no " * 1000), shard.now))
    assert len(shard.memory.head("one").fault.message) == 500
    shard.poll("one", A, title="Title " * 1000)
    assert len(shard.memory.head("one").title) == 500
