"""Whatever the bytes and however they come in: the same records, positions and digests, from the start or from anywhere."""

from __future__ import annotations

import hashlib
import json
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.core.parse.split import elements
from worker.model import Format
from worker.sources.files.cut import Caps, Unterminated, lines
from worker.sources.files.tape import Tape
from worker.sources.files.values import values

CAPS = Caps(piece=48, record=96, whole=200)
ROOMY = Caps()

blanks = st.sampled_from([b"", b" ", b"\n", b"\r\n", b" \t\n "])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.sampled_from(['\\"', "}{", "][", ",", "\\"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
articles = st.dictionaries(st.text(max_size=6), json_values, max_size=4).map(lambda found: json.dumps(found).encode())


class Dripping:
    """A stream that gives what it likes, at least a byte."""

    def __init__(self, data, sizes):
        self._stream, self._sizes = BytesIO(data), sizes

    def read(self, size):
        self._sizes.append(self._sizes.pop(0))
        return self._stream.read(min(size, self._sizes[-1]))


chunks = st.lists(st.integers(1, 60), min_size=1, max_size=5)


def tape_of(data, sizes):
    return Tape(Dripping(data, list(sizes)))


def check_pieces(pieces, data):
    """Every piece holds what lies at its place, and knows the digest before and after."""
    for piece in pieces:
        if not piece.refused:
            assert data[piece.start : piece.end] == piece.data
        assert piece.before.hexdigest() == hashlib.sha256(data[: piece.start]).hexdigest()
        assert piece.after == hashlib.sha256(data[: piece.end]).hexdigest()
    ordinals = [piece.ordinal for piece in pieces]
    assert ordinals == [sum(piece.records for piece in pieces[:index]) for index in range(len(pieces))]


@given(st.lists(st.binary(max_size=200).map(lambda line: line.replace(b"\n", b" ")), max_size=12), chunks)
def test_lines_come_out_as_they_went_in(found, sizes):
    data = b"".join(line + b"\n" for line in found)
    pieces = list(lines(tape_of(data, sizes), 0, CAPS))
    check_pieces(pieces, data)
    assert [piece.end for piece in pieces[:-1]] == [piece.start for piece in pieces[1:]]
    assert sum(piece.records for piece in pieces) == sum(
        1 for line in found if (line and not line.isspace()) or len(line) >= CAPS.record
    )
    refused = [(piece.refused.size, piece.refused.digest) for piece in pieces if piece.refused]
    assert refused == [
        (len(line) + 1, hashlib.sha256(line + b"\n").hexdigest()) for line in found if len(line) + 1 > CAPS.record
    ]


@given(st.lists(articles, min_size=1, max_size=8), blanks, chunks, st.booleans())
def test_values_come_out_as_they_went_in(found, blank, sizes, array):
    separator = blank + b"," + blank if array else blank
    data = blank + (b"[" if array else b"") + separator.join(found) + blank + (b"]" if array else b"") + blank
    pieces = list(values(tape_of(data, sizes), 0, Caps(piece=48), array=array))
    check_pieces(pieces, data)
    assert not [piece.refused for piece in pieces if piece.refused]
    assert [piece.data[start:end] for piece in pieces for start, end in elements(piece.data)] == found
    assert sum(piece.records for piece in pieces) == len(found)


@given(st.lists(articles, min_size=1, max_size=8), chunks, st.data())
def test_an_array_goes_on_after_any_of_its_values(found, sizes, data):
    whole = b"[" + b", ".join(found) + b"]"
    already = data.draw(st.integers(0, len(found)))
    position = len(b"[" + b", ".join(found[:already])) if already else 0
    tape = tape_of(whole, sizes)
    assert tape.skip_to(position)
    pieces = list(values(tape, already, Caps(piece=48), array=True))
    assert [piece.data[start:end] for piece in pieces for start, end in elements(piece.data)] == found[already:]
    assert [piece.ordinal for piece in pieces[:1]] == [already] * bool(pieces)
    assert all(piece.before.hexdigest() == hashlib.sha256(whole[: piece.start]).hexdigest() for piece in pieces)


@given(st.lists(articles, min_size=1, max_size=8), chunks, st.data())
def test_lines_go_on_after_any_line(found, sizes, data):
    whole = b"".join(line + b"\n" for line in found)
    already = data.draw(st.integers(0, len(found)))
    tape = tape_of(whole, sizes)
    assert tape.skip_to(len(b"".join(line + b"\n" for line in found[:already])))
    pieces = list(lines(tape, already, Caps(piece=48)))
    assert b"".join(piece.data for piece in pieces) == b"".join(line + b"\n" for line in found[already:])
    assert all(piece.after == hashlib.sha256(whole[: piece.end]).hexdigest() for piece in pieces)


@given(st.binary(max_size=300), chunks, st.sampled_from([Format.JSONL, Format.JSON]), st.booleans())
def test_any_bytes_are_cut_without_an_error_and_without_losing_a_byte_in_silence(data, sizes, form, array):
    tape = tape_of(data, sizes)
    try:
        pieces = list(lines(tape, 0, CAPS) if form is Format.JSONL else values(tape, 0, CAPS, array=array))
    except Unterminated:
        assert form is Format.JSONL
        return
    check_pieces(pieces, data)
    covered = bytearray(data)
    for piece in pieces:
        covered[piece.start : piece.end] = b" " * (piece.end - piece.start)
    assert set(covered) <= set(b" \t\r\n\x0b\x0c,[]\xef\xbb\xbf")


@given(st.lists(articles, min_size=1, max_size=6), st.integers(1, 40))
def test_a_reader_finds_the_values_that_the_source_counted(found, piece):
    data = b"[" + b",".join(found) + b"]"
    for one in values(tape_of(data, [7]), 0, Caps(piece=piece), array=True):
        assert len(list(elements(one.data))) == one.records


def test_a_document_stays_below_the_cap_unless_one_record_is_longer():
    data = b"".join(b'{"a":"%s"}\n' % (b"x" * size) for size in (5, 5, 5, 60, 5))
    assert [len(piece.data) for piece in lines(tape_of(data, [1000]), 0, CAPS)] == [42, 69, 14]


def test_a_record_over_the_cap_is_refused_and_the_next_is_read():
    data = b'{"a":"%s"}\n{"b":1}\n' % (b"x" * 500)
    big, small = lines(tape_of(data, [1000]), 0, CAPS)
    assert (big.refused.code.name, big.refused.size, big.ordinal) == ("TOO_LARGE", 509, 0)
    assert (small.data, small.ordinal) == (b'{"b":1}\n', 1)


def test_a_value_over_the_cap_is_refused_and_the_next_is_read():
    large = b'{"a":"%s"}' % (b'\\"}' * 200)
    data = b'[{"z":0}, ' + large + b', {"b":1}]'
    pieces = list(values(tape_of(data, [10]), 0, CAPS, array=True))
    assert [piece.ordinal for piece in pieces] == [0, 1, 2]
    assert pieces[1].refused.code.name == "TOO_LARGE"
    assert pieces[1].end == data.index(large) + len(large)
    assert pieces[2].data.endswith(b'{"b":1}')


@pytest.mark.parametrize(
    ("data", "good", "rest"),
    [
        (b'[{"a":1}, {"b":2', 1, b', {"b":2'),
        (b'[{"a":1}, {"b":2},', 2, b","),
        (b'[{"a":1}] {"b":2}', 1, b'] {"b":2}'),
        (b'[{"a":1}, {"b": "}]', 1, b', {"b": "}]'),
        (b'[{"a":1}, {"b":2}}', 2, b"}"),
    ],
)
def test_what_is_good_before_a_break_is_read_and_the_rest_refused_once(data, good, rest):
    *read, broken = values(tape_of(data, [1000]), 0, ROOMY, array=True)
    assert sum(piece.records for piece in read) == good
    assert broken.refused.code.name == "INVALID_JSON"
    assert rest.endswith(broken.data)
    assert broken.end == len(data)


@pytest.mark.parametrize("last", [b'{"a":', b'{"a":"x', b"{"])
def test_a_last_line_that_does_not_parse_is_not_read(last):
    tape = tape_of(b'{"z":1}\n' + last, [3])
    cut = lines(tape, 0, CAPS)
    assert next(cut).data == b'{"z":1}\n'
    with pytest.raises(Unterminated):
        next(cut)
    assert tape.position == len(b'{"z":1}\n')


@pytest.mark.parametrize("last", [b'{"a":1}', b'\xef\xbb\xbf{"a":1}', b'{"a":"\\ud800"}'])
def test_a_last_line_without_an_end_that_parses_is_read(last):
    (piece,) = lines(tape_of(last, [5]), 0, ROOMY)
    assert (piece.data, piece.records) == (last, 1)


def test_a_lone_scalar_at_the_end_is_a_value():
    first, last = values(tape_of(b'{"a":1} 17', [100]), 0, ROOMY, array=False)
    assert (first.data, last.data, last.ordinal) == (b'{"a":1}', b" 17", 1)
