"""JSON articles, one a line or one an element: whatever names people give the same few fields.

The names are one visible table. A record is read by orjson; what that refuses (a lone surrogate, mostly) gets a second,
slower try, so that only what is no JSON at all is rejected.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from io import BytesIO
from operator import itemgetter
from typing import Any

import orjson

from worker.core.parse.entry import Entry, Unreadable, Withdrawn
from worker.core.parse.split import elements
from worker.model import Code, Document

# Field -> the names it goes by, the first that holds something wins. Compared in lower case without `_` and `-`.
NAMES: dict[str, tuple[str, ...]] = {
    "headline": ("headline", "title", "headlines"),
    "html": ("contenthtml", "bodyhtml", "html"),
    "text": ("text", "contenttext", "bodytext", "body", "content", "articlebody", "maintext", "bodies"),
    "teaser": ("teaser", "summary", "description", "abstract", "descriptions"),
    "link": ("url", "link", "permalink", "canonicalurl"),
    "id": ("id", "guid", "uuid", "_id", "articleid", "uri"),
    "published": (
        "published",
        "publishedat",
        "datepublished",
        "publicationdate",
        "publishdate",
        "pubdate",
        "date",
        "contentcreated",
    ),
    "language": ("language", "lang", "inlanguage"),
    "authors": ("authors", "author", "byline", "by", "creator"),
    "subjects": ("tags", "keywords", "categories", "subjects", "section"),
    "rights": ("copyrightnotice", "copyright", "rights"),
}
_LONG = re.compile(rb"[0-9]{19}")  # orjson makes a float of an integer over 64 bits
# An object with a list under one of these and no text is no article but holds some: a JSON Feed, the answer of an API.
_WRAPPERS = ("items", "articles", "entries", "results", "stories", "data", "hits")
_CACHED = 64  # names that an object may have for them to be remembered
_FIELD = {name.replace("_", ""): (field, rank) for field, names in NAMES.items() for rank, name in enumerate(names)}


def entries_of_lines(document: Document) -> Iterator[Entry | Unreadable | Withdrawn]:
    """An entry a line; blank lines are none and have no ordinal."""
    position, ordinal = document.start, document.ordinal
    for line in BytesIO(document.data):
        end = position + len(line)
        if not line.isspace():
            yield entry(line.removesuffix(b"\n"), position, end, ordinal)
            ordinal += 1
        position = end


def entries_of_elements(document: Document) -> Iterator[Entry | Unreadable | Withdrawn]:
    """An entry an element of an array, or an object where objects stand one after another."""
    data, base = document.data, document.start
    for ordinal, (start, end) in enumerate(elements(data), document.ordinal):
        yield entry(data[start:end], base + start, base + end, ordinal)


def entry(raw: bytes, start: int, end: int, ordinal: int) -> Entry | Unreadable | Withdrawn:
    """What one record says, which stands at those positions."""
    place = (start, end, ordinal, raw)
    try:
        record = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        try:
            record = _loads_slowly(raw)
        except (ValueError, RecursionError):
            hint = (
                f"not JSON: {error}" if raw.isascii() or _is_utf8(raw) else "not UTF-8, which JSON must be: convert it"
            )
            return Unreadable(*place, Code.INVALID_JSON, hint)
    if not isinstance(record, dict):
        return Unreadable(*place, Code.NOT_AN_ARTICLE, f"a JSON object was expected, not {_kind(record)}")
    if record.get("pubStatus") == "canceled":  # ninjs
        return Withdrawn(ordinal, end)
    found = _fields(record)
    article = Entry(*place)
    article.headline = _text(found.get("headline"))
    body = found.get("text")
    article.text, article.html = _text(body), _html(body) or _text(found.get("html"))
    article.teaser = _text(found.get("teaser"))
    if not (article.text or article.html) and (wrapper := _wrapper(record)):
        return Unreadable(*place, Code.NOT_AN_ARTICLE, f"its articles are in a list under {wrapper!r}: give that list")
    if not (article.headline or article.text or article.html or article.teaser):
        known = ", ".join(NAMES["headline"] + NAMES["text"])
        return Unreadable(*place, Code.NOT_AN_ARTICLE, f"neither headline nor text under a known name ({known})")
    article.link = _text(found.get("link"))
    article.id = _identifier(found.get("id"))
    if isinstance(article.id, float):  # orjson makes one of an integer over 64 bits
        article.id = _identifier(_fields(_loads_slowly(raw)).get("id"))
    article.published = _date(found.get("published"))
    article.language = _text(found.get("language"))
    article.authors = _names(found.get("authors"))
    article.subjects = _names(found.get("subjects"))
    article.rights = _text(found.get("rights"))
    return article


def loads(raw: bytes) -> Any:
    """A JSON value as it stands, integers whole where Python reads them. ValueError: it is none, or is nested too deeply."""
    readers = (orjson.loads, _loads_slowly)
    why: Exception | None = None
    for read in reversed(readers) if _LONG.search(raw) else readers:
        try:
            return read(raw)
        except (ValueError, RecursionError) as error:
            why = why or error
    raise ValueError(str(why))


def _wrapper(record: dict[str, Any]) -> str | None:
    return next((name for name in _WRAPPERS if isinstance(record.get(name), list)), None)


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _loads_slowly(raw: bytes) -> Any:
    def refuse(constant: str) -> None:
        raise ValueError(constant)

    # NaN and Infinity are no JSON (RFC 8259 section 6); bytes that are no UTF-8 raise a ValueError too.
    return json.loads(raw.decode("utf-8-sig"), parse_constant=refuse)


def _fields(record: dict[str, Any]) -> dict[str, Any]:
    names = tuple([name for name in record if len(name) < 40])  # noqa: PLR2004 (the cache holds no long nonsense)
    found: dict[str, Any] = {}
    for field, known in _known(names) if len(names) <= _CACHED else _known.__wrapped__(names):
        for name in known:
            value = record[name]
            if value or value not in (None, "", []):
                found[field] = value
                break
    return found


@lru_cache(maxsize=512)
def _known(names: tuple[str, ...]) -> list[tuple[str, list[str]]]:
    """The fields that objects with these names have, each with its names, the best first; records of one origin are alike."""
    ranked: dict[str, list[tuple[int, str]]] = {}
    for name in names:
        if known := _FIELD.get(name.lower().replace("_", "").replace("-", "")):
            ranked.setdefault(known[0], []).append((known[1], name))
    return [(field, [name for _, name in sorted(one, key=itemgetter(0))]) for field, one in ranked.items()]


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value if value and not value.isspace() else None
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return _text("\n\n".join(value))
    if isinstance(value, list):  # ninjs: [{"value": …, "contentType": …}]
        for part in value:
            if isinstance(part, dict) and part.get("contentType", "text/plain") == "text/plain":
                return _text(part.get("value"))
        return None
    if isinstance(value, dict):
        return _text(value.get("value") or value.get("text") or value.get("name"))
    return None


def _html(value: Any) -> str | None:
    if isinstance(value, list):
        for part in value:
            if isinstance(part, dict) and part.get("contentType") in ("text/html", "application/xhtml+xml"):
                return _text(part.get("value"))
    return None


def _identifier(value: Any) -> object:
    if isinstance(value, dict):  # MongoDB's extended JSON
        return value.get("$oid")
    return value


def _date(value: Any) -> str | int | float | None:
    if isinstance(value, dict):
        value = value.get("$date")
    return value if isinstance(value, str | int | float) and not isinstance(value, bool) else None


def _names(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple([name for one in (value if isinstance(value, list) else [value]) if (name := _text(one))])


def _kind(value: Any) -> str:
    kinds = {list: "an array", str: "a string", int: "a number", float: "a number", bool: "a boolean"}
    return kinds.get(type(value), "null")
