"""The demo's second half: a feed is polled, its publisher changes it, it is polled again; what became of each entry.

All that is shown is read back from the topic. Whatever port it is served at, the source is the same, so a second run finds
all of it there and publishes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any, Final

import orjson

from worker.cli.demo_feed import samples, served
from worker.cli.records import headers_of
from worker.model import Topic

if TYPE_CHECKING:
    from pathlib import Path

    from worker.broker.port import Stored
    from worker.model import Totals
    from worker.settings import Settings

SOURCE: Final = "halfway-post"
COLUMNS: Final = ("what its publisher did", "what became of it", "headline")


@dataclass(frozen=True, slots=True)
class Polls:
    """What two polls came to."""

    known: bool  # an earlier demo had shown the evening's feed before
    published_first: int  # events of the first
    published: int  # of both
    rows: Sequence[Sequence[str]]  # of the second, by `COLUMNS`
    totals: Totals  # of the second


async def poll_twice(settings: Settings, folder: Path) -> Polls:
    """Serve the feed, poll it, let its publisher change it, poll it again, into the settings' broker."""
    mine = settings.model_copy(update={"allow_net": (ip_network("127.0.0.1/32"),), "proxy": None})
    listed = folder / "feeds.toml"
    before = await _events(mine)
    known = any(_kind(event) != "created" for event in before)  # else its publisher would take back what was changed
    async with served(changed=known) as feed:
        listed.write_text(f'[[source]]\nid = "{SOURCE}"\nurl = "{feed.url}"\n')
        totals = await _poll(mine, listed)
        between = await _events(mine)
        if not totals.interrupted:
            feed.changed = True
            totals = await _poll(mine, listed)
    after = await _events(mine)
    first, both = len(between) - len(before), len(after) - len(before)
    return Polls(known, first, both, rows(between, after[len(between) :]), totals)


def rows(before: Sequence[Stored], since: Sequence[Stored]) -> list[list[str]]:
    """For each entry that the feed ever showed: what was done to it, and what the events `since` tell of it."""
    known = {event.key for event in before}
    articles = {title: event.key for event in (*before, *since) if (title := _title(event))}
    became = {event.key: f"{_kind(event)}, version {_value(event)['version']}" for event in since}
    found = []
    for entry in samples():
        article = articles.get(entry.title)
        fate = "unchanged" if article in known else "not there"
        found.append([entry.change or "nothing", became.get(article, fate) if article else fate, entry.title])
    return found


async def _events(settings: Settings) -> list[Stored]:
    """All that the source has published."""
    from worker import configured

    async with configured.broker(settings, create=True) as broker:
        return [one async for one in broker.read(Topic.ARTICLES) if _value(one)["source"]["id"] == SOURCE]


async def _poll(settings: Settings, listed: Path) -> Totals:
    from worker.model import Totals
    from worker.service import feeds

    totals = Totals()
    await feeds.poll(settings, [listed], totals, once=True)
    return totals


def _title(event: Stored) -> str | None:
    headlines = _value(event)["item"].get("headlines")
    return str(headlines[0]["value"]) if headlines else None


def _value(event: Stored) -> Mapping[str, Any]:
    value: Mapping[str, Any] = orjson.loads(event.value or b"{}")
    return value


def _kind(event: Stored) -> str:
    return headers_of(event)["ce_type"].removeprefix("news.article.").removesuffix(".v1")
