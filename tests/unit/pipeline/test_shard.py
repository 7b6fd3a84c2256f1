"""OwnedShard: natural batching, gathered and bounded as asked, and after a failure nothing more."""

import asyncio
from dataclasses import dataclass, field

import pytest

from worker.errors import BrokerAway, Undone
from worker.model import Decision, FileState, Record, Topic
from worker.pipeline import shard as module
from worker.pipeline.shard import OwnedShard


@dataclass
class Claim:
    """Keeps each commit until the test lets it end; fails where told to."""

    commits: list[list[bytes]] = field(default_factory=list)
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    error: Exception | None = None

    async def commit(self, records):
        self.commits.append([record.key for record in records])
        await self.turns.acquire()
        if self.error:
            raise self.error

    def let(self, commits=1_000):
        for _ in range(commits):
            self.turns.release()


def decision(key, size=1, path=None):
    state = FileState(path, "", 0, 0, 0, "", 0, 0, done=False, run=key) if path else None
    return Decision(path or key, (record(key, size),), 1, (), (), 0, state)


async def turns():
    """Whatever can happen without the test has happened."""
    for _ in range(5):
        await asyncio.sleep(0)


def record(key, size=1):
    return Record(Topic.ARTICLES, key.encode(), b"x" * size, (), 0, b"data")


def remember(decisions):
    states = {one.state.path: one.state for one in decisions if one.state}
    return [record(f"state of {state.path} after {state.run}") for state in states.values()]


@pytest.fixture
def claim():
    return Claim()


async def test_what_comes_while_a_transaction_is_under_way_goes_into_the_next_one(claim):
    adopted = []
    async with OwnedShard(claim, remember, lambda found, _: adopted.append(len(found))) as shard:
        await shard.publish(decision("a"))
        await asyncio.sleep(0)  # its commit begins
        for key in "bcd":
            await shard.publish(decision(key))
        assert (claim.commits, adopted) == ([[b"a"]], [])
        claim.let()
        await shard.flush()
    assert (claim.commits, adopted) == ([[b"a"], [b"b", b"c", b"d"]], [1, 3])


async def test_a_file_touched_by_several_decisions_is_remembered_once_as_the_last_left_it(claim):
    claim.let()
    async with OwnedShard(claim, remember, lambda *_: None) as shard:
        for key, path in [("1", "a.txt"), ("2", "b.txt"), ("3", "a.txt")]:
            await shard.publish(decision(key, path=path))
        await shard.flush()
    assert claim.commits == [[b"1", b"2", b"3", b"state of a.txt after 3", b"state of b.txt after 2"]]


async def test_who_publishes_waits_while_too_many_bytes_do(claim):
    large = module._WAITING_BYTES
    async with OwnedShard(claim, remember, lambda *_: None) as shard:
        await shard.publish(decision("a"))
        await asyncio.sleep(0)
        publishing = asyncio.create_task(shard.publish(decision("b", large)))
        await turns()
        assert not publishing.done()
        claim.let()
        await publishing
        await shard.flush()
    assert claim.commits == [[b"a"], [b"b"]]


async def test_each_transaction_gathers_as_much_as_was_committed_before_it_and_no_more_than_it_is_to(claim):
    claim.let()
    size = module._size(decision("a"))
    async with OwnedShard(claim, remember, lambda *_: None, gather=3 * size) as shard:
        for number in range(12):
            await shard.publish(decision(f"{number:x}"))
            await turns()
        assert claim.commits == [[b"0"], [b"1"], [b"2", b"3"], [b"4", b"5", b"6"], [b"7", b"8", b"9"]]
        await shard.flush()
    assert claim.commits[5:] == [[b"a", b"b"]]


async def test_what_is_gathered_waits_no_more_once_nothing_comes_for_now(claim):
    claim.let()
    async with OwnedShard(claim, remember, lambda *_: None, gather=1 << 20) as shard:
        shard.hurry()  # with nothing to publish, which hurries nothing that comes later
        await shard.publish(decision("a", 10_000))
        await turns()
        await shard.publish(decision("b"))
        await turns()
        assert claim.commits == [[b"a"]]
        shard.hurry()
        await turns()
        assert claim.commits == [[b"a"], [b"b"]]
        await shard.publish(decision("c"))
        await turns()
        assert claim.commits == [[b"a"], [b"b"]]


async def test_who_hurries_while_a_transaction_is_under_way_has_what_waits_go_with_the_next(claim):
    async with OwnedShard(claim, remember, lambda *_: None, gather=1 << 20) as shard:
        await shard.publish(decision("a", 10_000))
        await turns()
        await shard.publish(decision("b"))
        shard.hurry()
        claim.let()
        await turns()
        assert claim.commits == [[b"a"], [b"b"]]


async def test_as_much_as_is_gathered_may_wait(claim):
    most = 2 * module._WAITING_BYTES
    async with OwnedShard(claim, remember, lambda *_: None, gather=most) as shard:
        await shard.publish(decision("a"))
        await turns()
        await shard.publish(decision("b", module._WAITING_BYTES))
        publishing = asyncio.create_task(shard.publish(decision("c", module._WAITING_BYTES)))
        await turns()
        assert not publishing.done()
        claim.let()
        await publishing


async def test_a_failure_drops_what_waits_and_tells_all_that_publish_or_flush(claim):
    claim.error = BrokerAway("gone")
    adopted = []
    async with OwnedShard(claim, remember, lambda found, _: adopted.extend(found)) as shard:
        await shard.publish(decision("a"))
        await asyncio.sleep(0)
        await shard.publish(decision("b"))
        waiting = asyncio.create_task(shard.publish(decision("c", module._WAITING_BYTES)))
        await asyncio.sleep(0)
        claim.let()
        with pytest.raises(BrokerAway):
            await waiting
        shard.hurry()
        await turns()
        with pytest.raises(BrokerAway):
            await shard.publish(decision("d"))
        with pytest.raises(BrokerAway):
            await shard.flush()
    assert (claim.commits, adopted) == ([[b"a"]], [])
    assert shard.last_transaction == 1


async def test_left_before_it_is_flushed_it_commits_no_more(claim):
    async with OwnedShard(claim, remember, lambda *_: None) as shard:
        await shard.publish(decision("a"))
        await asyncio.sleep(0)
        await shard.publish(decision("b"))
    claim.let()
    await asyncio.sleep(0)
    assert claim.commits == [[b"a"]]


async def test_without_anything_published_a_flush_returns(claim):
    async with OwnedShard(claim, remember, lambda *_: None) as shard:
        await shard.flush()
    assert claim.commits == []


async def test_what_waits_when_all_is_dropped_is_put_in_no_transaction_and_who_waits_for_it_is_told(claim):
    async with OwnedShard(claim, remember, lambda *_: None) as shard:
        await shard.publish(decision("a"))
        await asyncio.sleep(0)  # its commit begins
        await shard.publish(decision("b"))
        flushing = asyncio.create_task(shard.flush())
        await asyncio.sleep(0)
        shard.drop(Undone("a decision failed"))
        claim.let()
        for waiting in (flushing, shard.flush(), shard.publish(decision("c"))):
            with pytest.raises(Undone):
                await waiting
        await asyncio.sleep(0)
        assert claim.commits == [[b"a"]]
