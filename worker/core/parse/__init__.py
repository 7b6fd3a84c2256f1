"""From a document's bytes to entries as found: a module a format, all of them in this one table."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from worker.core.parse import feed, json, plain
from worker.core.parse.entry import Entry, Unreadable, Withdrawn
from worker.model import Document, Format

PARSERS: dict[Format, Callable[[Document], Iterator[Entry | Unreadable | Withdrawn]]] = {
    Format.TEXT: plain.entries,
    Format.JSONL: json.entries_of_lines,
    Format.JSON: json.entries_of_elements,
    Format.FEED: feed.entries,
}

__all__ = ["PARSERS", "Entry", "Unreadable", "Withdrawn"]
