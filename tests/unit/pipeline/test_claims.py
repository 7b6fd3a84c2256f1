"""Claims: who may replay a data set, and under which run."""

import itertools

import pytest

from worker.broker.connect import connect
from worker.broker.port import Shard
from worker.core.memory import claim_record, done_record
from worker.errors import ClaimLost, Superseded, UsageError
from worker.model import SplitClaim, Topic
from worker.pipeline import claims
from worker.pipeline.claims import Intent


@pytest.fixture
async def broker(tmp_path):
    async with connect(f"sqlite:///{tmp_path}/news.db", create=True) as opened:
        yield opened


@pytest.fixture
def begin(broker):
    tokens = map(str, itertools.count())

    async def begun(*, again=False, partial=False):
        return await claims.begin(broker, Intent("data", again, partial), lambda: next(tokens), lambda: 1_000)

    return begun


async def owned(broker, mine):
    async with claims.own(broker, mine):
        pass


async def finish(broker, mine):
    async with claims.own(broker, mine) as (claim, _):
        await claim.commit([done_record(mine, mine.run, 1_000)])


async def test_a_claim_is_owned_until_another_is_begun(broker, begin):
    first, _ = await begin()
    async with claims.own(broker, first) as (claim, memory):
        assert memory.claims[0, 1] == first
        await claim.commit([])
    second, _ = await begin()
    with pytest.raises(Superseded, match="another replay of data set 'data'"):
        await owned(broker, first)
    async with claims.own(broker, second) as (claim, _):
        await claim.commit([])


async def test_the_older_of_two_loses_its_next_commit_and_is_told_why_when_it_owns_the_split_again(broker, begin):
    first, _ = await begin()
    async with claims.own(broker, first) as (lost, _):
        second, _ = await begin()
        async with claims.own(broker, second):
            with pytest.raises(ClaimLost):
                await lost.commit([done_record(first, None, 1_000)])
    with pytest.raises(Superseded, match="leaves the rest to it"):
        await owned(broker, first)
    await owned(broker, second)


async def test_who_was_fenced_without_a_newer_claim_owns_the_split_again(broker, begin):
    mine, _ = await begin()
    async with claims.own(broker, mine) as (claim, _):
        await owned(broker, mine)
        with pytest.raises(ClaimLost):
            await claim.commit([done_record(mine, None, 1_000)])
    await finish(broker, mine)


async def test_data_sets_are_claimed_apart(broker, begin):
    first, _ = await begin()
    await claims.begin(broker, Intent("other", again=False, partial=False), lambda: "x", lambda: 1_000)
    await finish(broker, first)


async def test_again_takes_up_the_run_that_was_not_finished(broker, begin):
    _, run = await begin(again=True)
    taken, same = await begin(again=True)
    assert run is not None
    assert same == run
    await finish(broker, taken)
    assert (await begin(again=True))[1] not in (None, run)


async def test_again_for_some_files_neither_takes_up_a_run_nor_displaces_it(begin):
    _, run = await begin(again=True)
    _, other = await begin(again=True, partial=True)
    assert other not in (None, run)
    assert (await begin(again=True))[1] == run


async def test_without_again_there_is_no_run(begin):
    assert (await begin())[1] is None


async def test_what_was_begun_in_splits_is_refused_until_they_are_done(broker, begin):
    theirs = SplitClaim("data", 1, 3, "theirs", None)
    claim = await broker.claim(Shard("elsewhere", Topic.REPLAYS, b"data"))
    await claim.commit([claim_record(theirs, 1_000)])
    with pytest.raises(UsageError, match="3 splits"):
        await begin()
    await claim.commit([done_record(theirs, None, 1_000)])
    await claim.release()
    assert await begin()
