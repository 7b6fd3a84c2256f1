"""Workers that share the sources: what falls to whom as they come, go, and are lost."""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import uuid4

import pytest
from kafka.cluster import HANGS

from worker.broker.connect import administer, connect
from worker.broker.port import NONE_YET, shard_of_sources
from worker.kafka.options import KafkaOptions

OPTIONS = KafkaOptions(partitions=6, session_timeout=6.0)
ALL = frozenset(map(shard_of_sources, range(6)))


@pytest.fixture
async def place(kafka):
    """A broker's URL and a prefix under which the topics are made."""
    url, prefix = f"kafka://{kafka.bootstrap}", f"members-{uuid4().hex[:8]}."
    async with administer(url, prefix=prefix, kafka=OPTIONS) as administration:
        await administration.create((await administration.layouts()).values())
    return url, prefix


@asynccontextmanager
async def worker(place):
    url, prefix = place
    async with connect(url, prefix=prefix, create=False, kafka=OPTIONS) as broker, broker.membership() as member:
        yield member


async def share(member, condition):
    """The member's share once it is settled and the condition holds of it."""
    found = member.share
    async with asyncio.timeout(HANGS):
        while not (found.settled and condition(found.shards)):
            found = await member.changed(found)
    return found.shards


async def test_nothing_falls_to_a_worker_before_the_group_has_said_so_and_then_everything_to_the_only_one(place):
    async with worker(place) as only:
        assert only.share == NONE_YET
        assert await share(only, bool) == ALL


async def test_two_workers_have_disjoint_halves_and_who_is_left_has_all(place):
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(worker(place))
        await share(first, bool)
        async with worker(place) as second:
            halves = await share(second, bool), await share(first, lambda found: found != ALL)
            assert [len(half) for half in halves] == [3, 3]
            assert halves[0] | halves[1] == ALL
        assert await share(first, lambda found: len(found) > 3) == ALL


async def test_who_stays_keeps_what_it_has_as_far_as_the_balance_allows(place):
    async with worker(place) as first, AsyncExitStack() as stack:
        await share(first, bool)
        second = await stack.enter_async_context(worker(place))
        kept = await share(first, lambda found: found != ALL)
        await share(second, bool)
        third = await stack.enter_async_context(worker(place))
        await share(third, bool)
        assert await share(first, lambda found: len(found) == 2) < kept


async def test_while_it_is_shared_out_anew_a_worker_is_told_that_it_is_not_settled(place):
    async with worker(place) as first:
        await share(first, bool)
        states = []

        async def watch():
            found = first.share
            while len(states) < 2:
                found = await first.changed(found)
                states.append(found.settled)

        watching = asyncio.create_task(watch())
        async with worker(place) as second, asyncio.timeout(HANGS):
            await share(second, bool)
            await watching
    assert states == [False, True]


async def test_a_broker_that_was_frozen_later_is_named_within_the_session_and_no_more_once_it_goes_on(
    place, kafka_to_kill
):
    async with worker(place) as only, asyncio.timeout(HANGS):
        found = only.share
        while not found.settled:
            found = await only.changed(found)
        kafka_to_kill.freeze()
        frozen = await only.changed(found)
        assert not frozen.settled
        assert f"Kafka at {kafka_to_kill.bootstrap} has not answered for " in frozen.why
        kafka_to_kill.thaw()
        while not only.share.settled:
            await only.changed(only.share)
        assert only.share.why is None


async def test_the_group_confirms_a_member_again_and_again(place):
    async with worker(place) as only, asyncio.timeout(HANGS):
        await share(only, bool)
        await only.confirmed()
        await only.confirmed()
