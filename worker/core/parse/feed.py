"""Saved RSS, RDF and Atom by feedparser, its sanitising and URI resolution off: both are done once, on what is used.

Always through BytesIO: feedparser opens a string that looks like a path or URL.
"""

from __future__ import annotations

import codecs
import re
from io import BytesIO
from typing import Any

import feedparser
import orjson

from worker.core.normalise import text
from worker.core.parse.diagnosis import no_feed
from worker.core.parse.entry import Entry, Feed, Unreadable, Withdrawn
from worker.model import Code, Document, Hints, Refusal

_DECLARED_ENCODING = re.compile(r"""^(\s*<\?xml[^>]*?)\s+encoding\s*=\s*["'][^"']*["']""")
# RFC 6721; feedparser passes over it.
_DELETED = re.compile(rb"<(?:[\w.-]+:)?deleted-entry\s[^>]*?\bref\s*=\s*[\"']([^\"'>]*)")


def parse(document: Document) -> Feed | Refusal:
    """What the feed says, its entries in its order: their positions are their ordinals. A Refusal: it is no feed."""
    try:
        parsed = feedparser.parse(BytesIO(_utf8(document.data)), sanitize_html=False, resolve_relative_uris=False)
    except Exception as error:  # noqa: BLE001 (feedparser raises whatever its handlers do: ValueError, OverflowError, …)
        return Refusal(Code.INVALID_FEED, f"feedparser: {type(error).__name__}: {error}")
    if not parsed.entries and not parsed.get("version"):  # absent where there were no bytes
        return no_feed(document)
    language = parsed.feed.get("language")
    found: list[Entry | Unreadable | Withdrawn] = [
        _entry(entry, ordinal, document.data, language) for ordinal, entry in enumerate(parsed.entries)
    ]
    found += [
        Withdrawn(ordinal, ordinal + 1, text.unescape(deleted[1].decode("utf-8", "replace")))
        for ordinal, deleted in enumerate(_DELETED.finditer(document.data), len(found))
    ]
    return Feed(Hints(parsed.feed.get("title") or None), found)


def _utf8(data: bytes) -> bytes:
    """A document with a UTF-16 mark in UTF-8: feedparser trusts the declaration, or takes UTF-8 for granted, over the mark."""
    if not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data
    text = data.decode("utf-16", "replace")
    return _DECLARED_ENCODING.sub(r"\1", text, count=1).encode("utf-8", "replace")


def _entry(found: Any, ordinal: int, raw: bytes, language: str | None) -> Entry:
    entry = Entry(ordinal, ordinal + 1, ordinal, raw)
    entry.headline = found.get("title") or None
    content = next((part for part in found.get("content", ()) if part.get("value")), None)
    summary = found.get("summary") or None
    if content is not None:
        if content.get("type") == "text/plain":
            entry.text = content["value"]
        else:
            entry.html = content["value"]
        entry.teaser = summary if summary != content["value"] else None
    else:
        entry.teaser = summary
    entry.link = _link(found)
    entry.guid = found.get("id") or None
    # feedparser answers .get("updated") with the published date, and puts dc:date under updated: `published` is what is declared.
    entry.published = found.get("published") or None
    entry.updated = (found["updated"] or None) if "updated" in found else None
    entry.element = orjson.dumps(found, default=str)
    entry.compared = orjson.dumps([entry.headline, entry.text or entry.html, entry.teaser, entry.published])
    entry.language = (content or {}).get("language") or found.get("title_detail", {}).get("language") or language
    entry.authors = tuple(author["name"] for author in found.get("authors", ()) if author.get("name"))
    entry.subjects = tuple(tag["term"] for tag in found.get("tags", ()) if tag.get("term"))
    entry.rights = found.get("rights") or None
    return entry


def _link(found: Any) -> str | None:
    """The declared link; feedparser also gives an id for one, which counts only where it is a permalink (RSS 2.0: a URL)."""
    link: str | None = found.get("link") or None
    declared = any(one.get("href") == link for one in found.get("links", ()))
    return (
        link if link and (declared or (found.get("guidislink") and link.startswith(("http://", "https://")))) else None
    )
