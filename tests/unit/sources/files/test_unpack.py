from __future__ import annotations

import gzip
from io import BytesIO

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from worker.sources.files.unpack import Damaged, unpacked

SKIPPABLE = b"\x50\x2a\x4d\x18\x04\x00\x00\x00size"


def zstd(data):
    return zstandard.ZstdCompressor().compress(data)


def all_of(packed, size=1000):
    stream = unpacked(BytesIO(packed).read)
    parts = []
    try:
        while part := stream.read(size):
            assert len(part) <= size
            parts.append(part)
    except Damaged as damage:
        return b"".join(parts), damage
    return b"".join(parts), None


@given(
    st.lists(st.binary(max_size=300), min_size=1, max_size=4),
    st.integers(1, 400),
    st.sampled_from([gzip.compress, zstd]),
)
def test_several_members_or_frames_are_one_stream(parts, size, pack):
    assert all_of(b"".join(map(pack, parts)), size) == (b"".join(parts), None)


@pytest.mark.parametrize("packed", [gzip.compress(b"abc") + bytes(512), SKIPPABLE + zstd(b"abc") + SKIPPABLE])
def test_padding_and_skippable_frames_are_passed_over(packed):
    assert all_of(packed) == (b"abc", None)


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
@pytest.mark.parametrize("cut", [1, 5, 40])
def test_data_that_breaks_off_is_damaged_after_all_that_came_before(pack, cut):
    data = bytes(range(256)) * 3000
    first = pack(data)
    found, damage = all_of(first + pack(data)[:-cut])
    assert found.startswith(data)
    assert (data + data).startswith(found)
    assert "breaks off" in str(damage)


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
def test_garbage_behind_is_damaged(pack):
    found, damage = all_of(pack(b"abc") + b"garbage that is neither")
    assert (found, "corrupt" in str(damage)) == (b"abc", True)


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
@given(garbage=st.binary(max_size=200))
def test_any_bytes_behind_the_magic_end_in_data_or_damage(pack, garbage):
    found, damage = all_of(pack(b"")[:4] + garbage)
    assert isinstance(found, bytes)
    assert damage is None or str(damage)


def test_a_frame_that_asks_for_a_huge_window_is_damaged():
    header = b"\x28\xb5\x2f\xfd" + b"\x00" + bytes([21 << 3])  # RFC 8878 section 3.1.1.1.2: 2 GiB
    found, damage = all_of(header + b"\x01\x00\x00")
    assert (found, "corrupt" in str(damage)) == (b"", True)


def test_what_is_not_packed_stays_as_it_is():
    assert all_of(b"date 2023-01 words") == (b"date 2023-01 words", None)


def test_a_pipe_that_gives_single_bytes_is_recognised_all_the_same():
    stream = BytesIO(gzip.compress(b"abc"))
    assert unpacked(lambda _: stream.read(1)).read(10)[:1] == b"a"
