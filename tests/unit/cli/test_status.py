"""`news-worker status`: owners as they last said it, and who has fallen silent."""

import json
import time

import pytest

from worker.core.feeds import report_record
from worker.core.sources import stored
from worker.model import Definition, ShardReport, Topic


@pytest.fixture
def known(broker):
    """Put a source, and a report of its shard that is so many seconds old."""

    def put(said_s_ago=None, **members):
        source = stored.record(Definition("one", "https://one.example/feed", "one.example", 1), 1)
        broker.put(Topic.SOURCES, source.key, source.value)
        if said_s_ago is not None:
            at = time.time_ns() // 1_000_000 - said_s_ago * 1000
            told = {"sources": 1, "due": 0, "late": 0, "failing": 0, "refused": 0, **members}
            report = report_record(ShardReport("here:7", at, at - 60_000, **told), 0)
            broker.put(Topic.CHECKPOINTS, report.key, report.value)

    broker.partition_of = lambda topic, partition_by: 0
    return put


def test_an_owner_that_speaks_is_shown_with_how_it_stands(known, call):
    known(5, due=3, late=12_000, failing=1)
    outcome = call("status")
    assert outcome.code == 0
    heading, row = outcome.out.splitlines()
    assert heading.split("\t") == ["shard", "owner", "said", "sources", "due", "late", "failing", "refused"]
    assert row.split("\t")[1] == "here:7"
    assert row.split("\t")[3:] == ["1", "3", "12 s", "1", "0"]
    assert "here:7 has 1 of 1 shard\n" in outcome.error


def test_how_far_each_topic_is_behind_is_said(known, call):
    known(5, behind={"desk": 1_234, "wire": 1})
    said = call("status").error
    assert "topic desk: 1,234 records behind\ntopic wire: 1 record behind\n" in said
    assert json.loads(call("status", "--json").out)["shards"][0]["behind"] == {"desk": 1_234, "wire": 1}


def test_the_newest_report_counts(known, call):
    known(50, failing=9)
    known(5)
    assert json.loads(call("status", "--json").out)["shards"][0]["failing"] == 0


def test_an_owner_that_is_silent_is_said_and_ends_with_1(known, call):
    known(600)
    outcome = call("status")
    assert outcome.code == 1
    assert "here:7 (silent)" in outcome.out
    assert "no worker polls shard 0" in outcome.error


def test_a_source_that_nobody_has_polled_yet_is_said_and_ends_with_1(known, call):
    known()
    outcome = call("status")
    assert (outcome.code, "nobody yet" in outcome.out) == (1, True)


def test_as_json_it_is_one_object_with_members_and_shards(known, call):
    known(5)
    found = json.loads(call("status", "--json").out)
    assert found["members"] == ["here:7"]
    assert found["shards"][0]["worker"] == "here:7"
    assert found["shards"][0]["silent"] is False


def test_without_sources_it_says_what_to_do(broker, call):
    broker.partition_of = lambda topic, partition_by: 0
    outcome = call("status")
    assert (outcome.code, "news-worker sources add" in outcome.error) == (0, True)


def test_a_worker_that_stopped_is_said_at_once(known, call):
    known(3, stopped=True)
    outcome = call("status")
    assert (outcome.code, "here:7 (stopped)" in outcome.out) == (1, True)
    assert json.loads(call("status", "--json").out)["members"] == []
