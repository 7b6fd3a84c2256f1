"""read: a document's bytes to articles, normalised, encoded and validated. Stateless and expensive, so it runs in processes.

Any bytes give a Reading, never an exception: what can't become an article becomes a Rejection in its place, and a polled
document that can't be read at all is a fault of its source.
"""

from __future__ import annotations

from worker.core.builder import Builder
from worker.core.members import feed_title
from worker.core.parse import PARSERS, feed_parser, records
from worker.model import Document, Format, Hints, Reading, Refusal


def read(document: Document, limit: int) -> Reading:
    """What the document says. `limit`: bytes that an event's record may have (the topic's max.message.bytes)."""
    if document.refused:
        return _unread(document, limit, document.refused, document.end)
    if document.format is Format.RECORDS:
        builder = Builder(document, limit, None)
        items = builder.upstream(records.found_in(document))
        return Reading(tuple(items), document.start, document.end, document.observed_at, tuple(builder.notes))
    parse = feed_parser(document)
    if parse is None:
        builder = Builder(document, limit, None)
        items = builder.records(PARSERS[document.format](document))
        return Reading(tuple(items), document.start, document.end, document.observed_at, tuple(builder.notes))
    feed = parse(document)
    if isinstance(feed, Refusal):
        return _unread(document, limit, feed, document.start + 1)
    builder = Builder(document, limit, feed.hints.title)
    builder.notes += feed.notes
    found = feed.distinct()
    items = builder.entries(found)
    end = max(found[-1].end, document.start) if found else document.start
    hints = Hints(feed_title(feed.hints.title), feed.hints.ttl_s)
    return Reading(tuple(items), document.start, end, document.observed_at, tuple(builder.notes), hints)


def _unread(document: Document, limit: int, refusal: Refusal, end: int) -> Reading:
    """A fault of the source where it was polled: it may be mended by the next poll. A file is rejected as a whole."""
    if document.fetched:
        return Reading((), document.start, document.start, document.observed_at, fault=refusal)
    rejection = Builder(document, limit, None).whole(refusal, end)
    return Reading((rejection,), document.start, end, document.observed_at)
