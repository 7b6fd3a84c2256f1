"""A record's headers as one blob: all names, then all lengths, then all values.

The names of a topic's records are nearly always the same, so their part is made and read once and then looked up.
Layout, integers little-endian of 32 bits: length of the names' part; for each header the length of its name and the
name in UTF-8; for each header the length of its value; the values. No headers are an empty blob.
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct
from typing import Final

_LENGTH: Final = Struct("<I")

Headers = tuple[tuple[str, bytes], ...]


def pack(headers: Headers) -> bytes:
    """The blob of the headers, in their order, repeated names included."""
    if not headers:
        return b""
    names, values = zip(*headers, strict=True)
    return b"".join((_packed_names(names), _lengths(len(values)).pack(*map(len, values)), *values))


def unpack(blob: bytes) -> Headers:
    """The headers that `pack` made the blob of."""
    if not blob:
        return ()
    end = _LENGTH.size + _LENGTH.unpack_from(blob)[0]
    names = _unpacked_names(blob[:end])
    lengths = _lengths(len(names))
    at = end + lengths.size
    headers = []
    for name, length in zip(names, lengths.unpack_from(blob, end), strict=True):
        headers.append((name, blob[at : at + length]))
        at += length
    return tuple(headers)


@lru_cache(maxsize=256)
def _packed_names(names: tuple[str, ...]) -> bytes:
    part = b"".join(_LENGTH.pack(len(name)) + name for name in (name.encode() for name in names))
    return _LENGTH.pack(len(part)) + part


@lru_cache(maxsize=256)
def _unpacked_names(part: bytes) -> tuple[str, ...]:
    names, at = [], _LENGTH.size
    while at < len(part):
        start = at + _LENGTH.size
        at = start + _LENGTH.unpack_from(part, at)[0]
        names.append(part[start:at].decode())
    return tuple(names)


@lru_cache(maxsize=256)
def _lengths(count: int) -> Struct:
    return Struct(f"<{count}I")
