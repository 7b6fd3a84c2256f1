"""Unpacked bytes of a file, a bounded amount at a time, whatever a few packed ones expand to."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from typing import Protocol

import zstandard

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")  # pzstd begins with such a frame

_PACKED_CHUNK = 64 * 1024
# zstandard gives out all that a chunk expands to: four bytes can say 128 KiB, so a chunk is 64 MiB at worst.
_ZSTD_CHUNK = 2 * 1024
_ZSTD_WINDOW = 128 * 1024 * 1024

Read = Callable[[int], bytes]


class Damaged(Exception):
    """Packed data that breaks off or is corrupt; all before it was given out."""


class Unpacked(Protocol):
    """A stream of unpacked bytes."""

    def read(self, size: int) -> bytes:
        """At most `size` bytes, b"" at the end. Damaged: there is no more to be had."""
        ...


def unpacked(read: Read) -> Unpacked:
    """The stream itself, or what it expands to if it starts as gzip or zstd do; one layer is taken off."""
    head = read(_PACKED_CHUNK)
    while 0 < len(head) < len(ZSTD) and (more := read(_PACKED_CHUNK)):  # a pipe gives what it has
        head += more
    if head.startswith(GZIP):
        return _Gzip(head, read)
    if head.startswith(ZSTD) or _ZSTD_SKIPPABLE.match(head):
        return _Zstd(head, read)
    return _Plain(head, read)


class _Plain:
    def __init__(self, head: bytes, read: Read) -> None:
        self._head = head
        self._read = read

    def read(self, size: int) -> bytes:
        if self._head:
            taken, self._head = self._head[:size], self._head[size:]
            return taken
        return self._read(size)


class _Gzip:
    """RFC 1952, several members one after another; zeros behind the last are padding."""

    def __init__(self, head: bytes, read: Read) -> None:
        self._packed = head
        self._read = read
        self._member: zlib._Decompress | None = None

    def read(self, size: int) -> bytes:
        while True:
            self._packed = self._packed or self._read(_PACKED_CHUNK)
            if not self._packed:
                if self._member is not None:
                    raise Damaged("the gzip data breaks off")
                return b""
            if self._member is None:
                self._packed = self._packed.lstrip(b"\x00")
                if not self._packed:
                    continue
                self._member = zlib.decompressobj(wbits=31)
            try:
                data = self._member.decompress(self._packed, size)
            except zlib.error as error:
                raise Damaged(f"the gzip data is corrupt: {error}") from error
            if self._member.eof:
                self._packed = self._member.unused_data
                self._member = None
            else:
                self._packed = self._member.unconsumed_tail
            if data:
                return data


class _Zstd:
    """RFC 8878, several frames one after another."""

    def __init__(self, head: bytes, read: Read) -> None:
        self._packed = head
        self._read = read
        self._frame: zstandard.ZstdDecompressionObj | None = None
        self._ready = memoryview(b"")  # sliced without copying: it may be large

    def read(self, size: int) -> bytes:
        while not self._ready:
            self._packed = self._packed or self._read(_PACKED_CHUNK)
            if not self._packed:
                if self._frame is not None:
                    raise Damaged("the zstd data breaks off")
                return b""
            if self._frame is None:
                self._frame = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
            chunk, self._packed = self._packed[:_ZSTD_CHUNK], self._packed[_ZSTD_CHUNK:]
            try:
                self._ready = memoryview(self._frame.decompress(chunk))
            except zstandard.ZstdError as error:
                raise Damaged(f"the zstd data is corrupt: {error}") from error
            if self._frame.eof:
                self._packed = self._frame.unused_data + self._packed
                self._frame = None
        taken, self._ready = self._ready[:size], self._ready[size:]
        return bytes(taken)
