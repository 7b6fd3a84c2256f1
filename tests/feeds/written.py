"""A feed's entries as the bytes of a document: RSS 2.0, Atom 1.0 with deletions (RFC 6721), JSON Feed 1.1."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from html import escape

from feeds.stories import BASE, story

_RSS = 'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
_ATOM = 'xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0"'
_APART = 600  # seconds between one article and the next


@dataclass(frozen=True, slots=True)
class Entry:
    """An article as a feed shows it now. Its text ends with a mark by which the ledger knows it again."""

    feed: str
    number: int
    revision: int = 1
    drifts: int = 0  # how often its guid was changed
    permalink: bool = False  # its guid is its link: then sibling feeds tell of one article
    empty: bool = False  # neither headline nor text, so that it must be rejected; the mark is in its author's place

    @property
    def guid(self) -> str:
        """What its publisher calls it; not a link."""
        return f"{self.feed}-{self.number}" + (f"-{self.drifts}" if self.drifts else "")

    @property
    def mark(self) -> str:
        """`ref FEED/NUMBER/REVISION`."""
        return f"ref {self.feed}/{self.number}/{self.revision}"

    @property
    def published(self) -> datetime:
        """When it came out."""
        return datetime.fromtimestamp(BASE + _APART * self.number, UTC)

    @property
    def updated(self) -> datetime:
        """When it was last edited."""
        return datetime.fromtimestamp(BASE + _APART * self.number + 60 * (self.revision - 1), UTC)


@dataclass(frozen=True, slots=True)
class Page:
    """What a document is written from."""

    feed: str
    site: str  # scheme and authority that links begin with
    size: int  # bytes of an article's text, about
    entries: tuple[Entry, ...]  # newest first
    deleted: tuple[Entry, ...] = ()  # Atom alone can say so


def rss(page: Page) -> bytes:
    items = "".join(_item(page.site, page.size, entry) for entry in page.entries)
    head = f"<title>{page.feed}</title><link>{page.site}/</link><description>Made up for tests</description>"
    return _xml(f'<rss version="2.0" {_RSS}><channel>{head}{items}</channel></rss>')


@lru_cache(maxsize=4096)
def _item(site: str, size: int, entry: Entry) -> str:
    if entry.empty:
        guid = _guid(site, entry)
        return f'<item><guid isPermaLink="false">{guid}</guid><dc:creator>{entry.mark}</dc:creator></item>'
    told = story(entry.feed, entry.number, size)
    return (
        f"<item><title>{escape(told.title)}</title><link>{_link(site, entry)}</link>"
        f'<guid isPermaLink="false">{_guid(site, entry)}</guid><pubDate>{format_datetime(entry.published)}</pubDate>'
        f"<dc:creator>A. Writer</dc:creator><category>made up</category>"
        f"<description>{escape(told.paragraphs[0])}</description>"
        f"<content:encoded><![CDATA[{_html(size, entry)}]]></content:encoded></item>"
    )


def atom(page: Page) -> bytes:
    deleted = "".join(
        f'<at:deleted-entry ref="{_guid(page.site, entry)}" when="{entry.updated.isoformat()}"/>'
        for entry in page.deleted
    )
    entries = "".join(_atom_entry(page.site, page.size, entry) for entry in page.entries)
    updated = max((entry.updated for entry in page.entries), default=datetime.fromtimestamp(BASE, UTC))
    head = f"<title>{page.feed}</title><id>urn:{page.feed}</id><updated>{updated.isoformat()}</updated>"
    return _xml(f"<feed {_ATOM}>{head}{deleted}{entries}</feed>")


@lru_cache(maxsize=4096)
def _atom_entry(site: str, size: int, entry: Entry) -> str:
    told = story(entry.feed, entry.number, size)
    return (
        f'<entry xml:lang="{told.language}"><title>{escape(told.title)}</title><link href="{_link(site, entry)}"/>'
        f"<id>{_guid(site, entry)}</id><published>{entry.published.isoformat()}</published>"
        f"<updated>{entry.updated.isoformat()}</updated><author><name>A. Writer</name></author>"
        f"<summary>{escape(told.paragraphs[0])}</summary>"
        f'<content type="html">{escape(_html(size, entry))}</content></entry>'
    )


def json_feed(page: Page) -> bytes:
    items = [
        {
            "id": _guid(page.site, entry),
            "url": _link(page.site, entry),
            "title": story(entry.feed, entry.number, page.size).title,
            "content_html": _html(page.size, entry),
            "date_published": entry.published.isoformat(),
            "date_modified": entry.updated.isoformat(),
        }
        for entry in page.entries
    ]
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": page.feed, "items": items}
    return json.dumps(feed, ensure_ascii=False).encode()


WRITERS: dict[str, tuple[Callable[[Page], bytes], str]] = {
    "rss": (rss, "application/rss+xml"),
    "atom": (atom, "application/atom+xml"),
    "json": (json_feed, "application/feed+json"),
}


@lru_cache(maxsize=4096)
def _html(size: int, entry: Entry) -> str:
    told = story(entry.feed, entry.number, size)
    edited = [f"Corrected {entry.revision - 1} times."] if entry.revision > 1 else []
    return "".join(f"<p>{escape(text)}</p>\n" for text in _texts(told.paragraphs, edited, entry.mark))


def _texts(paragraphs: Sequence[str], edited: Sequence[str], mark: str) -> list[str]:
    return [*paragraphs, *edited, mark]


def _guid(site: str, entry: Entry) -> str:
    return _link(site, entry) if entry.permalink else entry.guid


def _link(site: str, entry: Entry) -> str:
    return f"{site}/{entry.feed}/{entry.number}"


def _xml(body: str) -> bytes:
    return f'<?xml version="1.0" encoding="utf-8"?>\n{body}\n'.encode()
