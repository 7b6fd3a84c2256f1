"""Why a document is no feed, in a sentence that a person can act on: what it is instead, and what to do about it."""

from __future__ import annotations

import re

from worker.core.normalise import text
from worker.core.normalise.html import text_of
from worker.model import Code, Document, Refusal

_LOOKED_AT = 256 * 1024  # bytes
_SHOWN = 100  # characters
_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{0,1000})", re.IGNORECASE)
_HTML = re.compile(r"<!doctype\s+html|<(?:html|head|body)[\s>]", re.IGNORECASE)
_PASSWORD = re.compile(r"""<input\b[^>]{0,500}\btype\s*=\s*["']?password""", re.IGNORECASE)
_LINKED = re.compile(
    r"""<link\b[^>]{0,500}\btype\s*=\s*["']?application/(?:rss|atom|feed)\+(?:xml|json)[^>]{0,500}>""", re.IGNORECASE
)
_HREF = re.compile(r"""\bhref\s*=\s*["']?([^"'\s>]{1,500})""", re.IGNORECASE)
_CHALLENGE = re.compile(r"captcha|challenge-platform|verify(?:ing)? (?:that )?you are (?:a )?human", re.IGNORECASE)
_ROOT = re.compile(r"<(?![?!])(?:[\w.-]{1,100}:)?([\w.-]{1,100})")
_FEED_ROOTS = frozenset(("rss", "feed", "rdf"))
_OTHERS = {
    "urlset": "a sitemap, no feed: give the feed's own address",
    "sitemapindex": "an index of sitemaps, no feed: give the feed's own address",
    "opml": "an OPML list of feeds, no feed: give it to `sources apply`",
    "error": "an error message in XML, no feed",
    "svg": "an image (SVG), no feed",
}


def no_feed(document: Document) -> Refusal:
    """What the document is, given that no feed was found in it."""
    head = document.data[:_LOOKED_AT]
    if not head.strip():
        return Refusal(Code.EMPTY, "the body is empty" if not head else "the body is nothing but white space")
    decoded = text.decode(head)
    shown = head.decode("latin-1") if decoded is None else decoded[0]
    if decoded is None and b"\x00" in head:
        return Refusal(Code.UNSUPPORTED_FORMAT, "binary data, no feed")
    if _HTML.search(shown):
        return Refusal(Code.UNSUPPORTED_FORMAT, _page(shown))
    if shown.lstrip().startswith(("{", "[")):
        return Refusal(Code.INVALID_FEED, "JSON that is no JSON Feed: it has no list of items")
    return _markup(shown)


def _page(shown: str) -> str:
    title = _TITLE.search(shown)
    named = _short(text_of(title[1])) if title else ""
    kind = "an HTML page"
    if _PASSWORD.search(shown):
        kind = "a login page"
    elif _CHALLENGE.search(shown):
        kind = "a page that wants to see a human"
    said = f"{kind}, no feed" + (f": {named!r}" if named else "")
    linked = _LINKED.search(shown)
    href = _HREF.search(linked[0]) if linked else None
    return f"{said}; it names a feed: {_short(text.unescape(href[1]))}" if href else said


def _markup(shown: str) -> Refusal:
    root = _ROOT.search(shown)
    if root is None:
        return Refusal(Code.UNSUPPORTED_FORMAT, f"text, no feed; it begins {_short(shown)!r}")
    name = root[1].lower()
    if name in _FEED_ROOTS:
        return Refusal(
            Code.INVALID_FEED,
            f"it begins as a feed (<{_short(root[1])}>) and breaks off before there is anything in it",
        )
    known = _OTHERS.get(name)
    return Refusal(Code.UNSUPPORTED_FORMAT, known or f"XML of another kind, no feed: its root is <{_short(root[1])}>")


def _short(found: str) -> str:
    folded = text.fold(found)
    return folded if len(folded) <= _SHOWN else f"{folded[:_SHOWN]}…"
