"""What a member of the group takes for certain: what it was told, for half a session from the last heartbeat that was answered."""

import asyncio

import pytest

from worker.broker.kafka import membership
from worker.broker.kafka.membership import KafkaMember
from worker.broker.port import Share, shard_of_sources

SESSION = 10.0


class Clock:
    now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(membership, "time", made)
    return made


@pytest.fixture
async def member(clock):
    """Was given partition 3."""
    made = KafkaMember(SESSION, "Kafka at here:9092")
    made.id_now = lambda: "first"
    await made.on_partitions_revoked([])
    await made.on_partitions_assigned([Partition(3)])
    return made


class Partition:
    def __init__(self, number):
        self.partition = number


async def test_what_it_was_told_holds_for_half_a_session_and_again_after_each_answer(member, clock):
    assert member.share == Share(frozenset({shard_of_sources(3)}), stay=1)
    clock.now += 4.9
    assert member.share.settled
    clock.now += 0.2
    assert not member.share.settled
    await member.beat(clock.now - 1)
    assert member.share.settled
    clock.now += 4.1
    assert not member.share.settled


async def test_who_is_not_answered_says_by_whom_and_since_when(member, clock):
    assert member.share.why is None
    clock.now += 7
    assert member.share.why == "Kafka at here:9092 has not answered for 7 s"
    await member.beat(clock.now)
    assert member.share.why is None


async def test_a_right_that_was_taken_back_is_why_until_the_group_answers_again(member, clock):
    await member.unsettle("This user lacks the ACL for Read on the group here")
    clock.now += 7
    assert member.share.why == "This user lacks the ACL for Read on the group here"
    await member.on_partitions_revoked([])
    assert member.share.why == "Kafka at here:9092 has not answered for 7 s"
    clock.now += 1
    await member.beat(clock.now)
    await member.on_partitions_assigned([Partition(3)])
    assert member.share.settled
    assert member.share.why is None


async def test_silence_is_noticed_by_who_waits_for_a_change(member, clock):
    waiting = asyncio.create_task(member.changed(member.share))
    clock.now += SESSION
    async with asyncio.timeout(30):
        assert not (await waiting).settled


async def test_a_rebalance_that_it_lived_through_as_the_same_member_is_one_stay(member):
    await member.on_partitions_revoked([])
    assert not member.share.settled
    await member.on_partitions_assigned([Partition(3), Partition(4)])
    assert member.share.stay == 1


async def test_frozen_while_shares_are_given_out_it_takes_its_own_for_certain_once_it_is_answered(member, clock):
    """What it is told as it goes on was said before, and the group may have given its shards to others since."""
    await member.on_partitions_revoked([])
    clock.now += SESSION
    await member.on_partitions_assigned([Partition(3)])
    assert not member.share.settled
    await member.beat(clock.now)
    assert member.share == Share(frozenset({shard_of_sources(3)}), stay=1)


async def test_another_id_is_another_stay_as_others_may_have_had_its_shards(member):
    member.id_now = lambda: "second"
    await member.on_partitions_revoked([])
    await member.on_partitions_assigned([Partition(3)])
    assert member.share.stay == 2
