"""Records, ordinals, positions and digests depend on a file's bytes alone: on no chunk, no cap of a piece, no interruption."""

from __future__ import annotations

import hashlib
import json
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from worker.core.parse import PARSERS
from worker.model import Code
from worker.sources.files import Found
from worker.sources.files.cut import Caps

RECORD = 60

texts = st.text(max_size=70) | st.sampled_from(["}{", "][", '\\"', "\\", "\\\\", ",", '"', "\n", "\ud800", "😀"])
records = st.recursive(
    texts | st.integers() | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=6,
)
objects = st.dictionaries(texts, records, max_size=2)
blanks = st.sampled_from(["", " ", "\t \r"])


class Met(NamedTuple):
    """A record as the file source and the parser together tell of it; of one over the cap the digest is the raw."""

    raw: bytes | str
    end: int
    ordinal: int


def written(record, plain):
    """As JSON; a lone surrogate can't be written but as an escape."""
    text = json.dumps(record)
    return json.dumps(record, ensure_ascii=False).encode() if plain and "\\ud800" not in text else text.encode()


def told_of(raw, end, ordinal, whole):
    return Met(hashlib.sha256(whole).hexdigest() if len(whole) > RECORD else raw, end, ordinal)


@st.composite
def lines(draw):
    data, expected = b"", []
    for record in [draw(objects), *draw(st.lists(records, max_size=5))]:
        raw = draw(blanks).encode() + written(record, draw(st.booleans())) + draw(blanks).encode()
        data += raw + b"\n"
        expected.append(told_of(raw, len(data), len(expected), raw + b"\n"))
        data += draw(st.sampled_from([b"", b"\n", b" \r\n\n"]))
    return data, expected


@st.composite
def arrays(draw):
    data, expected = b"", []
    for record in [draw(objects), *draw(st.lists(records, max_size=5))]:
        raw = written(record, draw(st.booleans()))
        data += (b"," if data else b"[") + b"\n  " * draw(st.booleans()) + raw
        expected.append(told_of(raw, len(data), len(expected), raw))
        data += draw(st.sampled_from([b"", b" ", b" \r\n"]))
    return data + b"]\n", expected


def met(found):
    document = found.document
    if document.refused:
        assert document.refused.code is Code.TOO_LARGE
        return [Met(document.refused.digest, document.end, document.ordinal)]
    return [Met(one.raw, one.end, one.ordinal) for one in PARSERS[document.format](document)]


def all_met(replay, caps):
    """Everything met, each with the file's state just after it."""
    said = replay.all(caps=caps)
    assert all(isinstance(one, Found) for one in said)
    return [(one, found.state_at(one.end, one.ordinal + 1, done=False)) for found in said for one in met(found)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(found=lines() | arrays(), piece=st.integers(1, RECORD))
def test_the_records_are_those_of_a_plain_parse_and_any_of_them_can_be_gone_on_from(replay, found, piece):
    data, expected = found
    caps = Caps(piece=piece, record=RECORD)
    replay.remembered.clear()
    (replay.root / "a").write_bytes(data)
    read = all_met(replay, caps)
    assert [one for one, _ in read] == expected
    for number, (one, state) in enumerate(read[:-1], 1):
        assert (state.position, state.records) == (one.end, number)
        assert state.digest == hashlib.sha256(data[: one.end]).hexdigest()
        replay.remembered["a"] = state
        assert all_met(replay, caps) == read[number:]


@pytest.mark.parametrize("size", [RECORD, RECORD + 1])
@pytest.mark.parametrize("before", [b"", b" " * 100])
@pytest.mark.parametrize("piece", [1, 7, RECORD])
def test_the_cap_of_a_value_counts_the_value_and_nothing_around_it(replay, size, before, piece):
    value = b'{"a":"%s"}' % (b"x" * (size - 8))
    (replay.root / "a").write_bytes(b'[{"z":0},' + before + value + b' , {"b":1}]')
    refused = [one.document for one in replay.all(caps=Caps(piece=piece, record=RECORD)) if one.document.refused]
    assert [(one.refused.size, one.refused.digest, one.start) for one in refused] == [
        (size, hashlib.sha256(value).hexdigest(), 9 + len(before))
    ] * (size > RECORD)


def test_a_root_given_twice_or_inside_another_is_read_once(replay):
    (replay.root / "a").write_bytes(b"words")
    for roots in ([replay.root, replay.root], [replay.root, replay.root / "a"], [replay.root / "a", replay.root]):
        assert [one.document.data for one in replay.all(roots=roots)] == [b"words"]


def test_a_byte_order_mark_alone_is_no_article_and_lines_behind_it_are_read_when_they_come(replay):
    path, mark = replay.root / "a", b"\xef\xbb\xbf"
    path.write_bytes(mark)
    assert replay.refusals() == ["EMPTY"]
    replay.publish()
    path.write_bytes(mark + b'{"a":1}\n')
    assert replay.publish() == [mark + b'{"a":1}']


@pytest.mark.parametrize("data", [b'[{"z":0},{"a":"', b'{"z":0} {"a":"'])
def test_a_value_over_the_cap_that_never_ends_is_refused_once(replay, data):
    (replay.root / "a").write_bytes(data + b"x" * 500)
    found = [one.document for one in replay.all(caps=Caps(piece=7, record=RECORD))]
    assert [one.refused and one.refused.code for one in found] == [None, Code.TOO_LARGE]
