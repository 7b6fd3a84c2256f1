"""From a document's bytes to entries as found: a module a format, all of them in these two tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from worker.core.parse import feed, json, json_feed, plain
from worker.core.parse.entry import Entry, Feed, Unreadable, Withdrawn
from worker.model import Document, Format, Refusal

# What has records, each of which speaks for itself.
PARSERS: dict[Format, Callable[[Document], Iterator[Entry | Unreadable | Withdrawn]]] = {
    Format.TEXT: plain.entries,
    Format.JSONL: json.entries_of_lines,
    Format.JSON: json.entries_of_elements,
}
# What is read as a whole, or can't be.
FEEDS: dict[Format, Callable[[Document], Feed | Refusal]] = {
    Format.FEED: feed.parse,
    Format.JSON_FEED: json_feed.parse,
}


def feed_parser(document: Document) -> Callable[[Document], Feed | Refusal] | None:
    """None: it is made of records. A polled document is what its bytes are, whatever its server calls it."""
    if document.fetched is None:
        return FEEDS.get(document.format)
    return FEEDS[Format.JSON_FEED if json_feed.looks_like_json(document.data) else Format.FEED]


__all__ = ["PARSERS", "Entry", "Feed", "Unreadable", "Withdrawn", "feed_parser"]
