"""Which partition a key belongs to: as Kafka's Java clients do it, so that any of them finds and keeps the same order.

murmur2 with the seed of org.apache.kafka.common.utils.Utils, made positive by its lowest 31 bits, modulo the count. (librdkafka's
default is another: its users set partitioner=murmur2_random.)
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct
from typing import Final

_SEED: Final = 0x9747B28C
_M: Final = 0x5BD1E995
_LOW_32: Final = 0xFFFFFFFF
_LOW_31: Final = 0x7FFFFFFF


def partition_of(key: bytes, count: int) -> int:
    """The partition, from 0, of `count`."""
    return (murmur2(key) & _LOW_31) % count


def murmur2(key: bytes) -> int:
    """The hash as an unsigned integer of 32 bits."""
    length = len(key)
    whole = length & ~3
    found = _SEED ^ length
    for word in _words(whole // 4).unpack_from(key):
        mixed = word * _M & _LOW_32
        found = (found * _M ^ (mixed ^ mixed >> 24) * _M) & _LOW_32
    if length > whole:
        found = (found ^ int.from_bytes(key[whole:], "little")) * _M & _LOW_32
    found = (found ^ found >> 13) * _M & _LOW_32
    return found ^ found >> 15


@lru_cache(maxsize=1024)
def _words(count: int) -> Struct:
    return Struct(f"<{count}I")
