"""Checkpoints as records of news.checkpoints.v1: their keys, and pages of packed entries.

A page's value, little-endian: version 1 (1 byte), stride (2), count (2), then `count` entries, `stride` bytes apart, of which the
first 97 are those of `entry.py`. Pages of a source count from 0 without a gap, all but the last full. A mark of something
forgotten: version 1 (1 byte), then 8 bytes each: the beginning of the articleId that the entry's last key makes, and the
hash of its link, and (signed) the offset that `Mark.seen` tells of. Whatever follows in either was appended by a later
release and is skipped.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct, error
from typing import Final

from worker.core.feeds.entry import NOTHING, STRIDE
from worker.core.identity import canonical, written
from worker.errors import BrokerRefused
from worker.model import Record, Topic

VERSION: Final = 1
_PAGE: Final = Struct("<BHH")
_MARK: Final = Struct("<B8s8s")
_SEEN: Final = Struct("<q")  # appended to it
_MOST_BYTES: Final = 16_000
CAPACITY: Final = (_MOST_BYTES - _PAGE.size) // STRIDE
FULL: Final = CAPACITY * STRIDE  # bytes of a full page's entries


def head_key(source: str) -> bytes:
    """The key of a source's head."""
    return canonical(["head", source])


def page_key(source: str, number: int) -> bytes:
    """The key of one of its pages."""
    return canonical(["page", source, number])


def mark_key(article: bytes) -> bytes:
    """The key of a mark that an article is forgotten."""
    return canonical(["forgotten", written(article)])


def record(key: bytes, value: bytes | None, site: str | int, at: int) -> Record:
    """A checkpoint; it lies where the definitions of the site do, or in the partition of that number."""
    return Record(Topic.CHECKPOINTS, key, value, (), at, site.encode() if isinstance(site, str) else site)


def dumped(entries: bytearray, number: int) -> bytes:
    """A page's value."""
    part = entries[number * FULL : (number + 1) * FULL]
    return _PAGE.pack(VERSION, STRIDE, len(part) // STRIDE) + part


def loaded(value: bytes) -> bytes:
    """The entries of a page, packed as this release does it. BrokerRefused: a newer form, or damaged."""
    try:
        version, stride, count = _PAGE.unpack_from(value)
    except error as short:
        raise BrokerRefused(f"damaged (length {len(value)}, which is too short)") from short
    _known(version)
    if stride < STRIDE or len(value) < _PAGE.size + stride * count:
        raise BrokerRefused(f"damaged ({count} entries of {stride} bytes in {len(value)} bytes)")
    if stride == STRIDE:
        return value[_PAGE.size : _PAGE.size + stride * count]
    starts = range(_PAGE.size, _PAGE.size + stride * count, stride)
    return b"".join(value[start : start + STRIDE] for start in starts)


@dataclass(frozen=True, slots=True)
class Mark:
    """Of an article that is forgotten: what it is known by besides its articleId, and up to where it was taken down.

    `key`: the beginning of its articleId by its last key; `link`: the hash of its link; zeros: there is none. `seen`: the offset of
    its newest event in news.articles.v1 that a takedown answered for; -1: none did, or an older release stored it.
    """

    key: bytes = NOTHING
    link: bytes = NOTHING
    seen: int = -1


def dumped_mark(mark: Mark) -> bytes:
    """A mark's value."""
    return _MARK.pack(VERSION, mark.key, mark.link) + _SEEN.pack(mark.seen)


def loaded_mark(value: bytes) -> Mark:
    """From its value; what an older release stored ends before `seen`."""
    try:
        version, key, link = _MARK.unpack_from(value)
    except error as short:
        raise BrokerRefused(f"damaged (length {len(value)}, which is too short)") from short
    _known(version)
    whole = len(value) >= _MARK.size + _SEEN.size
    return Mark(key, link, *(_SEEN.unpack_from(value, _MARK.size) if whole else ()))


def _known(version: int) -> None:
    if version != VERSION:
        raise BrokerRefused(f"written by a newer news-worker (form {version}, known is {VERSION}); use that one")


def pages_of(entries: bytearray) -> int:
    """How many pages they take."""
    return -(-len(entries) // FULL)
