"""A file of any size in bounded memory, whatever shape it has: one line, one value, one text, white space, or a bomb."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest
import zstandard

from worker.model import Source
from worker.sources.files import Found, documents_of_stream
from worker.sources.files.cut import Caps

MIB = 1024 * 1024
SIZE = 24 * MIB
LINE = b'{"a":"%s"}\n' % (b"x" * 1000)
CAPS = Caps(piece=128 * 1024, record=MIB, whole=MIB)


class Generated:
    """A beginning, then SIZE bytes of the same block, then an end; never in memory as a whole."""

    def __init__(self, start, block, end):
        self._start, self._end = start, end
        self._block = block * (MIB // len(block))
        self._left = SIZE // len(self._block)

    def read(self, size):
        if self._start:
            taken, self._start = self._start[:size], self._start[size:]
        elif self._left:
            self._left -= 1
            self._start = self._block[size:]
            taken = self._block[:size]
        else:
            taken, self._end = self._end[:size], self._end[size:]
        return taken


def read(stream):
    """The refusals and the number of documents; the most memory held at any time."""
    tracemalloc.start()
    try:
        found, refused = 0, []
        for one in documents_of_stream(stream, Source("dataset:x", "dataset", "dataset:x"), lambda: 0, caps=CAPS):
            found += 1
            if isinstance(one, Found) and one.document.refused:
                refused.append((one.document.refused.code.name, one.document.refused.size))
            assert not isinstance(one, Found) or len(one.document.data) <= CAPS.record
        return refused, found, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("start", "block", "end", "refused"),
    [
        (b'{"z":0}\n{"a":"', b"x", b'"}\n{"b":1}\n', [("TOO_LARGE", SIZE + 9)]),
        (b'[{"z":0},{"a":"', b"\\\\", b'"},{"b":1}]', [("TOO_LARGE", SIZE + 8)]),
        (b'{"z":0}\n', LINE, b"", []),
        (b'[{"z":0}', b"," + LINE, b"]", []),
        (b'{"z":0}\n', b"\n", b'{"b":1}\n', []),
        (b'[{"z":0}', b" ", b',{"b":1}]', []),
        (b"words", b" and", b"", [("TOO_LARGE", SIZE + 5)]),
        (b"<rss>", b"<item/>", b"</rss>", [("TOO_LARGE", 5 + SIZE // MIB * (MIB // 7 * 7) + 6)]),
        (b"\x00", b"\x00", b"", [("UNSUPPORTED_FORMAT", SIZE + 1)]),
        (b"", b" ", b"words", [("EMPTY", SIZE + 5)]),
    ],
)
def test_memory_does_not_grow_with_what_is_read(start, block, end, refused):
    found, _, most = read(Generated(start, block, end))
    assert found == refused
    assert most < 12 * MIB


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_bomb_is_unpacked_a_little_at_a_time(pack):
    layer = pack(b"x" * SIZE)
    assert len(layer) < SIZE / 900

    class Repeated:
        """Several such members one after another."""

        packed = layer * 3

        def read(self, size):
            taken, self.packed = self.packed[:size], self.packed[size:]
            return taken

    found, _, most = read(Repeated())
    assert found == [("TOO_LARGE", 3 * SIZE)]
    assert most < 80 * MIB


def test_a_member_larger_than_memory_may_be_is_cut_like_any_other():
    packer = zlib.compressobj(wbits=31)
    packed = b"".join(packer.compress(LINE * 1000) for _ in range(64)) + packer.flush()

    class Packed:
        left = packed

        def read(self, size):
            taken, self.left = self.left[:size], self.left[size:]
            return taken

    refused, documents, most = read(Packed())
    assert (refused, documents > 400) == ([], True)
    assert most < 12 * MIB
