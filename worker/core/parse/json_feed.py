"""JSON Feed 1.0 and 1.1 (jsonfeed.org). Publishers get the types wrong; a member of a type that makes no sense is not there.

An item is read by itself, so one that is nonsense costs only itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import orjson

from worker.core.normalise import text
from worker.core.parse.diagnosis import no_feed
from worker.core.parse.entry import Entry, Feed, Media, Unreadable, Withdrawn
from worker.core.parse.media import each_once, positive
from worker.model import Code, Document, Hints, Refusal

_LOOKED_AT = 65_536


def parse(document: Document) -> Feed | Refusal:
    """What the feed says, its items in its order: their positions are their ordinals. A Refusal: it is no JSON Feed."""
    if not document.data.strip():
        return no_feed(document)
    try:
        feed = _loads(document.data)
    except (ValueError, RecursionError) as error:
        if not looks_like_json(document.data):
            return no_feed(document)
        why = "nested too deeply" if isinstance(error, RecursionError) else error
        return Refusal(Code.INVALID_JSON, f"not JSON: {why}")
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        return no_feed(document)
    found = [_item(item, ordinal, document.data, feed) for ordinal, item in enumerate(feed["items"])]
    return Feed(Hints(_text(feed.get("title"))), found)


def looks_like_json(data: bytes) -> bool:
    """Whether it begins as an object or an array does."""
    return data[:_LOOKED_AT].lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"["))


def says_so(data: bytes) -> bool:
    """Whether it says which version of JSON Feed it is, wherever and however that is written."""
    if b"jsonfeed.org" not in data:
        return False
    try:
        found = _loads(data)
    except (ValueError, RecursionError):
        return False
    version = found.get("version") if isinstance(found, dict) else None
    return isinstance(version, str) and "jsonfeed.org/version/" in version


def _loads(data: bytes) -> Any:
    """JSON that a strict reader refuses (a byte order mark, NaN, lone surrogates, integers of 5,000 digits) is read too."""
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError:
        return _loads_slowly(data)
    # orjson makes a float of an integer over 64 bits.
    items = found.get("items") if isinstance(found, dict) else None
    large = (
        any(isinstance(item, dict) and isinstance(item.get("id"), float) for item in items)
        if isinstance(items, list)
        else False
    )
    return _loads_slowly(data) if large else found


def _loads_slowly(data: bytes) -> Any:
    return json.loads(data.decode("utf-8-sig"), parse_constant=lambda _: None, parse_int=_integer)


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= 4_000 else digits  # noqa: PLR2004 (Python reads no integer of more than 4,300)


def _item(item: Any, ordinal: int, whole: bytes, feed: dict[str, Any]) -> Entry | Unreadable | Withdrawn:
    raw = _dumps(item)
    if not isinstance(item, dict):
        return Unreadable(ordinal, ordinal + 1, ordinal, raw, Code.NOT_AN_ARTICLE, "an item of the feed is no object")
    entry = Entry(ordinal, ordinal + 1, ordinal, whole, element=lambda: raw)
    entry.headline = _text(item.get("title"))
    entry.html, entry.text = _text(item.get("content_html")), _text(item.get("content_text"))
    entry.teaser = _text(item.get("summary"))
    entry.markup = False  # but in content_html: JSON Feed escapes nothing
    entry.link = _text(item.get("url")) or _text(item.get("external_url"))
    entry.guid = _identifier(item.get("id"))
    entry.published, entry.updated = _text(item.get("date_published")), _text(item.get("date_modified"))
    entry.language = _text(item.get("language")) or _text(feed.get("language"))
    entry.authors = tuple(_authors(item)) or tuple(_authors(feed))
    tags = item.get("tags")
    entry.subjects = tuple(tag for one in (tags if isinstance(tags, list) else [tags]) if (tag := _text(one)))
    entry.media = each_once(_media(item))
    entry.compared = _dumps(
        [item.get(name) for name in ("title", "content_html", "content_text", "summary", "date_published")]
    )
    return entry


def _authors(of: dict[str, Any]) -> Iterator[str]:
    """Of 1.1, else the one of 1.0."""
    authors = of.get("authors")
    for author in authors if isinstance(authors, list) and authors else [of.get("author")]:
        name = _text(author.get("name")) if isinstance(author, dict) else _text(author)
        if name:
            yield name


def _media(item: dict[str, Any]) -> Iterator[Media | None]:
    image = _text(item.get("image")) or _text(item.get("banner_image"))
    yield Media(image, medium="image") if image else None
    attachments = item.get("attachments")
    for one in attachments if isinstance(attachments, list) else []:
        if isinstance(one, dict) and (url := _text(one.get("url"))):
            size, seconds = positive(one.get("size_in_bytes")), positive(one.get("duration_in_seconds"))
            kind = _text(one.get("mime_type"))
            yield Media(url, kind, size=size, duration=seconds, title=_text(one.get("title")))


def _identifier(value: Any) -> str | None:
    """As a string: the specification has readers take a number for one."""
    if isinstance(value, bool):
        return None
    return str(value) if isinstance(value, int | float) else _text(value)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _dumps(value: Any) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError):  # an integer over 64 bits, a lone surrogate, or deep nesting
        return text.encodable(json.dumps(value, sort_keys=True, ensure_ascii=False)).encode()
