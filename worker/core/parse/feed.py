"""RSS, RDF and Atom: ids, links and dates from the elements (lxml), the rest by feedparser, entries paired in their order.

feedparser's sanitising and URI resolution are off: both are done once, on what is used. It gets the bytes through BytesIO
always, as it opens a string that looks like a path or URL.
"""

from __future__ import annotations

from functools import partial
from io import BytesIO
from typing import Any

import feedparser
import orjson
from lxml import etree

from worker.core.normalise.html import looks_like_html, text_of
from worker.core.normalise.text import unescape
from worker.core.parse import elements, xml
from worker.core.parse.diagnosis import no_feed
from worker.core.parse.elements import RawEntry
from worker.core.parse.entry import Entry, Feed, Unreadable, Withdrawn
from worker.core.parse.media import media_of
from worker.core.parse.told import told
from worker.model import Code, Document, Hints, Note, Refusal


def parse(document: Document) -> Feed | Refusal:
    """What the feed says, its entries in its order: their positions are their ordinals. A Refusal: it is no feed."""
    source = xml.load(document.data, document.fetched.content_type if document.fetched else None)
    root, data = source.root, source.data
    if root is None or elements.name(root)[1] == "html":
        return no_feed(document)
    elements.shed_attributes(root)
    entries = elements.entries_of(root)
    if source.sound and elements.unnest(entries):
        entries = elements.entries_of(root)
    raw = _raw_entries(root, entries, document)
    try:
        parsed = told(root) if source.sound else _by_feedparser(data)
        if source.sound and len(parsed.entries) != len(raw):
            parsed = _by_feedparser(etree.tostring(root, encoding="utf-8"))
    except Exception as error:  # noqa: BLE001 (feedparser raises whatever its handlers do: ValueError, OverflowError, …)
        return Refusal(Code.INVALID_FEED, f"feedparser: {type(error).__name__}: {error}")
    if not parsed.entries and (source.broken_off or not parsed.get("version")):
        return no_feed(document)
    # In Atom the feed's authors are its entries' (RFC 4287, section 4.2.1); in RSS the feed has an editor.
    inherited = _authors(parsed.feed) if parsed.version.startswith("atom") else ()
    paired = raw if len(raw) == len(parsed.entries) else [None] * len(parsed.entries)
    found: list[Entry | Unreadable | Withdrawn] = [
        _entry(Entry(ordinal, ordinal + 1, ordinal, document.data), entry, own, parsed.feed, inherited)
        for ordinal, (entry, own) in enumerate(zip(parsed.entries, paired, strict=True))
    ]
    found += [Withdrawn(at, at + 1, ref) for at, ref in enumerate(elements.deleted_of(root), len(found))]
    hints = Hints(_title(parsed.feed.get("title") or ""), elements.ttl_of(elements.channel_of(root)))
    return Feed(hints, found, _notes(source, document))


def _title(found: str) -> str | None:
    return (text_of(found) if looks_like_html(found) else unescape(found)) or None


def _by_feedparser(data: bytes) -> Any:
    return feedparser.parse(BytesIO(data), sanitize_html=False, resolve_relative_uris=False)


def _raw_entries(root: etree._Element, entries: list[etree._Element], document: Document) -> list[RawEntry]:
    """In RSS links are relative to the site, in Atom to the document; either to the other where that isn't known."""
    site = elements.link_of(elements.channel_of(root))
    place = document.fetched.url if document.fetched else None
    base = (place or site) if elements.name(root)[1] == "feed" else (site or place)
    return [elements.raw_entry(element, base) for element in entries]


def _entry(entry: Entry, found: Any, raw: RawEntry | None, feed: Any, inherited: tuple[str, ...]) -> Entry:
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
    entry.language = (
        found.get("language")
        or (content or {}).get("language")
        or found.get("title_detail", {}).get("language")
        or feed.get("language")
    )
    entry.authors = _authors(found) or _authors(found.get("source", {})) or inherited
    tags = (tag.get("label") or tag.get("term") for tag in found.get("tags", ()))
    entry.subjects = tuple(dict.fromkeys(tag for tag in tags if tag))
    entry.rights = found.get("rights") or feed.get("rights") or None
    entry.licence = found.get("license") or None
    entry.media = media_of(found)
    return _with_own(entry, raw) if raw else _with_parsed(entry, found)


def _with_own(entry: Entry, raw: RawEntry) -> Entry:
    if raw.literal and entry.headline:
        entry.headline = entry.headline.replace("<", "&lt;").replace(">", "&gt;")
    entry.guid, entry.base, entry.link_found = raw.guid, raw.base, raw.link
    entry.link = elements.joined(raw.base, raw.link) if raw.link else None
    entry.published, entry.updated = raw.published, raw.updated
    if not (entry.text or entry.html or entry.teaser):
        entry.teaser = raw.caption()
    entry.compared, entry.element = raw.compared, raw.element
    return entry


def _with_parsed(entry: Entry, found: Any) -> Entry:
    """Where nobody knows which element is whose. feedparser answers .get("updated") with the published date if there is none."""
    entry.guid = found.get("id") or None
    link = found.get("link") or None
    declared = any(one.get("href") == link for one in found.get("links", ()))
    permanent = found.get("guidislink") and link and link.startswith(("http://", "https://"))
    entry.link = entry.link_found = link if declared or permanent else None
    updated = (found["updated"] or None) if "updated" in found else None
    entry.published = found.get("published") or None
    entry.updated = updated
    entry.element = partial(orjson.dumps, found, default=str)
    entry.compared = orjson.dumps([entry.headline, entry.text or entry.html, entry.teaser, entry.published])
    return entry


def _authors(found: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(author["name"] for author in found.get("authors", ()) if author.get("name")))


def _notes(source: xml.Source, document: Document) -> tuple[Note, ...]:
    place = document.path or document.source.id
    notes = []
    if source.guessed:
        notes.append(Note("encoding_guessed", f"{place}: not UTF-8, read as {source.guessed}"))
    if source.broken_off:
        notes.append(Note("broken_off", f"{place}: it breaks off; the entry in which it does is left out"))
    return tuple(notes)
