"""An article taken down: what its partition of news.articles.v1 says of it, and what is published so that it is no more.

A `withdrawn` event for who reads along, then a tombstone for who comes later. What keeps it from coming back is a mark in the
shard of its site (`core/feeds/forget.py`); a replay remembers no articles, so nothing keeps one of a data set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import orjson

from worker.core import event, identity
from worker.core.normalise import links
from worker.errors import BrokerRefused
from worker.model import Key, Mode, Record, Topic


@dataclass(frozen=True, slots=True)
class Published:
    """An article as its last event has it."""

    article_id: str
    version: int
    content_hash: str
    withdrawn: bool
    source: Mapping[str, str]  # as in the event: id and kind, of a polled one also site
    mode: Mode
    entry_key: str
    run: str | None  # of a replay with --again
    guid: str | None  # as it last declared them
    link: str | None
    headline: str | None

    @property
    def of_dataset(self) -> bool:
        """Whether it came from a replay, so that no worker owns it."""
        return self.source["kind"] == "dataset"

    def key(self) -> Key | None:
        """What its entry was last named by, where its event tells: a guid or a link; None: by neither."""
        compared = self.compared_link()
        named = (("guid", identity.guid_form(self.guid or "")), ("link", compared or ""))
        return next((one for one in named if one[1] and identity.entry_key(one[1]) == self.entry_key), None)

    def compared_link(self) -> str | None:
        """Its link in the form in which links are compared; None where it has none that identifies an article."""
        (compared,) = links.comparison_keys([self.link or ""])
        return None if compared is None or links.is_home(compared) else compared


def published_of(said: Mapping[str, Any]) -> Published:
    """From a command, which has it as `asdict` gives it. KeyError, TypeError, ValueError: it is none."""
    named = {member.name: said[member.name] for member in fields(Published)}
    identity.binary(named["article_id"])
    return Published(**{**named, "mode": Mode(named["mode"]), "source": {**named["source"]}})


class Sought:
    """One article, found by absorbing its partition from the start.

    `last`: its last event; None: there is none. `versions`: all that are kept since it last began, in their order. `gone`: a
    tombstone is the last of it. `seen`: the offset of its last event, -1 if there is none.
    """

    def __init__(self, article_id: str) -> None:
        self._key = article_id.encode()
        self.last: Published | None = None
        self.versions: list[tuple[str, int, int]] = []  # created, updated or withdrawn; version; time, ms
        self.gone = False
        self.seen = -1

    def absorb(self, key: bytes, value: bytes | None, at: int, offset: int) -> None:
        """Take in one record of the partition. BrokerRefused: it is the article's, and no event."""
        if key != self._key:
            return
        if value is None:
            self.gone, self.last, self.versions, self.seen = True, None, [], -1
            return
        try:
            self.last = _published(orjson.loads(value), self.last)
            kind = "withdrawn" if self.last.withdrawn else "updated" if b'"previous":{' in value else "created"
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BrokerRefused(f"{Topic.ARTICLES}, key {key!r}: this is no event ({error!r})") from error
        self.gone, self.seen = False, offset
        self.versions.append((kind, self.last.version, at))


def records(published: Published, at: int, *, owned_as: tuple[int, str] | None = None) -> tuple[Record, ...]:
    """What takes it down at `at`, in ms. `owned_as`: version and contentHash as its source remembers them, if it does."""
    version, content_hash = owned_as or (published.version, published.content_hash)
    tombstone = event.tombstone(published.article_id, at)
    if published.withdrawn:
        return (tombstone,)
    known = event.Known(
        published.article_id,
        version + 1,
        content_hash,
        0,
        published.mode,
        published.entry_key,
        (version, content_hash),
    )
    return event.taken_down(known, published.source, published.run, at), tombstone


def _published(data: dict[str, Any], before: Published | None) -> Published:
    item, found = data["item"], data["provenance"]
    withdrawn = item.get("pubStatus") == "canceled"
    named = {one["role"]: one["value"] for one in item.get("altIds", ())}
    headline = next((one["value"] for one in item.get("headlines", ())), None)
    if withdrawn and before is not None:  # of what it was, such an event says nothing
        named, headline = {"guid": before.guid, "link": before.link}, before.headline
    return Published(
        data["articleId"],
        data["version"],
        data["contentHash"],
        withdrawn,
        data["source"],
        Mode(found["mode"]),
        found["entryKey"],
        found.get("run"),
        named.get("guid"),
        named.get("link"),
        headline,
    )
