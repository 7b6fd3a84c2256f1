"""The sources of a simulated world as they are at first: feeds of each format, several a site, and another system's topics."""

from __future__ import annotations

import random

from feeds.feed import Plan

from worker.core.sources.topics import named
from worker.model import Definition

SERVERS = "127.0.8.1:9092"
_SHAPES = (("rss", "both"), ("json", "both"), ("atom", "etag"), ("json", "modified"), ("rss", "etag"), ("json", "etag"))
_INTERVALS = (1800, 3600, 3600, 7200)  # seconds
_SHARES = (("wire", None), ("desk", (0, 2)), ("desk", (1, 2)))


def plans(seed, sites=3, each=2):
    """One feed in three goes back now and then to what it showed before."""
    made = []
    for number in range(sites * each):
        kind, validators = _SHAPES[number % len(_SHAPES)]
        reverts = 0.4 if number % 3 == 0 else 0.0
        address = f"127.0.7.{1 + number % sites}"
        chosen = random.Random(f"{seed}/{number}").randrange(2**32)
        made.append(
            Plan(f"f{number}", address, kind, validators, entries=5, size=60, moves=10**9, reverts=reverts, seed=chosen)
        )
    return made


def definitions(places):
    """As `sources add` would make them, by id. `places`: where the feeds are."""
    found = {
        name: Definition(
            name,
            place.url,
            place.feed.plan.address,
            1,
            interval_s=_INTERVALS[number % len(_INTERVALS)],
            daily_updates=1000,
        )
        for number, (name, place) in enumerate(places.items())
    }
    for topic, share in _SHARES:
        url = f"kafka://{SERVERS}/{topic}"
        name, site = named(url, topic, share)
        found[name] = Definition(name, url, site, 1, "topic", share=share)
    return found
