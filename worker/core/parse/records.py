"""Records of a topic of another system, framed so that many of them are one document, and what each of them says.

A record holds a JSON article or a whole feed document, bare or in a CloudEvent (CloudEvents 1.0, Kafka protocol binding 1.0.2:
in binary mode the value is the data; in structured mode the value is the event as JSON, with `data` or `data_base64`).
"""

from __future__ import annotations

import base64
import json as slow
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
_MARKUP: Final = (b"<", b"\xff\xfe<\x00", b"\xfe\xff\x00<", b"\x00<")  # in UTF-8 or UTF-16
_BINARY: Final = "binary data (Avro or Protobuf, behind a schema registry's id?): JSON and feeds are read"
_PACKED: Final = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}  # by how it begins: RFC 1952 and RFC 8878
_PACKED_SO: Final = (
    "compressed with {0} by whoever sent it: send the JSON or the feed as it is. To save room, have the producer compress its"
    " batches (compression.type={0}), which consumers unpack by themselves"
)
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
        elif not data.strip():
            yield Unreadable(*place, frame.value, Code.EMPTY, "there is nothing in it, or white space alone")
        elif packed := next((name for magic, name in _PACKED.items() if data.startswith(magic)), None):
            yield Unreadable(*place, frame.value, Code.UNSUPPORTED_FORMAT, _PACKED_SO.format(packed))
        elif form := _form(frame.form, data):
            yield _feed(replace(document, format=form, data=data, start=0), form, place, frame.value)
        elif data.startswith(b"\x00"):
            yield Unreadable(*place, frame.value, Code.UNSUPPORTED_FORMAT, _BINARY)
        else:
            yield _as_found(json.entry(data, *place), frame.value)


def _unwrapped(frame: _Frame) -> bytes | str:
    """The data that the record carries, or why there is none."""
    value = frame.value or b""
    if not frame.structured and not (b'"specversion"' in value and json_feed.looks_like_json(value)):
        return value
    try:
        event = json.loads(value)
    except ValueError as error:
        return f"said to be a CloudEvent, and not JSON: {error}" if frame.structured else value
    if not isinstance(event, dict) or not event.keys() >= _EVENT:
        return "said to be a CloudEvent, and not one" if frame.structured else value
    return _data_of(event)


def _data_of(event: dict[str, Any]) -> bytes | str:
    if isinstance(encoded := event.get("data_base64"), str):
        try:
            return base64.b64decode(encoded, validate=True)
        except ValueError as error:
            return f"a CloudEvent whose data_base64 is none: {error}"
    data = event.get("data")
    if isinstance(data, str):
        return data.encode(errors="surrogatepass")
    return "a CloudEvent without data" if data is None else _dumps(data)


def _dumps(data: Any) -> bytes | str:
    """As JSON; what orjson reads and doesn't write is lone surrogates, integers over 64 bits and deep nesting."""
    try:
        return orjson.dumps(data)
    except TypeError:
        pass
    try:
        return slow.dumps(data).encode()
    except (ValueError, RecursionError):
        return "a CloudEvent whose data is nested too deeply"


def _form(said: str, data: bytes) -> Format | None:
    """A feed's, by its bytes; None: it is an article."""
    if said == "articles":
        return None
    if not json_feed.looks_like_json(data):
        markup = data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_MARKUP)
        return Format.FEED if said == "feed" or markup else None
    return Format.JSON_FEED if said == "feed" or json_feed.says_so(data) else None


def _feed(document: Document, form: Format, place: tuple[int, int, int], value: bytes) -> Feed | Unreadable:
    parse = feed.parse if form is Format.FEED else json_feed.parse
    found = parse(document)
    if isinstance(found, Refusal):
        return Unreadable(*place, value, found.code, found.message)
    start, end, _ = place
    return replace(found, found=[_placed(one, start, end, value) for one in found.found])


def _placed(one: Entry | Unreadable | Withdrawn, start: int, end: int, value: bytes) -> Entry | Unreadable | Withdrawn:
    if isinstance(one, Withdrawn):
        return replace(one, end=end)
    if isinstance(one, Unreadable):  # what it is of the feed
        return replace(one, start=start, end=end)
    return replace(one, start=start, end=end, raw=value)


def _as_found(one: Entry | Unreadable | Withdrawn, value: bytes) -> Entry | Unreadable | Withdrawn:
    """With the record's bytes, not those that an event carried: that is what digests and rejections are of."""
    if isinstance(one, Withdrawn) or one.raw is value:
        return one
    return replace(one, raw=value)
