"""Records of a topic of another system, framed so that many of them are one document, and what each of them says.

A record holds a JSON article or a whole feed document, bare or in a CloudEvent (CloudEvents 1.0, Kafka protocol binding 1.0.2:
in binary mode the value is the data; in structured mode the value is the event as JSON, with `data` or `data_base64`).
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from worker.core.parse import feed, json, json_feed
from worker.core.parse.entry import Entry, Feed, Unreadable, Withdrawn
from worker.model import Code, Document, Format, Refusal

# Of a frame: the record's offset, whether it has a value at all, what it is said to be, and how many bytes follow.
_FRAME: Final = struct.Struct("!QBBI")
FORMS: Final = ("auto", "articles", "feed")
_STRUCTURED: Final = 16  # added to the form
_EVENT: Final = frozenset(("specversion", "id", "source", "type"))  # what every CloudEvent has


@dataclass(frozen=True, slots=True)
class _Frame:
    offset: int
    form: str
    structured: bool
    value: bytes | None
    end: int  # in the document's bytes


def framed(offset: int, form: str, value: bytes | None, *, structured: bool) -> bytes:
    """A record as a part of a document. `structured`: its headers say that it is a CloudEvent in structured mode."""
    said = FORMS.index(form) + structured * _STRUCTURED
    return _FRAME.pack(offset, value is not None, said, len(value or b"")) + (value or b"")


def frames(data: bytes) -> Iterator[_Frame]:
    """The records of a document, in their order."""
    at = 0
    while at < len(data):
        offset, there, said, size = _FRAME.unpack_from(data, at)
        at += _FRAME.size
        value = data[at : at + size] if there else None
        at += size
        yield _Frame(offset, FORMS[said % _STRUCTURED], said >= _STRUCTURED, value, at)


def found_in(document: Document) -> Iterator[Entry | Unreadable | Withdrawn | Feed]:
    """What each record is: an article, or a feed, whose entries all have its place and an ordinal in it."""
    for frame in frames(document.data):
        place = (frame.offset, frame.offset + 1, 0)
        if frame.value is None:
            yield Unreadable(
                *place, b"", Code.EMPTY, "a record without a value (a tombstone), and nothing was published of it"
            )
            continue
        data = _unwrapped(frame)
        if isinstance(data, str):
            yield Unreadable(*place, frame.value, Code.NOT_AN_ARTICLE, data)
            continue
        form = _form(frame.form, data)
        if form is None:
            yield json.entry(data, *place)
        else:
            yield _feed(replace(document, format=form, data=data, start=0), form, place)


def _unwrapped(frame: _Frame) -> bytes | str:
    """The data that the record carries, or why there is none."""
    value = frame.value or b""
    if not frame.structured and not (b'"specversion"' in value and value.lstrip().startswith(b"{")):
        return value
    try:
        event = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        return f"said to be a CloudEvent, and not JSON: {error}" if frame.structured else value
    if not isinstance(event, dict) or not event.keys() >= _EVENT:
        return "said to be a CloudEvent, and not one" if frame.structured else value
    return _data_of(event)


def _data_of(event: dict[str, Any]) -> bytes | str:
    if isinstance(encoded := event.get("data_base64"), str):
        try:
            return base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            return f"a CloudEvent whose data_base64 is none: {error}"
    data = event.get("data")
    if isinstance(data, str):
        return data.encode(errors="surrogatepass")
    return "a CloudEvent without data" if data is None else orjson.dumps(data)


def _form(said: str, data: bytes) -> Format | None:
    """A feed's, by its bytes; None: it is an article."""
    if said == "articles":
        return None
    if not json_feed.looks_like_json(data):
        return Format.FEED if said == "feed" or data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") else None
    if said == "feed":
        return Format.JSON_FEED
    return Format.JSON_FEED if b"jsonfeed.org/version/" in data[:1024] else None


def _feed(document: Document, form: Format, place: tuple[int, int, int]) -> Feed | Unreadable:
    parse = feed.parse if form is Format.FEED else json_feed.parse
    found = parse(document)
    if isinstance(found, Refusal):
        return Unreadable(*place, document.data, found.code, found.message)
    start, end, _ = place
    return replace(found, found=[_placed(one, start, end) for one in found.found])


def _placed(one: Entry | Unreadable | Withdrawn, start: int, end: int) -> Entry | Unreadable | Withdrawn:
    if isinstance(one, Withdrawn):
        return replace(one, end=end)
    return replace(one, start=start, end=end)
