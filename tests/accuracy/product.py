"""The product's reading of a feed, as it would be published: from the events, in a process that can be stopped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import orjson
from accuracy.strict import bare, squeezed

from worker.core.read import read
from worker.model import Article, Document, Fetched, Format, Source, Withdrawal

LIMIT = 1_048_576
OBSERVED_AT = 1_700_000_000_123


@dataclass(frozen=True, slots=True)
class Read:
    """What became of an entry; `rejected`: none of it is published."""

    id: str | None = None
    link: str | None = None
    title: str | None = None
    instant: int | None = None
    rejected: str | None = None


def entries(data: bytes, url: str) -> list[Read] | str:
    """Those of a polled feed in its order, or why it is none."""
    form = Format.JSON_FEED if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") else Format.FEED
    source = Source("accuracy", "feed", "source:accuracy", site="feeds.example", url=url)
    reading = read(
        Document(source, "", form, data, 0, -1, 0, OBSERVED_AT, fetched=Fetched(url, 200, None, None)), LIMIT
    )
    if reading.fault:
        return f"{reading.fault.code}: {reading.fault.message}"
    return [
        published(one) if isinstance(one, Article) else Read(rejected=f"{one.code}: {one.message}")
        for one in reading.items
        if not isinstance(one, Withdrawal)
    ]


def published(article: Article) -> Read:
    item = orjson.loads(article.item + b"}")
    provenance = orjson.loads(article.provenance + b"}")
    named = {one["role"]: one["value"] for one in item.get("altIds", ())}
    link = named.get("link") or provenance.get("link")  # as found where it is no URL
    date = orjson.loads(b"{" + article.rest + b"}")["published"]
    known = date["start"] if date.get("value", "").endswith("Z") else None  # else no instant is claimed
    return Read(
        bare(named["guid"]) if "guid" in named else None,
        link,
        squeezed(item["headlines"][0]["value"]) if "headlines" in item else None,
        int(datetime.fromisoformat(known).timestamp()) if known else None,
    )
