"""What a Content-Encoding hides, up to a limit, whatever a few packed bytes expand to.

aiohttp's own unpacking has no limit on a whole body, hence this.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import brotli
import zstandard

ACCEPTED = "gzip, deflate, br, zstd"

# No server makes more; each costs time far out of proportion to its few bytes.
_MEMBERS = 64
_ZSTD_CHUNK = 256  # zstandard gives out all that a chunk expands to: four bytes can say 128 KiB
_ZSTD_WINDOW = 8 * 1024 * 1024  # RFC 9659: more is not for the web
_WRAPPED, _RAW, _GZIP = 15, -15, 31  # zlib's wbits


class Broken(Exception):
    """The body is not what its Content-Encoding says; the text says how."""


class Over(Exception):
    """It expands to more than the limit."""


# All that packed bytes expand to. Over: it is more than the limit; Broken: it is something else, or breaks off.
Unpack = Callable[[bytes, int], bytes]


def unpacker(encoding: str) -> Unpack | None:
    """For the value of a Content-Encoding; None if it is unknown, or several on top of each other, as no server needs."""
    return _UNPACKERS.get(encoding.strip().lower())


def plain(packed: bytes, limit: int) -> bytes:
    """What was never packed."""
    if len(packed) > limit:
        raise Over
    return packed


def _gzip(packed: bytes, limit: int) -> bytes:
    """RFC 1952: members one after another. What else stands behind the first is passed over, as browsers do."""
    parts: list[bytes] = []
    size = 0
    for _ in range(_MEMBERS):
        part, packed = _inflated(packed, limit - size, _GZIP)
        parts.append(part)
        size += len(part)
        packed = packed.lstrip(b"\0")
        if not packed.startswith(b"\x1f\x8b"):
            return b"".join(parts)
    raise Broken("it has more gzip members than any server makes")


def _deflate(packed: bytes, limit: int) -> bytes:
    """RFC 9110, section 8.4.1.2, wrapped by zlib; some servers leave the wrapping out."""
    wrapped = len(packed) > 1 and packed[0] & 0x0F == zlib.DEFLATED and int.from_bytes(packed[:2]) % 31 == 0
    return _inflated(packed, limit, _WRAPPED if wrapped else _RAW)[0]


def _inflated(packed: bytes, limit: int, wbits: int) -> tuple[bytes, bytes]:
    """One stream, and what stands behind it."""
    stream = zlib.decompressobj(wbits)
    try:
        data = stream.decompress(packed, limit + 1)
    except zlib.error:
        raise Broken("the data is corrupt, or not packed at all") from None
    if len(data) > limit:
        raise Over
    if not stream.eof:
        raise Broken("the data breaks off")
    return data, stream.unused_data


def _brotli(packed: bytes, limit: int) -> bytes:
    stream = brotli.Decompressor()
    parts: list[bytes] = []
    size = 0
    try:
        while not stream.is_finished():
            part = stream.process(packed, output_buffer_limit=limit + 1 - size)
            packed = b""
            size += len(part)
            parts.append(part)
            if size > limit:
                raise Over
            if not part and not stream.is_finished():
                raise Broken("the data breaks off")
    except brotli.error:
        raise Broken("the data is corrupt, or not packed at all") from None
    return b"".join(parts)


def _zstd(packed: bytes, limit: int) -> bytes:
    """RFC 8878: frames one after another."""
    parts: list[bytes] = []
    size = at = 0
    try:
        for _ in range(_MEMBERS):
            frame = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
            while not frame.eof:
                if at >= len(packed):
                    raise Broken("the data breaks off")
                part = frame.decompress(packed[at : at + _ZSTD_CHUNK])
                at += _ZSTD_CHUNK
                size += len(part)
                parts.append(part)
                if size > limit:
                    raise Over
            at = min(at, len(packed)) - len(frame.unused_data)
            if at == len(packed):
                return b"".join(parts)
    except zstandard.ZstdError:
        raise Broken("the data is corrupt, or not packed at all") from None
    raise Broken("it has more zstd frames than any server makes")


_UNPACKERS: dict[str, Unpack] = {
    "": plain,
    "identity": plain,
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
