"""`repair`: what can't be read is shown, and taken out only when that is said."""

import asyncio
import time
from dataclasses import replace

import pytest

from worker.broker.connect import connect
from worker.core.feeds import ShardMemory, faulted, report_record
from worker.core.sources.stored import record
from worker.model import Definition, Fault, FaultKind, Record, ShardReport, Topic

DEFINITION = Definition("gazette", "http://127.0.0.1:9/feed", "127.0.0.1", 5)
REPORT = ShardReport("host:7", 0, 0, 1, 0, 0, 0, 1)


def now():
    return time.time_ns() // 1_000_000


@pytest.fixture
def put(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path}/news.db"
    monkeypatch.setenv("NEWS_WORKER_BROKER", url)

    def put(*records):
        async def append():
            async with connect(url, create=True) as broker:
                await broker.append(records)

        asyncio.run(append())

    return put


def checkpoint(key, value):
    return Record(Topic.CHECKPOINTS, key, value, (), now(), 0)


@pytest.fixture
def damaged(put):
    memory = ShardMemory("token")
    memory.restored()
    memory.define(DEFINITION)
    list(faulted(DEFINITION, memory, Fault(FaultKind.CONNECT, "nobody listens"), now()))
    put(record(DEFINITION, now()), *memory.records(now()), checkpoint(b'["page","gazette",0]', b"\x09"))


def test_a_shard_that_can_be_read_is_left_alone(put, call):
    put(record(DEFINITION, now()))
    outcome = call("repair", "--shard", "0", "--yes")
    assert (outcome.code, outcome.out, outcome.error) == (0, "", "all that is stored of shard 0 can be read\n")


def test_without_yes_it_is_only_said_what_would_be_done(damaged, call):
    for _ in range(2):
        outcome = call("repair", "--shard", "0", "--source", "gazette")
        assert outcome.code == 1
        assert "source gazette: page 0: damaged" in outcome.out
        assert "0 of 0 articles" in outcome.error
        assert "nothing was changed; --yes does it" in outcome.error


def test_a_source_is_repaired_and_shows_so(damaged, call):
    assert "gazette" in call("run", "--once").error
    outcome = call("repair", "--shard", "0", "--source", "gazette", "--yes")
    assert (outcome.code, outcome.out.splitlines()[-1]) == (0, "source gazette is repaired")
    assert call("repair", "--shard", "0").code == 0
    assert "takes it up again by itself" in outcome.error
    shown = call("sources", "show", "gazette").out
    assert "repaired" in shown
    assert "can't be read" not in shown


def test_a_source_of_which_a_page_is_damaged_is_listed_among_those_that_fail(damaged, call):
    listed = call("sources", "list", "--failing").out
    assert "gazette" in listed
    assert "can't be read: page 0: damaged" in listed
    call("repair", "--shard", "0", "--source", "gazette", "--yes")
    assert "can't be read" not in call("sources", "list", "--failing").out


def test_of_a_topic_it_is_said_before_it_is_done_that_what_lies_in_it_is_passed_over(put, call):
    wire = Definition("wire", "kafka://127.0.0.1:9/wire", "topic:wire", 5, "topic")
    put(record(wire, now()), checkpoint(b'["head","wire"]', b"\x09"))
    said = call("repair", "--shard", "0", "--source", "wire").error
    assert "all records that lie in it unread" in said
    assert "initial" not in said
    assert "document" not in said


def test_another_source_is_told_from_the_one_that_is_damaged(damaged, call):
    outcome = call("repair", "--shard", "0", "--source", "courier", "--yes")
    assert outcome.code == 1
    assert "of source courier nothing in this shard is unreadable" in outcome.error
    assert "name it with --source" in call("repair", "--shard", "0", "--yes").error


def test_while_a_worker_has_the_shard_it_is_refused_unless_fencing_is_asked_for(damaged, put, call):
    put(report_record(replace(REPORT, at=now()), 0))
    outcome = call("repair", "--shard", "0", "--source", "gazette", "--yes")
    assert outcome.code == 2
    assert "host:7 has shard 0" in outcome.error
    assert "--fence" in outcome.error
    assert call("repair", "--shard", "0", "--source", "gazette", "--yes", "--fence").code == 0


@pytest.mark.parametrize("report", [replace(REPORT, at=now() - 121_000), replace(REPORT, at=now(), stopped=True)])
def test_a_worker_that_stopped_or_has_been_silent_is_not_waited_for(damaged, put, call, report):
    put(report_record(report, 0))
    assert call("repair", "--shard", "0", "--source", "gazette", "--yes").code == 0


def test_what_belongs_to_no_source_is_taken_out_alone(damaged, put, call):
    put(checkpoint(b"\xff", b"alien"))
    assert call("run", "--once").code == 2
    outcome = call("repair", "--shard", "0", "--yes")
    assert (outcome.code, "shard 0: 1 taken out" in outcome.out) == (1, True)
    assert "takes it up again by itself" in outcome.error
    assert "1 more can't be read" in outcome.error
    assert "source gazette" in call("repair", "--shard", "0").out


def test_a_shard_that_is_not_there_is_said(damaged, call):
    assert "there is 0" in call("repair", "--shard", "1").error
