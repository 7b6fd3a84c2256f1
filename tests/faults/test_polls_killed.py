"""Workers that poll feeds, killed at any moment: each version that a feed has proven to have shown once, and in order.

`NEWS_KILLS` sets how many kills, `NEWS_SEED` which moments; a failure names the seed.
"""

import asyncio
import os
import random
import signal
from contextlib import AsyncExitStack, suppress

import pytest
from faults.planted_polls import planted
from faults.polled import Polled
from feeds.feed import Plan
from feeds.serving import serving

from worker.model import Topic

KILLS = int(os.environ.get("NEWS_KILLS", "0"))
SHORT = {"embedded": 20, "kafka": 4}  # kills, unless told
SEED = int(os.environ.get("NEWS_SEED", "1"))
MOST_BETWEEN = 20  # events from one kill to the next
TRANSACTION = {"embedded": 0.01, "kafka": 0.03}  # seconds, about: so that the kill falls anywhere within one
MANY, LONG = 280, 16_000  # entries, and bytes of text in each: more than one transaction takes
EDITED = 270  # of them: more than one part of a document


def restless(chosen: random.Random) -> list[Plan]:
    """Feeds of every kind that go on by themselves; some change their mind; two share a site."""
    kinds = [
        ("rss", "both", 0.2),
        ("atom", "etag", 0),
        ("json", "both", 0),
        ("rss", "none", 0),
        ("rss", "modified", 0.2),
    ]
    plans = [
        Plan(
            f"f{number}",
            f"127.0.3.{1 + number // 2 * 2}",
            kind,
            by,
            size=200,
            moves=10**6,
            reverts=back,
            seed=chosen.randrange(10**9),
        )
        for number, (kind, by, back) in enumerate(kinds * 4)
    ]
    return [*plans, Plan("large", "127.0.3.99", "rss", "both", MANY, 300, moves=3, seed=chosen.randrange(10**9))]


@pytest.fixture
def one_feed(place, tmp_path):
    with serving(tmp_path / "feeds", [Plan("one", "127.0.4.1", entries=MANY)]) as server:
        yield Polled(place, server)


@pytest.fixture
def one_embedded(embedded, tmp_path):
    with serving(tmp_path / "feeds", [Plan("one", "127.0.4.2", entries=MANY)]) as server:
        yield Polled(embedded, server)


async def test_sigkill_at_random_moments_loses_nothing_and_doubles_nothing_of_feeds_with_a_replay_beside(
    place, folder, tmp_path
):
    chosen = random.Random(SEED)
    kills = KILLS or SHORT[place.kind]
    folder.jsonl("a.jsonl", 40 * kills, bad_every=20)
    with serving(tmp_path / "feeds", restless(chosen)) as server:
        polled = Polled(place, server)
        await polled.define(interval_s=1)
        for number in range(kills):
            async with AsyncExitStack() as running:
                if number % 4 == 0:
                    await running.enter_async_context(place.replaying("set", "--rate", "40", "--jobs", "1"))
                process = await running.enter_async_context(polled.running("--jobs", "1"))
                await place.events_or_end(chosen.randint(1, MOST_BETWEEN), process)
                with suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), chosen.uniform(0, TRANSACTION[place.kind]))
                assert process.returncode is None, await process.stderr.read()
        await polled.to_the_end()
        verdict = await polled.judged(*polled.without_validators)
        assert verdict.clean, f"NEWS_SEED={SEED}: {verdict}"
        assert any("proven" in line for line in server.ledger)
    await place.replay("set")
    assert (await place.judged(folder)).clean, f"NEWS_SEED={SEED}"


async def test_killed_between_two_transactions_of_one_document_the_rest_arrives_though_it_answers_304(place, tmp_path):
    with serving(tmp_path / "feeds", [Plan("one", "127.0.4.3", entries=MANY, size=LONG)]) as server:
        polled = Polled(place, server)
        await polled.define()
        for moment in ("after:1", "before:1"):
            await died(polled, moment)
            assert 0 < len(await articles(polled)) < MANY
        await polled.to_the_end()
        assert (await polled.judged()).clean


async def test_killed_between_two_transactions_of_a_change_that_its_publisher_then_takes_back(one_feed):
    await one_feed.define()
    await one_feed.to_the_end()
    one_feed.server.change("edit", "one", EDITED)
    await died(one_feed, "parts", "after:1")
    assert MANY < len(await articles(one_feed)) < MANY + EDITED
    one_feed.server.revert("one")
    await one_feed.to_the_end()
    assert (await one_feed.judged()).clean


@pytest.mark.parametrize(("bug", "fault"), [("events first", "twice"), ("state first", "lost")])
async def test_planted_events_and_state_committed_apart_are_found(one_embedded, bug, fault):
    await one_embedded.define()
    await died(one_embedded, bug)
    await one_embedded.to_the_end()
    assert getattr(await one_embedded.judged(), fault)


async def test_planted_validators_committed_with_the_first_part_of_a_document_are_found(one_embedded):
    await one_embedded.define()
    await died(one_embedded, "validators first", "parts", "after:1")
    await one_embedded.to_the_end()
    assert (await one_embedded.judged()).lost


async def test_planted_validators_kept_while_a_part_of_another_document_is_committed_are_found(one_embedded):
    await one_embedded.define()
    await one_embedded.to_the_end()
    one_embedded.server.change("edit", "one", EDITED)
    await died(one_embedded, "validators kept", "parts", "after:1")
    one_embedded.server.revert("one")
    await one_embedded.to_the_end()
    assert (await one_embedded.judged()).lost


async def died(polled, *plants):
    """Polled once by a worker in which something is planted, which kills it."""
    async with polled.running("--once", program=planted(*plants)) as process:
        _, said = await process.communicate()
    assert process.returncode == -signal.SIGKILL, said


async def articles(polled):
    async with polled.place.connect() as broker:
        return [record async for record in broker.read(Topic.ARTICLES)]
