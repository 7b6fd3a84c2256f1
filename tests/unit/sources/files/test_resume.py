"""What becomes of a file that is met again, by what is remembered of it."""

from __future__ import annotations

import hashlib
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.sources.files.packed import gz

from worker.sources.files import Found, Wanted

LINES = b"".join(b'{"id":%d}\n' % number for number in range(20))
RECORDS = LINES.splitlines()
ARRAY = b"[\n" + b",\n".join(RECORDS) + b"\n]\n"
FEED = b'<rss version="2.0"><channel>' + b"<item><title>x</title></item>" * 6 + b"</channel></rss>"
TEXT = b"date 2023-01 De veerdienst vaart weer"


def touch(path):
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 1_000_000_000))


@pytest.mark.parametrize("content", [LINES, ARRAY, FEED, TEXT, gz(LINES)])
def test_what_is_done_is_skipped_unread(replay, monkeypatch, content):
    (replay.root / "a").write_bytes(content)
    assert replay.publish()
    monkeypatch.setattr(os, "open", None)
    (said,) = replay.all()
    assert (said.outcome.name, said.outcome.left, said.state) == ("ALREADY", False, None)


@pytest.mark.parametrize("content", [LINES, ARRAY, FEED, TEXT, gz(LINES), ARRAY.strip() + b"," * 3])
def test_what_was_only_touched_is_not_published_again_and_is_skipped_unread_next_time(replay, monkeypatch, content):
    path = replay.root / "a"
    path.write_bytes(content)
    replay.publish()
    touch(path)
    (said,) = replay.all()
    assert said.outcome.name == "ALREADY"
    assert said.state.mtime_ns == path.stat().st_mtime_ns
    assert replay.publish() == []
    monkeypatch.setattr(os, "open", None)
    assert replay.outcomes() == {"a": "ALREADY"}


def test_a_folder_that_was_moved_is_not_published_again(replay, tmp_path):
    (replay.root / "a").write_bytes(TEXT)
    replay.publish()
    replay.root = replay.root.rename(tmp_path / "moved")
    (said,) = replay.all()
    assert said.outcome.name == "ALREADY"
    assert said.state.location.endswith("/moved/a")


@pytest.mark.parametrize("content", [LINES, ARRAY, FEED, gz(LINES), b"".join(RECORDS), b'{"a": 1}\n' * 3])
def test_interrupted_anywhere_it_goes_on_where_it_was(replay, content):
    path = replay.root / "a"
    path.write_bytes(content)
    whole = replay.publish()
    for most in range(1, len(whole)):
        replay.remembered.clear()
        first = replay.publish(most=most)
        assert not replay.remembered["a"].done
        assert first + replay.publish() == whole
        assert replay.remembered["a"].done
        assert replay.remembered["a"].records == len(whole)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, len(LINES)), max_size=4), most=st.integers(1, 6))
def test_a_file_that_grows_byte_by_byte_and_is_interrupted_gives_each_line_once(replay, cuts, most):
    path = replay.root / "grown.jsonl"
    replay.remembered.clear()
    published = []
    for end in [*sorted(cuts), len(LINES)]:
        path.write_bytes(LINES[:end])
        while new := replay.publish(most=most):
            published += new
    assert [record for record in published if record] == RECORDS


def test_the_digest_is_that_of_the_bytes_before_the_position(replay):
    (replay.root / "a").write_bytes(LINES)
    (found,) = replay.all()
    state = found.state_at(len(RECORDS[0]) + 1, 1, done=False)
    assert state.digest == hashlib.sha256(RECORDS[0] + b"\n").hexdigest()
    assert found.state_at(len(LINES), 20, done=True).digest == hashlib.sha256(LINES).hexdigest()


def test_lines_that_were_added_are_published_and_said(replay):
    path = replay.root / "a.jsonl"
    path.write_bytes(LINES)
    replay.publish()
    path.write_bytes(LINES + b'{"id":20}\n')
    said, found = replay.all()
    assert (said.outcome.name, said.outcome.left) == ("GROWN", False)
    assert (found.document.data, found.document.ordinal, found.document.start) == (b'{"id":20}\n', 20, len(LINES))
    assert replay.publish() == [b'{"id":20}']
    assert replay.publish() == []


def test_packed_lines_grow_too(replay):
    path = replay.root / "a.jsonl.gz"
    path.write_bytes(gz(LINES))
    replay.publish()
    path.write_bytes(gz(LINES) + gz(b'{"id":20}\n'))
    assert replay.publish() == [b'{"id":20}']


def test_a_last_line_that_is_not_complete_waits_until_it_is(replay):
    path = replay.root / "a.jsonl"
    path.write_bytes(LINES + b'{"id":2')
    assert replay.publish() == RECORDS
    assert not replay.remembered["a.jsonl"].done
    assert replay.outcomes() == {"a.jsonl": "UNTERMINATED"}
    assert replay.publish() == []
    path.write_bytes(LINES + b'{"id":20}\n')
    assert replay.publish() == [b'{"id":20}']


def test_a_growth_that_is_only_half_a_line_is_left(replay):
    path = replay.root / "a.jsonl"
    path.write_bytes(LINES)
    replay.publish()
    path.write_bytes(LINES + b'{"id":2')
    (said,) = replay.all()
    assert (said.outcome.name, said.outcome.left) == ("UNTERMINATED", True)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (LINES, LINES.replace(b"3", b"4")),
        (LINES, LINES[:-30]),
        (LINES, b'{"id":"new"}\n' + LINES),
        (ARRAY, ARRAY.replace(b"\n]", b',\n{"id":20}]')),
        (ARRAY, ARRAY + b"{}"),
        (FEED, FEED.replace(b"<item>", b"<item ><!-- -->", 1)),
        (TEXT, TEXT + b", en morgen ook"),
        (TEXT, LINES),
    ],
)
def test_a_file_that_changed_otherwise_is_left_unless_changed_is_asked_for(replay, before, after):
    path = replay.root / "a"
    path.write_bytes(before)
    replay.publish()
    path.write_bytes(after)
    (said,) = replay.all()
    assert (said.outcome.name, said.outcome.left) == ("CHANGED", True)
    again = replay.publish(Wanted(changed=True))
    replay.remembered.clear()
    assert again == replay.publish()


def test_a_file_that_changed_while_it_was_interrupted_is_left_too(replay):
    path = replay.root / "a"
    path.write_bytes(LINES)
    replay.publish(most=5)
    path.write_bytes(b"\n" + LINES)
    assert replay.outcomes() == {"a": "CHANGED"}


@pytest.mark.parametrize("before", [b"", b"  \n", b"[]", gz(TEXT)[:-9]])
@pytest.mark.parametrize("after", [TEXT, LINES, ARRAY])
def test_what_gave_no_record_yet_is_read_when_it_does(replay, before, after):
    path = replay.root / "a"
    path.write_bytes(before)
    replay.publish()
    assert replay.remembered["a"].done
    path.write_bytes(after)
    found = [one for one in replay.all() if isinstance(one, Found)]
    assert found[0].document.refused is None
    assert (found[0].document.ordinal, found[-1].last) == (0, True)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" \r\n\t ",
        bytes(range(256)),
        b"<!doctype html><html>",
        b'{"a": 1,\n "b":',
        b"\x1f\x8b\x08garbage",
        gz(TEXT)[:-9],
        gz(TEXT) + b"garbage",
        gz(LINES) + b"garbage",
        gz(LINES + b'{"id":') + b"garbage",
        gz(ARRAY[:-20]) + b"garbage",
        gz(FEED)[:-4],
    ],
)
def test_what_was_rejected_and_is_only_touched_or_moved_is_not_rejected_again(replay, monkeypatch, tmp_path, content):
    path = replay.root / "a"
    path.write_bytes(content)
    assert replay.publish()
    touch(path)
    assert replay.outcomes() == {"a": "ALREADY"}
    replay.root = replay.root.rename(tmp_path / "moved")
    assert replay.publish() == []
    assert replay.outcomes() == {"a": "ALREADY"}
    monkeypatch.setattr(os, "open", None)
    assert replay.outcomes() == {"a": "ALREADY"}


@pytest.mark.parametrize(
    ("before", "after", "more"),
    [
        (b" ", b"  ", 1),  # no text either, but other bytes
        (gz(TEXT)[:-4], gz(TEXT), 1),  # the same text, and now there is an end to it
        (gz(b" ") + b"garbage", b" ", 1),  # refused for another reason
        (gz(LINES) + b"garbage", gz(LINES), 0),
        (gz(LINES + b'{"id":') + b"garbage", gz(LINES + b'{"id":20}\n'), 1),
        (gz(LINES + b'{"id":') + b"garbage", gz(LINES + b'{"id":2') + b"garbage", 1),
        (gz(ARRAY[:-20]) + b"garbage", gz(ARRAY), 2),
    ],
)
def test_what_was_rejected_is_read_again_when_it_is_something_else(replay, before, after, more):
    path = replay.root / "a"
    path.write_bytes(before)
    replay.publish()
    path.write_bytes(after)
    assert len(replay.publish()) == more
    assert replay.outcomes() == {"a": "ALREADY"}
    touch(path)
    assert replay.publish() == []


def test_all_published_but_not_said_to_be_done_is_said_once_more_and_then_done(replay):
    path = replay.root / "a"
    path.write_bytes(LINES)
    (found,) = replay.all()
    replay.remembered["a"] = found.state_at(len(LINES), 20, done=False)
    assert replay.publish() == []
    assert replay.remembered["a"] == found.state_at(len(LINES), 20, done=True)


def test_again_counts_only_what_was_done_in_that_run(replay):
    (replay.root / "a").write_bytes(LINES)
    replay.publish()
    first = replay.publish(Wanted(run="r1"), most=7)
    assert replay.remembered["a"].run == "r1"
    assert first + replay.publish(Wanted(run="r1")) == RECORDS
    assert replay.publish(Wanted(run="r1")) == []
    assert replay.publish(Wanted(run="r2")) == RECORDS


def test_without_again_a_state_of_any_run_counts(replay):
    (replay.root / "a").write_bytes(LINES)
    replay.publish(Wanted(run="r1"))
    assert replay.publish() == []


def test_a_feed_goes_on_at_its_next_entry_as_a_whole_document(replay):
    (replay.root / "a").write_bytes(FEED)
    replay.publish(most=4)
    state = replay.remembered["a"]
    assert (state.position, state.digest) == (4, hashlib.sha256(FEED).hexdigest())
    (found,) = replay.all()
    assert (found.document.start, found.document.end, found.document.ordinal) == (4, -1, 4)
    assert found.document.data == FEED
