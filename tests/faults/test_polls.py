"""What holds of polling whatever the feeds are: a site is asked for one thing at a time, while others are not kept waiting."""

from itertools import combinations

import pytest
from faults.polled import Polled
from feeds.feed import Plan
from feeds.serving import serving, sites

SLOW = 0.1  # seconds an answer takes, so that two at once are seen


@pytest.fixture
def polled(embedded, tmp_path):
    shared = [Plan(f"s{number}", "127.0.6.1", entries=2, slow=SLOW) for number in range(5)]
    with serving(tmp_path / "feeds", [*shared, *sites(5, entries=2, slow=SLOW)]) as server:
        yield Polled(embedded, server)


async def test_a_site_is_asked_for_one_feed_at_a_time_and_sites_beside_each_other(polled):
    await polled.define()
    await polled.to_the_end()
    at_once = [
        (one.address, other.address)
        for one, other in combinations(polled.server.requests, 2)
        if one.begun < other.ended and other.begun < one.ended
    ]
    assert at_once
    assert [pair for pair in at_once if pair[0] == pair[1]] == []
    assert (await polled.judged()).clean


async def test_every_request_says_whose_it_is_and_asks_by_the_validators_it_got(polled):
    await polled.define()
    await polled.to_the_end()
    first, second = polled.server.requests[:10], polled.server.requests[10:]
    assert {asked.status for asked in first} == {200}
    assert {asked.match for asked in first} == {None}
    assert {asked.status for asked in second} == {304}
    assert all(asked.match for asked in second)
    assert all(asked.agent.startswith("news-worker/") for asked in [*first, *second])
