from __future__ import annotations

import contextlib
import gzip
import tracemalloc
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from worker.sources.feed.unpack import Broken, Over, unpacker

FEED = b"<rss><channel/></rss>" * 50


def raw_deflate(data):
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


def zstd(data):
    return zstandard.ZstdCompressor().compress(data)


PACKERS = [
    ("gzip", gzip.compress),
    ("x-gzip", gzip.compress),
    ("deflate", zlib.compress),
    ("deflate", raw_deflate),
    ("br", brotli.compress),
    ("zstd", zstd),
]


@pytest.mark.parametrize(("encoding", "pack"), [*PACKERS, ("", bytes), ("identity", bytes), (" GZip ", gzip.compress)])
@given(data=st.binary(max_size=3000))
def test_what_was_packed_is_unpacked(encoding, pack, data):
    assert unpacker(encoding)(pack(data), len(data)) == data


@pytest.mark.parametrize(("encoding", "pack"), [*PACKERS, ("", bytes)])
def test_more_than_the_limit_is_over(encoding, pack):
    with pytest.raises(Over):
        unpacker(encoding)(pack(FEED), len(FEED) - 1)


@pytest.mark.parametrize(("encoding", "pack"), PACKERS)
def test_a_bomb_takes_no_more_memory_than_the_limit(encoding, pack):
    limit = 1024 * 1024
    bomb = pack(bytes(100 * limit))
    tracemalloc.start()
    try:
        with pytest.raises(Over):
            unpacker(encoding)(bomb, limit)
        assert tracemalloc.get_traced_memory()[1] < 16 * limit
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("encoding", "pack"), PACKERS)
def test_what_breaks_off_is_broken(encoding, pack):
    packed = pack(FEED)
    for cut in range(1, len(packed) - 1):
        with pytest.raises(Broken):
            unpacker(encoding)(packed[:cut], 10 * len(FEED))


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_what_was_never_packed_is_broken(encoding):
    with pytest.raises(Broken):
        unpacker(encoding)(FEED, 10 * len(FEED))


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
@given(packed=st.binary(max_size=500))
def test_any_bytes_end_in_data_or_are_broken(encoding, packed):
    with contextlib.suppress(Broken, Over):
        assert len(unpacker(encoding)(packed, 100_000)) <= 100_000


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("zstd", zstd)])
def test_several_members_or_frames_are_one_body_but_not_any_number_of_them(encoding, pack):
    assert unpacker(encoding)(pack(FEED) * 3, 10 * len(FEED)) == FEED * 3
    with pytest.raises(Broken, match="more"):
        unpacker(encoding)(pack(b"") * 10_000, 10)


def test_padding_and_junk_behind_a_gzip_member_are_passed_over():
    assert unpacker("gzip")(gzip.compress(FEED) + bytes(512) + b"junk", len(FEED)) == FEED


def test_a_zstd_frame_that_asks_for_a_huge_window_is_broken():
    header = b"\x28\xb5\x2f\xfd" + b"\x00" + bytes([21 << 3])  # RFC 8878 section 3.1.1.1.2: 2 GiB
    with pytest.raises(Broken):
        unpacker("zstd")(header + b"\x01\x00\x00", 100)


@pytest.mark.parametrize("encoding", ["gzip, gzip", "gzip,br", "compress", "rot13", "gzip;q=1"])
def test_what_is_unknown_or_packed_more_than_once_has_no_unpacker(encoding):
    assert unpacker(encoding) is None
