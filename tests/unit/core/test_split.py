"""Where values end: the same wherever the chunks do."""

from __future__ import annotations

import pytest

from worker.core.parse.split import Scanner, elements, next_value

VALUES = [
    b"{}",
    b"[]",
    b'""',
    b'{"a": {"b": [1, {"c": []}]}}',
    b'{"a": "}]{[,"}',
    b'"a \\" quote, \\\\"',
    b'{"a": "\\\\\\"}", "b\\\\": "\\\\"}',
    '{"kop": "Ünïcödé \\ud800 😀", "l": "\\u007d"}'.encode(),
    b'[\n "x", [[["y"]]], null,\r\n -1.5e3 ]',
]


def ends_of(chunks):
    """The end over all chunks, as a caller finds it who hands in one after another."""
    scanner = Scanner()
    before = 0
    for chunk in chunks:
        end = scanner.end(chunk, 0)
        if end >= 0:
            return before + end
        before += len(chunk)
    return -1


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("behind", [b"", b', "}"]', b'{"next": 1}', b"]"])
def test_a_value_ends_at_the_same_byte_wherever_it_is_cut(value, behind):
    data = value + behind
    for first in range(1, len(data)):
        assert ends_of([data[:first], data[first:]]) == len(value)
        for second in range(first, len(data)):
            assert ends_of([data[:first], data[first:second], data[second:]]) == len(value)


@pytest.mark.parametrize("value", VALUES)
def test_a_value_ends_at_the_same_byte_given_byte_by_byte(value):
    assert ends_of([value[at : at + 1] for at in range(len(value))]) == len(value)


@pytest.mark.parametrize("value", VALUES)
def test_a_value_that_breaks_off_has_no_end(value):
    for length in range(1, len(value)):
        assert ends_of([value[:length]]) == -1


@pytest.mark.parametrize("behind", [b",", b" ", b"\n", b"]", b"}"])
def test_a_number_or_word_ends_where_something_else_begins(behind):
    for cut in range(1, 6):
        data = b"-12.5" + behind
        assert ends_of([data[:cut], data[cut:]]) == 5


def test_a_number_at_the_end_of_the_data_may_go_on():
    scanner = Scanner()
    assert scanner.end(b"12", 0) == -1
    assert (scanner.inside, scanner.scalar) == (True, True)


def test_one_scanner_finds_one_value_after_another():
    data = b'"a" {"b": "\\\\"} [1] 2 '
    scanner, ends, position = Scanner(), [], 0
    while (position := next_value(data, position)) < len(data):
        position = scanner.end(data, position)
        ends.append(position)
    assert [data[:end].split()[-1] for end in ends] == [b'"a"', b'"\\\\"}', b"[1]", b"2"]


def test_brackets_a_hundred_thousand_deep_are_followed():
    deep = b"[" * 100_000 + b"]" * 100_000
    assert ends_of([deep[:150_000], deep[150_000:]]) == len(deep)


def test_elements_are_the_values_between_separators():
    data = b' , {"a": ","},\r\n "x" 1,[2] '
    assert [data[start:end] for start, end in elements(data)] == [b'{"a": ","}', b'"x"', b"1", b"[2]"]


@pytest.mark.parametrize("left", [b'{"a": 1', b'"a', b"] more", b"}"])
def test_what_is_no_whole_value_is_one_more_element(left):
    data = b"{} " + left
    assert [data[start:end] for start, end in elements(data)] == [b"{}", left]


@pytest.mark.parametrize("data", [b"", b" \n,, "])
def test_separators_alone_are_no_element(data):
    assert list(elements(data)) == []
