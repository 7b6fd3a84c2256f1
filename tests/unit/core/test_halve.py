"""A document halved until nothing more can be halved says what the whole said."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.core.parse import PARSERS
from worker.core.parse.halve import halve
from worker.model import Code, Document, Format, Refusal, Source

SOURCE = Source("dataset:x", "dataset", "dataset:x")
BASE = 1000  # a document from the middle of a file

values = st.one_of(
    st.dictionaries(st.text(max_size=4), st.text(max_size=8), max_size=3), st.integers(), st.text(max_size=8)
)


def document(form, data):
    return Document(SOURCE, "a", form, data, BASE, BASE + len(data), 7, 5)


def said_by(found):
    return [(one.start, one.end, one.ordinal, one.raw) for one in PARSERS[found.format](found)]


def quarters(found):
    halves = halve(found)
    return [quarter for half in halves for quarter in quarters(half)] if halves else [found]


@given(st.lists(values, max_size=9), st.sampled_from([b"\n", b"\r\n", b"\n\n \n"]), st.booleans())
def test_lines_halved_to_the_last_say_the_same(found, newline, ended):
    data = newline.join(json.dumps(one).encode() for one in found) + newline * ended
    parts = quarters(document(Format.JSONL, data))
    assert b"".join(part.data for part in parts) == data
    assert [part.start for part in parts[1:]] == [part.end for part in parts[:-1]]
    assert [one for part in parts for one in said_by(part)] == said_by(document(Format.JSONL, data))
    assert len(parts) == max(1, len(found))


@given(st.lists(values, max_size=9), st.sampled_from([b",", b" , ", b"\n"]))
def test_values_halved_to_the_last_say_the_same(found, separator):
    data = separator.join(json.dumps(one).encode() for one in found)
    parts = quarters(document(Format.JSON, data))
    assert b"".join(part.data for part in parts) == data
    assert [part.start for part in parts[1:]] == [part.end for part in parts[:-1]]
    assert [one for part in parts for one in said_by(part)] == said_by(document(Format.JSON, data))
    assert len(parts) == max(1, len(found))


@pytest.mark.parametrize(
    ("form", "data"),
    [
        (Format.TEXT, b"words\nand more\n"),
        (Format.FEED, b"<rss><item/><item/></rss>"),
        (Format.JSONL, b'\n \n{"a":1}\n\n'),
        (Format.JSON, b' {"a":[1,2]} ,'),
        (Format.JSONL, b""),
        (Format.JSON, b""),
    ],
)
def test_where_there_is_no_boundary_within_nothing_is_cut(form, data):
    assert halve(document(form, data)) is None


@pytest.mark.parametrize("form", [Format.JSON, Format.JSONL])
def test_what_is_refused_is_not_cut(form):
    whole = document(form, b'{"a":1}\n{"b":2}\n')
    assert halve(whole)
    assert halve(replace(whole, refused=Refusal(Code.TOO_LARGE, "too large"))) is None
