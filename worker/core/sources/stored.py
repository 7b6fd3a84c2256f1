"""A definition as a record of news.sources.v1: JSON with a version number, key = source id, partition by site.

Members may be added: an older release passes over them. Another version number is refused, never taken for empty.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from worker.core.sources.options import OPTIONS, Option
from worker.errors import BrokerRefused
from worker.model import Definition, Record, Topic

VERSION: Final = 1


def plain(definition: Definition) -> dict[str, Any]:
    """All that is not as by default, as the stored record names it."""
    fresh = Definition(definition.id, definition.url, definition.site, definition.added_at)
    options = {
        option.member: dict(value) if option.field == "headers" else value
        for option in OPTIONS.values()
        if (value := getattr(definition, option.field)) != getattr(fresh, option.field)
    }
    return {
        "kind": definition.kind,
        "url": definition.url,
        "site": definition.site,
        "addedAt": definition.added_at,
        **options,
    }


def record(definition: Definition, at: int) -> Record:
    """The definition as it is stored at a time (ms since the epoch)."""
    value = orjson.dumps({"v": VERSION, **plain(definition)})
    return Record(Topic.SOURCES, definition.id.encode(), value, (), at, definition.site.encode())


def tombstone(definition: Definition, at: int) -> Record:
    """What removes it."""
    return Record(Topic.SOURCES, definition.id.encode(), None, (), at, definition.site.encode())


def definition_of(key: bytes, value: bytes) -> Definition:
    """The definition that a record holds. BrokerRefused: it can't be understood."""
    try:
        found = orjson.loads(value)
        version = found["v"]
        if version != VERSION:
            raise BrokerRefused(
                f"{Topic.SOURCES}, key {key!r}: written by a newer news-worker (form {version}, known is {VERSION}); use that one"
            )
        options = {
            option.field: _checked(option, found[option.member])
            for option in OPTIONS.values()
            if option.member in found
        }
        return Definition(
            key.decode(), str(found["url"]), str(found["site"]), int(found["addedAt"]), str(found["kind"]), **options
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BrokerRefused(f"{Topic.SOURCES}, key {key!r}: damaged ({error!r}); it is not taken for empty") from error


def _checked(option: Option, value: Any) -> Any:
    """As a definition has it. What can't be worked with costs that source, and would else cost all that are polled beside it."""
    if option.field != "interval_s":
        return option.parse(value)
    if not isinstance(value, int) or value < 1:
        raise ValueError(f"{value!r} can't be an interval")
    return value
