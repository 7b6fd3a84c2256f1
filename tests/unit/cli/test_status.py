"""`news-worker status`: owners as they last said it, and who has fallen silent."""

import json
import time

import pytest

from worker.core.feeds import ShardMemory, report_record
from worker.core.feeds.inbox import Outcome, State
from worker.core.sources import stored
from worker.model import Definition, Extent, Fault, FaultKind, Redrive, ShardReport, Topic


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


@pytest.mark.parametrize(
    ("said_s_ago", "sources", "asked", "code"),
    [(600, 1, 0, 0), (80_000, 1, 0, 0), (90_000, 1, 0, 1), (600, 0, 0, 1), (600, 1, 1, 1)],
)
def test_once_every_source_had_its_turn_nobody_is_missed_for_a_day_unless_one_was_added_or_asked(
    known, broker, call, said_s_ago, sources, asked, code
):
    known(said_s_ago, stopped=True, once=True, sources=sources)
    for _ in range(asked):
        broker.put(Topic.INBOX, b"one", b"{}")
    outcome = call("status")
    assert outcome.code == code
    assert ("no worker polls shard 0" in outcome.error) is bool(code)
    assert ("`run --once`" in outcome.error) is not bool(code)
    assert json.loads(call("status", "--json").out)["needs_person"] is bool(code)


def remembered(broker, **heads):
    memory = ShardMemory("token")
    memory.restored()
    for source, members in heads.items():
        memory.define(Definition(source, f"https://{source}.example/feed", f"{source}.example", 1))
        held = memory.held(source)
        for name, value in members.items():
            setattr(held.opened, name, value)
        held.touch()
    memory.answer(0, Outcome("c", State.DONE, "", 1), 0)
    for record in memory.records(1):
        broker.put(Topic.CHECKPOINTS, record.key, record.value)


def test_what_is_stuck_is_told_with_what_to_do(known, broker, call):
    known(5)
    fault = Fault(FaultKind.DNS, "no such host")
    remembered(
        broker,
        one={"fault": fault, "faults": 3, "fault_since": 1_700_000_000_000},
        two={"paused": True},
        three={"gone": True},
        four={"polls_asked": ("c",)},
        five={"redrives": (Redrive("c", 0, 7, Extent.RECORD, "digest"),)},
    )
    for _ in range(3):
        broker.put(Topic.INBOX, b"one", b"{}")
    said = call("status").error
    assert "shard 0: 2 in its inbox not carried out" in said
    assert "source one fails since 2023-11-14T22:13:20" in said
    assert "3 in a row: dns: no such host" in said
    assert "1 paused, until `sources resume`: two" in said
    assert "1 gone (410), to be removed or defined anew: three" in said
    assert "1 asked to be polled and not yet through: four" in said
    assert "1 with rejected records to be consumed again and not yet through: five" in said
    assert len(json.loads(call("status", "--json").out)["stuck"]) == 6


@pytest.mark.parametrize(
    ("key", "what"),
    [
        (b'["shard"]', 'shard 0 can\'t be read: key ["shard"]: '),
        (b"alien", "shard 0 can't be read: key alien: "),
        (b'["forgotten","6f1c2f0e-8a5d-5c0e-9d0a-0b6e4c1f2a77"]', "shard 0 can't be read: "),
        (b'["head","one"]', "source one can't be read: head: "),
        (b'["page","one",0]', "source one can't be read: page 0: damaged (length 1, which is too short)"),
    ],
)
def test_what_cannot_be_read_is_told_with_the_repair(known, broker, call, key, what):
    known(5)
    broker.put(Topic.CHECKPOINTS, key, b"\x09")
    said = call("status").error
    assert what in said
    assert "`news-worker repair --shard 0`" in said
    assert call("status").code == 1
    assert json.loads(call("status", "--json").out)["needs_person"] is True


@pytest.mark.parametrize("said_s_ago", [None, 600])
def test_a_shard_that_nobody_can_own_is_not_told_to_want_a_worker(known, broker, call, said_s_ago):
    known(said_s_ago)
    broker.put(Topic.CHECKPOINTS, b"alien", b"x")
    outcome = call("status")
    assert (outcome.code, "nobody: can't be read" in outcome.out) == (1, True)
    assert "no worker polls" not in outcome.error
    assert "here:7" not in outcome.out
    shard = json.loads(call("status", "--json").out)["shards"][0]
    assert shard["unreadable"] == "key alien: its key is not the worker's"
    broker.put(Topic.CHECKPOINTS, b"alien", None)
    assert json.loads(call("status", "--json").out)["shards"][0]["unreadable"] is None


NOW = time.time_ns() // 1_000_000


@pytest.mark.parametrize(
    ("head", "code"),
    [
        ({"fault": Fault(FaultKind.DNS, "no such host"), "fault_since": NOW}, 0),
        ({"fault": Fault(FaultKind.DNS, "no such host"), "fault_since": NOW - 90_000_000}, 1),
        ({"fault": Fault(FaultKind.STATUS, "forbidden", 403), "fault_since": NOW}, 1),
        ({"fault": Fault(FaultKind.STATUS, "it broke", 502), "fault_since": NOW}, 0),
        ({"fault": Fault(FaultKind.STATUS, "too slow", 408), "fault_since": NOW}, 0),
        ({"fault": Fault(FaultKind.THROTTLED, "later", 429), "fault_since": NOW}, 0),
        ({"fault": Fault(FaultKind.UNCONFIGURED, "a secret is missing"), "fault_since": NOW}, 1),
        ({"fault": Fault(FaultKind.DENIED, "no"), "fault_since": NOW, "paused": True}, 0),
        ({"gone": True}, 1),
        ({"paused": True}, 0),
    ],
)
def test_it_ends_with_1_only_where_a_person_is_needed(known, broker, call, head, code):
    known(5)
    remembered(broker, one={"faults": int("fault" in head), **head})
    assert call("status").code == code
    outcome = call("status", "--json")
    assert (outcome.code, json.loads(outcome.out)["needs_person"]) == (code, bool(code))


def test_what_needs_a_person_is_named_before_what_fails_longer(known, broker, call):
    known(5)
    slow = Fault(FaultKind.TIMEOUT, "no answer")
    heads = {f"slow{number}": {"fault": slow, "faults": 1, "fault_since": NOW - 3_600_000} for number in range(5)}
    denied = {"fault": Fault(FaultKind.STATUS, "forbidden", 403), "faults": 1, "fault_since": NOW - 1_000}
    remembered(broker, **heads, denied=denied)
    said = call("status").error
    assert "source denied fails since" in said
    assert "1 more fail" in said
