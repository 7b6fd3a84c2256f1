"""Claims: who may replay a data set, and under which run."""

import itertools
from contextlib import asynccontextmanager

import pytest

from worker.broker.connect import connect
from worker.core.replays.memory import done_record
from worker.errors import BrokerRefused, ClaimLost, Superseded, UsageError
from worker.model import WHOLE, Split, SplitClaim
from worker.pipeline.replays import claims
from worker.pipeline.replays.claims import Intent


@asynccontextmanager
async def owning(broker, mine):
    claim, memory = await claims.own(broker, mine)
    try:
        yield claim, memory
    finally:
        await claim.release()


@pytest.fixture
async def broker(tmp_path):
    async with connect(f"sqlite:///{tmp_path}/news.db", create=True) as opened:
        yield opened


@pytest.fixture
def begin(broker):
    tokens = map(str, itertools.count())

    async def begun(*, again=False, only=frozenset(), split=None):
        return await claims.begin(broker, Intent("data", again, only, split), lambda: next(tokens), lambda: 1_000)

    return begun


async def owned(broker, mine):
    async with owning(broker, mine):
        pass


async def finish(broker, mine):
    async with owning(broker, mine) as (claim, _):
        await claim.commit([done_record(mine, mine.run, 1_000)])


async def test_a_claim_is_owned_until_another_is_begun(broker, begin):
    (first,), _ = await begin()
    async with owning(broker, first) as (claim, memory):
        assert memory.claims[WHOLE] == first
        await claim.commit([])
    (second,), _ = await begin()
    with pytest.raises(Superseded, match="another replay of data set 'data'"):
        await owned(broker, first)
    async with owning(broker, second) as (claim, _):
        await claim.commit([])


async def test_who_lost_a_split_looks_for_a_newer_claim_without_fencing_its_owner(broker, begin):
    (first,), _ = await begin()
    async with owning(broker, first) as (_, memory):
        owned_at = memory.claimed_at[WHOLE]
    await claims.confirm(broker, first, owned_at)
    (second,), _ = await begin()
    async with owning(broker, second) as (claim, _):
        with pytest.raises(Superseded, match="another replay"):
            await claims.confirm(broker, first, owned_at)
        await claim.commit([done_record(second, None, 1_000)])


async def test_the_older_of_two_loses_its_next_commit_and_is_told_why_when_it_owns_the_split_again(broker, begin):
    (first,), _ = await begin()
    async with owning(broker, first) as (lost, _):
        (second,), _ = await begin()
        async with owning(broker, second):
            with pytest.raises(ClaimLost):
                await lost.commit([done_record(first, None, 1_000)])
    with pytest.raises(Superseded, match="leaves the rest to it"):
        await owned(broker, first)
    await owned(broker, second)


async def test_who_was_fenced_without_a_newer_claim_owns_the_split_again(broker, begin):
    (mine,), _ = await begin()
    async with owning(broker, mine) as (claim, _):
        await owned(broker, mine)
        with pytest.raises(ClaimLost):
            await claim.commit([done_record(mine, None, 1_000)])
    await finish(broker, mine)


async def test_data_sets_are_claimed_apart(broker, begin):
    (first,), _ = await begin()
    await claims.begin(broker, Intent("other", again=False), lambda: "x", lambda: 1_000)
    await finish(broker, first)


async def test_again_takes_up_the_run_that_was_not_finished(broker, begin):
    _, run = await begin(again=True)
    (taken,), same = await begin(again=True)
    assert run is not None
    assert same == run
    await finish(broker, taken)
    assert (await begin(again=True))[1] not in (None, run)


async def test_again_for_some_files_neither_takes_up_a_run_nor_displaces_it(begin):
    _, run = await begin(again=True)
    _, other = await begin(again=True, only=frozenset({"a.jsonl"}))
    assert other not in (None, run)
    assert (await begin(again=True))[1] == run


async def test_without_again_there_is_no_run(begin):
    assert (await begin())[1] is None


async def test_what_was_begun_in_splits_is_refused_in_others_until_they_are_done(broker, begin):
    (third,), _ = await begin(split=Split(1, 3))
    with pytest.raises(UsageError, match="begun in 3 splits and is not finished: finish --split 1/3 first"):
        await begin(split=Split(0, 2))
    await finish(broker, third)
    (half,), _ = await begin(split=Split(0, 2))
    assert half.split == Split(0, 2)


async def test_what_was_begun_as_a_whole_is_refused_in_splits_until_it_is_done(broker, begin):
    (whole,), _ = await begin()
    with pytest.raises(UsageError, match="finish it without --split first"):
        await begin(split=Split(0, 2))
    await finish(broker, whole)
    assert await begin(split=Split(0, 2))


async def test_all_of_a_data_set_that_was_begun_in_splits_is_all_of_them_those_never_begun_too(begin):
    await begin(split=Split(1, 3))
    mine, _ = await begin()
    assert [claim.split for claim in mine] == [Split(0, 3), Split(1, 3), Split(2, 3)]


async def test_only_a_file_of_a_data_set_that_was_begun_in_splits_is_the_split_it_falls_to(begin):
    await begin(split=Split(1, 3))
    (mine,), _ = await begin(only=frozenset({"a.jsonl"}))
    assert mine.split == Split(2, 3)


async def test_different_splits_are_owned_side_by_side_and_the_older_of_two_alike_is_told(broker, begin):
    (half,), _ = await begin(split=Split(0, 2))
    (other,), _ = await begin(split=Split(1, 2))
    async with owning(broker, half) as (first, _), owning(broker, other) as (second, _):
        await first.commit([done_record(half, None, 1_000)])
        await second.commit([done_record(other, None, 1_000)])
    await begin(split=Split(1, 2))
    await owned(broker, half)
    with pytest.raises(Superseded, match="another replay of split 1/2 of data set 'data' has begun"):
        await owned(broker, other)


async def test_the_splits_of_one_again_share_a_run_until_the_last_is_done(broker, begin):
    (half,), run = await begin(again=True, split=Split(0, 2))
    await finish(broker, half)
    (other,), same = await begin(again=True, split=Split(1, 2))
    assert same == run
    await finish(broker, other)
    _, next_run = await begin(again=True, split=Split(1, 2))
    assert next_run != run
    assert (await begin(again=True, split=Split(0, 2)))[1] == next_run


async def test_a_claim_that_is_gone_from_the_topic_is_not_taken_for_another_replay(broker):
    with pytest.raises(BrokerRefused, match="was the topic deleted"):
        await claims.own(broker, SplitClaim("data", WHOLE, "token", None))
