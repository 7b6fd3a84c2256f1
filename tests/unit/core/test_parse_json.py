"""What people call the fields of an article, and what is none."""

import json

import pytest

from worker.core.parse import Entry, Unreadable, Withdrawn
from worker.core.parse.json import entries_of_lines
from worker.model import Code, Document, Format, Source

SOURCE = Source("dataset:d", "dataset", "dataset:d")


def parsed(record):
    data = record if isinstance(record, bytes) else json.dumps(record).encode()
    (one,) = entries_of_lines(Document(SOURCE, "f", Format.JSONL, data, 0, len(data), 0, 0))
    return one


@pytest.mark.parametrize("name", ["title", "headline", "Title", "HEADLINE"])
def test_a_headline_goes_by_any_of_its_names(name):
    assert parsed({name: "Seals counted", "text": "Forty."}).headline == "Seals counted"


@pytest.mark.parametrize("others", [0, 100])
def test_of_several_names_the_first_that_holds_something_wins(others):
    record = {f"other-{number}": number for number in range(others)}
    for holding, expected in (("headline", "a"), ("title", "b")):
        empty = {"headline": "", "title": None, "content": [], "text": "x", "body": "y", "n" * 50: "z"}
        found = parsed(record | empty | {"title": "b", holding: expected})
        assert (found.headline, found.text) == (expected, "x")


@pytest.mark.parametrize(
    "authors", ["A. Writer", ["A. Writer"], {"name": "A. Writer"}, [{"name": "A. Writer"}], ["", None, "A. Writer"]]
)
def test_authors_come_as_a_string_a_list_or_objects(authors):
    assert parsed({"title": "t", "authors": authors}).authors == ("A. Writer",)


def test_paragraphs_in_a_list_are_one_text():
    assert parsed({"title": "t", "body": ["first", "second"]}).text == "first\n\nsecond"


@pytest.mark.parametrize("name", ["items", "articles", "entries"])
def test_an_object_that_holds_articles_is_none_and_says_where_they_are(name):
    found = parsed({"title": "My site", name: [{"title": "a"}]})
    assert isinstance(found, Unreadable)
    assert found.code is Code.NOT_AN_ARTICLE
    assert name in found.message


def test_a_canceled_ninjs_item_is_a_withdrawal_and_no_article():
    assert isinstance(parsed({"uri": "urn:x:1", "pubStatus": "canceled", "headlines": [{"value": "t"}]}), Withdrawn)


@pytest.mark.parametrize("title", ["t", "\ud800"])
def test_an_integer_of_any_size_is_an_id(title):
    assert parsed({"id": 123456789012345678901234, "title": title}).id == 123456789012345678901234


@pytest.mark.parametrize("raw", [b'{"title": NaN}', b'{"title": "x"', b"[" * 100_000, b"\xff\xfe{}"])
def test_what_is_no_json_is_unreadable(raw):
    assert parsed(raw).code is Code.INVALID_JSON


def test_bytes_that_are_not_utf8_are_named_as_such():
    assert "UTF-8" in parsed('{"title": "café"}'.encode("latin-1")).message


def test_ninjs_headlines_and_bodies_are_read():
    found = parsed({"headlines": [{"value": "t"}], "bodies": [{"contentType": "text/html", "value": "<p>x</p>"}]})
    assert isinstance(found, Entry)
    assert (found.headline, found.text, found.html) == ("t", None, "<p>x</p>")
