"""The ninjs 3.1 item of an article, and what is cut from it when its event would not fit the topic."""

from __future__ import annotations

from typing import Any

import orjson

from worker.core.content import Body, line_of
from worker.core.normalise import text
from worker.core.normalise.dates import Published, instant
from worker.core.parse import Entry

_STANDARD = {"name": "ninjs", "version": "3.1", "schema": "http://www.iptc.org/std/ninjs/ninjs-schema_3.1.json"}
_MOST_BYTES = 6  # that a character takes in JSON


def item_of(  # noqa: PLR0913, PLR0917 (what was made of the entry before)
    entry: Entry, article_id: str, headline: str, body: Body, folded: str, published: Published, language: str | None
) -> dict[str, Any]:
    """Everything of the item that the entry itself says; absent members are absent."""
    item: dict[str, Any] = {
        "uri": f"urn:uuid:{article_id}",
        "type": "text",
        "standard": _STANDARD,
        "pubStatus": "usable",
        "representationType": "partial" if body.teaser else "full",
    }
    if known := instant(published):
        item["contentCreated"] = known
    if language:
        item["language"] = language
    if headline:
        item["headlines"] = [{"value": headline}]
    if body.plain:
        words = text.word_count(folded)
        item["bodies"] = [_body("text/plain", body.plain, words)]
        if body.markup:
            item["bodies"].append(_body("text/html", body.markup, words))
    if entry.teaser and not body.teaser and (teaser := line_of(entry.teaser, entry)):
        item["descriptions"] = [{"contentType": "text/plain", "value": teaser}]
    if authors := _lines(entry.authors, entry):
        item["by"] = ", ".join(authors)
        item["infoSources"] = [{"name": name} for name in authors]
    if subjects := _lines(entry.subjects, entry):
        item["subjects"] = [{"name": name} for name in subjects]
    if rights := line_of(entry.rights, entry):
        item["copyrightNotice"] = rights
    return item


def alternative_ids(entry: Entry, uri: str | None) -> list[dict[str, str]]:
    """The declared id and the link, where there are any."""
    declared = entry.guid if entry.guid is not None else entry.id
    known = isinstance(declared, str | int) and not isinstance(declared, bool)
    guid = text.fold(str(declared)) if known else ""
    return [{"role": role, "value": value} for role, value in (("guid", guid), ("link", uri)) if value]


def shorten(item: dict[str, Any], rest: int, room: int) -> str | None:
    """Cut the item until it fits: the markup goes first, then the text is cut. What was cut: "", html, or text; None: it can't fit.

    `rest`: bytes that the event has besides the item; `room`: bytes it may have.
    """
    bodies = item.get("bodies", [])
    if sum(len(body["value"]) for body in bodies) * _MOST_BYTES + rest < room // 2 and len(item) < room // 1000:
        return ""
    if not _excess(item, rest, room):
        return ""
    item["representationType"] = "partial"
    item["bodies"] = [body for body in bodies if body["contentType"] == "text/plain"]
    cut = "html"
    while item["bodies"] and (excess := _excess(item, rest, room)):
        cut = "text"
        encoded = item["bodies"][0]["value"].encode()
        kept = encoded[: max(0, len(encoded) - excess)].decode("utf-8", "ignore").rstrip()
        item["bodies"] = [_body("text/plain", kept, text.word_count(text.fold(kept)))] if kept else []
    return cut if item["bodies"] else None


def _excess(item: dict[str, Any], rest: int, room: int) -> int:
    return max(0, len(orjson.dumps(item)) + rest - room)


def _body(content_type: str, value: str, words: int) -> dict[str, Any]:
    return {"contentType": content_type, "value": value, "charCount": len(value), "wordCount": words}


def _lines(found: tuple[str, ...], entry: Entry) -> list[str]:
    return [line for one in found if (line := line_of(one, entry))]
