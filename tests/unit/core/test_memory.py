"""Memory of a replay in its stored form."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from worker.core.replays.memory import ReplayMemory, claim_record, done_record, file_records
from worker.errors import BrokerRefused
from worker.model import WHOLE, Decision, FileState, Split, SplitClaim

STATE = FileState("a/b.jsonl", "/data/a/b.jsonl", 7, 100, 12345, "ab" * 32, 90, 3, done=False, run=None)
CLAIM = SplitClaim("news", WHOLE, "token-1", run=None)


def file_record_of(dataset, state, at):
    (record,) = file_records(dataset, [Decision(state.path, (), 0, (), (), 0, state)], at)
    return record


def test_a_file_comes_back_as_it_was_stored() -> None:
    record = file_record_of("news", STATE, at=0)
    memory = ReplayMemory("news")
    memory.absorb(record.key, record.value)
    assert memory.files == {"a/b.jsonl": STATE}


def test_records_of_another_data_set_in_the_same_partition_are_passed_over() -> None:
    record = file_record_of("other", STATE, at=0)
    memory = ReplayMemory("news")
    memory.absorb(record.key, record.value)
    assert memory.files == {}


def test_a_claim_is_unfinished_until_done_holds_its_token() -> None:
    memory = ReplayMemory("news")
    claim, done = claim_record(CLAIM, at=0), done_record(CLAIM, None, at=0)
    memory.absorb(claim.key, claim.value)
    assert memory.unfinished() == [CLAIM]
    memory.absorb(done.key, done.value)
    assert memory.unfinished() == []
    newer = claim_record(SplitClaim("news", WHOLE, "token-2", run="r"), at=0)
    memory.absorb(newer.key, newer.value)
    assert [claim.token for claim in memory.unfinished()] == ["token-2"]


def test_an_unfinished_run_outlives_a_plain_replay_that_came_between() -> None:
    memory = ReplayMemory("news")
    again, plain = SplitClaim("news", WHOLE, "token-1", run="r"), SplitClaim("news", WHOLE, "token-2", run="r")
    for record in (claim_record(again, at=0), claim_record(plain, at=1), done_record(plain, None, at=2)):
        memory.absorb(record.key, record.value)
    assert (memory.unfinished(), memory.pending_run()) == ([], "r")
    finished = done_record(plain, "r", at=3)
    memory.absorb(finished.key, finished.value)
    assert memory.pending_run() is None


def absorbed(*records) -> ReplayMemory:
    memory = ReplayMemory("news")
    for record in records:
        memory.absorb(record.key, record.value)
    return memory


def test_a_run_is_pending_until_every_split_has_come_to_its_end() -> None:
    halves = [SplitClaim("news", Split(index, 2), f"token-{index}", run="r") for index in range(2)]
    records = [claim_record(halves[0], at=0), done_record(halves[0], "r", at=1)]
    assert (absorbed(*records).unfinished(), absorbed(*records).pending_run()) == ([], "r")
    records += [claim_record(halves[1], at=2), done_record(halves[1], "r", at=3)]
    assert absorbed(*records).pending_run() is None


def test_only_the_newest_run_is_pending() -> None:
    older = [SplitClaim("news", Split(index, 2), f"token-{index}", run="r") for index in range(2)]
    newer = SplitClaim("news", Split(0, 2), "token-2", run="s")
    ended = [record for claim in older for record in (claim_record(claim, at=0), done_record(claim, "r", at=1))]
    begun = [*ended, claim_record(newer, at=2), done_record(newer, "s", at=3)]
    assert absorbed(*begun).pending_run() == "s"
    assert absorbed(*begun, claim_record(CLAIM, at=4)).pending_run() is None


def test_what_is_remembered_outside_a_run_is_stored_with_its_state() -> None:
    inside = replace(STATE, run="r", before=replace(STATE, position=200, done=True))
    record = file_record_of("news", inside, at=0)
    memory = ReplayMemory("news")
    memory.absorb(record.key, record.value)
    assert memory.files["a/b.jsonl"] == inside


def test_a_member_that_a_later_release_added_is_skipped() -> None:
    record = file_record_of("news", STATE, at=0)
    value = orjson.dumps({**orjson.loads(record.value or b""), "added_later": 1})
    memory = ReplayMemory("news")
    memory.absorb(record.key, value)
    assert memory.files["a/b.jsonl"] == STATE


def test_a_member_that_an_earlier_release_did_not_know_is_absent() -> None:
    record = file_record_of("news", replace(STATE, refused="empty ab"), at=0)
    memory = ReplayMemory("news")
    memory.absorb(record.key, record.value)
    assert memory.files["a/b.jsonl"].refused == "empty ab"
    value = orjson.loads(record.value or b"")
    del value["refused"]
    memory.absorb(record.key, orjson.dumps(value))
    assert memory.files["a/b.jsonl"] == STATE


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (b'{"v":2}', "newer"),
        (b"{}", "damaged"),
        (b"\x00\x01", "damaged"),
        (b"[]", "damaged"),
        (b'{"v":1,"location":"x"}', "damaged"),
    ],
)
def test_what_cannot_be_read_is_refused_and_never_taken_for_empty(value: bytes, said: str) -> None:
    record = file_record_of("news", STATE, at=0)
    with pytest.raises(BrokerRefused, match=said):
        ReplayMemory("news").absorb(record.key, value)


def test_a_tombstone_makes_a_file_unknown() -> None:
    record = file_record_of("news", STATE, at=0)
    memory = ReplayMemory("news")
    memory.absorb(record.key, record.value)
    memory.absorb(record.key, None)
    assert memory.files == {}


def test_of_a_file_that_several_decisions_touch_what_the_last_of_them_left_is_remembered():
    later = replace(STATE, records=STATE.records + 1)
    decisions = [Decision(STATE.path, (), 0, (), (), 0, state) for state in (STATE, None, later)]
    assert file_records("news", decisions, at=0) == [file_record_of("news", later, at=0)]
