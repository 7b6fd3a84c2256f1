"""When a worker is alive, and when it is ready: told by how its shards stand."""

import pytest

from worker.model import Standing, Totals
from worker.ops.health import stuck, unready


@pytest.fixture
def totals():
    """Of a worker with one shard, owned."""
    return Totals(settled=True, standing={"shard/0": Standing(waits_for=None)})


def test_a_worker_that_owns_what_falls_to_it_is_ready_and_alive(totals):
    assert unready(totals) == []
    assert stuck(totals, 1_000.0) == []


def test_a_worker_to_which_nothing_falls_waits_lawfully_and_is_ready():
    assert unready(Totals(settled=True)) == []


def test_before_it_is_known_what_falls_to_it_a_worker_is_not_ready():
    assert unready(Totals()) == ["what falls to this worker is not known yet"]


def test_a_broker_that_is_away_from_the_start_is_why(totals):
    totals.settled, totals.waits_for = False, "nobody answers there"
    assert unready(totals) == ["nobody answers there"]
    assert stuck(totals, 1_000.0) == []


def test_a_group_that_does_not_say_what_falls_to_it_is_why_as_it_stands_when_asked(totals):
    said = ["Kafka has not answered for 7 s"]
    totals.settled, totals.unsettled = False, lambda: said[-1]
    assert unready(totals) == ["Kafka has not answered for 7 s"]
    said.append("This user lacks the ACL for Read on the group")
    assert unready(totals) == ["This user lacks the ACL for Read on the group"]


def test_while_the_broker_is_away_it_is_not_ready_says_why_and_is_alive(totals):
    totals.standing["shard/0"].waits_for = "Kafka does not answer in time"
    assert unready(totals) == ["shard/0: Kafka does not answer in time"]
    totals.standing["shard/0"].waits_for = "shard/0: the broker does not answer in time"
    assert unready(totals) == ["shard/0: the broker does not answer in time"]
    assert stuck(totals, 1_000.0) == []


def test_while_it_stops_it_is_not_ready(totals):
    totals.draining = True
    assert unready(totals) == ["it is stopping"]


def test_a_commit_that_takes_minutes_is_stuck_and_one_that_takes_long_is_not(totals):
    totals.standing["shard/0"].committing_since = lambda: 100.0
    assert stuck(totals, 210.0) == []
    assert stuck(totals, 221.0) == ["shard/0: a commit has been under way for 121 s"]
