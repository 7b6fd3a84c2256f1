"""Stored records as plain values: decoded by what the contract says of their topic, lossless where it says nothing.

Bytes that are no text become `{"base64": "…"}`, so whatever a topic holds can be printed as JSON.
"""

from __future__ import annotations

import base64
import difflib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from worker.errors import UsageError
from worker.model import Topic

if TYPE_CHECKING:
    from collections.abc import Iterable

    from worker.broker.port import Stored

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def topic_named(name: str, prefix: str) -> Topic:
    """The topic of this name, full (with or without the prefix) or short (`articles`). UsageError: there is none."""
    known = {alias: topic for topic in Topic for alias in (short_name(topic), topic.value, prefix + topic.value)}
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        instead = f"did you mean {near[0]}?" if near else f"there are {', '.join(map(short_name, Topic))}"
        message = f"there is no topic {name!r}; {instead}"
        raise UsageError(message)
    return known[name]


def short_name(topic: Topic) -> str:
    """`articles` for `news.articles.v1`."""
    return topic.value.split(".")[1]


def timestamp(milliseconds: int) -> str:
    """Milliseconds since the epoch as RFC 3339 in UTC."""
    return (_EPOCH + timedelta(milliseconds=milliseconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def as_text(raw: bytes) -> str | None:
    """The bytes as text if they are UTF-8."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


def as_value(raw: bytes) -> str | dict[str, str]:
    """The bytes as text if they are UTF-8, else as `{"base64": "…"}`."""
    text = as_text(raw)
    return {"base64": base64.b64encode(raw).decode()} if text is None else text


def headers_of(stored: Stored) -> dict[str, str]:
    """The headers as text; what is no UTF-8 in them shows as U+FFFD."""
    return {name: value.decode(errors="replace") for name, value in stored.headers}


def cloudevent(headers: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    """The CloudEvents attributes among the headers of a record (Kafka binding, binary mode: §3.2), without `ce_`."""
    attributes = {name: value.decode(errors="replace") for name, value in headers}
    named = {name.removeprefix("ce_"): value for name, value in attributes.items() if name.startswith("ce_")}
    if named and "content-type" in attributes:
        named["datacontenttype"] = attributes["content-type"]
    return named


def decoded(stored: Stored, topic: Topic) -> dict[str, Any]:
    """A record as one JSON object; an article's CloudEvents attributes under `cloudevent`, not among the headers."""
    headers = {name: as_value(value) for name, value in stored.headers}
    plain: dict[str, Any] = {
        "topic": stored.topic,
        "partition": stored.partition,
        "offset": stored.offset,
        "timestamp": timestamp(stored.timestamp),
        "key": as_value(stored.key),
        "headers": headers,
        "value": _value(stored.value, topic),
    }
    event = cloudevent(stored.headers)
    if event:
        plain["headers"] = {name: value for name, value in headers.items() if not name.startswith("ce_")}
        plain["cloudevent"] = event
    return plain


def _value(raw: bytes | None, topic: Topic) -> Any:
    if raw is None:
        return None
    if topic is not Topic.REJECTS:  # the bytes of a rejection stay as they were found, JSON or not
        try:
            value = orjson.loads(raw)
        except orjson.JSONDecodeError:
            return as_value(raw)
        if isinstance(value, dict):
            return value
    return as_value(raw)
