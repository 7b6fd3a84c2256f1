"""The ninjs 3.1 item of an article, and what is cut from it when its event would not fit the topic."""

from __future__ import annotations

from typing import Any

import orjson

from worker.core.associations import associations_of
from worker.core.content import Body, is_partial, line_of
from worker.core.normalise import text
from worker.core.normalise.dates import Published, instant
from worker.core.parse import Entry

_STANDARD = {"name": "ninjs", "version": "3.1", "schema": "http://www.iptc.org/std/ninjs/ninjs-schema_3.1.json"}


def item_of(  # noqa: PLR0913, PLR0917 (what was made of the entry before)
    entry: Entry, article_id: str, headline: str, body: Body, published: Published, language: str | None
) -> dict[str, Any]:
    """Everything of the item that the entry itself says; absent members are absent."""
    item: dict[str, Any] = {
        "uri": f"urn:uuid:{article_id}",
        "type": "text",
        "standard": _STANDARD,
        "pubStatus": "usable",
        "representationType": "partial" if is_partial(entry, body) else "full",
    }
    if published.basis != "updated" and (known := instant(published)):
        item["contentCreated"] = known
    if language:
        item["language"] = language
    if headline:
        item["headlines"] = [{"value": headline}]
    if body.plain:
        words = text.word_count(body.folded)
        item["bodies"] = [_body("text/plain", body.plain, words)]
        if body.markup:
            item["bodies"].append(_body("text/html", body.markup, words))
    if entry.teaser and not body.teaser and (teaser := line_of(entry.teaser, entry)):
        item["descriptions"] = [{"contentType": "text/plain", "value": teaser}]
    _add_besides(item, entry)
    return item


def alternative_ids(entry: Entry, uri: str | None) -> list[dict[str, str]]:
    """The declared id and the link, where there are any."""
    declared = entry.guid if entry.guid is not None else entry.id
    found = []
    if isinstance(declared, str | int) and not isinstance(declared, bool) and (guid := text.fold(str(declared))):
        found.append({"role": "guid", "value": guid})
    if uri:
        found.append({"role": "link", "value": uri})
    return found


def fitted(item: dict[str, Any], rest: int, room: int) -> tuple[bytes, str] | None:
    """The item as JSON, cut until it fits, and what was cut: nothing (""), the markup (html), or also the text.

    `rest`: bytes that the event has besides the item; `room`: bytes it may have. None: it can't be made to fit.
    """
    encoded = orjson.dumps(item)
    if len(encoded) + rest <= room:
        return encoded, ""
    item["representationType"] = "partial"
    item.pop("associations", None)
    item["bodies"] = [body for body in item.get("bodies", []) if body["contentType"] == "text/plain"]
    cut = "html"
    while item["bodies"]:
        encoded = orjson.dumps(item)
        excess = len(encoded) + rest - room
        if excess <= 0:
            return encoded, cut
        cut = "text"
        whole = item["bodies"][0]["value"].encode()
        kept = whole[: max(0, len(whole) - excess)].decode("utf-8", "ignore").rstrip()
        item["bodies"] = [_body("text/plain", kept, text.word_count(text.fold(kept)))] if kept else []
    return None


def _add_besides(item: dict[str, Any], entry: Entry) -> None:
    """Who wrote it, what it is about, what may be done with it, what it encloses."""
    if entry.authors and (authors := _lines(entry.authors, entry)):
        item["by"] = ", ".join(authors)
        item["infoSources"] = [{"name": name} for name in authors]
    if entry.subjects and (subjects := _lines(entry.subjects, entry)):
        item["subjects"] = [{"name": name} for name in subjects]
    if entry.rights and (rights := line_of(entry.rights, entry)):
        item["copyrightNotice"] = rights
    if entry.licence and (licence := line_of(entry.licence, entry)):
        item["usageTerms"] = licence
    if entry.media and (associations := associations_of(entry.media, entry.base)):
        item["associations"] = associations


def _body(content_type: str, value: str, words: int) -> dict[str, Any]:
    return {"contentType": content_type, "value": value, "charCount": len(value), "wordCount": words}


def _lines(found: tuple[str, ...], entry: Entry) -> list[str]:
    return [line for one in found if (line := line_of(one, entry))]
