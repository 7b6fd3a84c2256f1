"""JSON Feed 1.0 and 1.1, and what publishers make of it."""

import json

import pytest
from unit.core.polled import OBSERVED_AT, SOURCE, articles, one, polled

from worker.core.read import read
from worker.model import Article, Code, Document, Format, Rejection

VERSION = "https://jsonfeed.org/version/1.1"
ITEM = {"id": "1", "title": "Seals counted", "content_html": "<p>There are <b>forty-one</b>.</p>"}


def feed(*items, **more):
    return json.dumps({"version": VERSION, "title": "Harbour News", "items": items, **more})


def value(reading):
    article = one(reading)
    rest = json.loads(b"{" + article.rest + b"}")
    return {"item": json.loads(article.item + b"}"), **rest}


def test_an_item_is_an_article():
    item = {
        **ITEM,
        "url": "https://x.example/1",
        "summary": "Many.",
        "date_published": "2023-01-09T10:00:00Z",
        "date_modified": "2023-01-10T10:00:00Z",
        "authors": [{"name": "Jo Berg"}, {"name": "Mara Lind"}],
        "tags": ["seals"],
        "language": "en",
        "image": "https://x.example/1.jpg",
        "attachments": [
            {"url": "https://x.example/1.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 9, "title": "Barks"}
        ],
    }
    reading = polled(feed(item))
    found = value(reading)
    assert found["item"]["headlines"] == [{"value": "Seals counted"}]
    assert found["item"]["bodies"][0]["value"] == "There are forty-one."
    assert found["item"]["descriptions"][0]["value"] == "Many."
    assert found["item"]["by"] == "Jo Berg, Mara Lind"
    assert found["item"]["subjects"] == [{"name": "seals"}]
    assert [one["name"] for one in found["item"]["associations"]] == ["1.jpg", "Barks"]
    assert found["published"]["value"] == "2023-01-09T10:00:00Z"
    assert found["source"]["title"] == "Harbour News"
    assert one(reading).traits.updated == 1_673_344_800
    assert [kind for kind, _ in one(reading).traits.keys] == ["guid", "link", "headline", "text"]


def test_the_author_of_1_0_and_the_authors_of_the_feed_are_authors():
    assert value(polled(feed({**ITEM, "author": {"name": "Jo Berg"}})))["item"]["by"] == "Jo Berg"
    assert value(polled(feed(ITEM, authors=[{"name": "Jo Berg"}])))["item"]["by"] == "Jo Berg"


def test_nothing_is_escaped_in_plain_members():
    found = value(polled(feed({"id": "1", "title": "a &amp; <b>", "content_text": "x &lt; <i>y</i>"})))["item"]
    assert found["headlines"][0]["value"] == "a &amp; <b>"
    assert found["bodies"][0]["value"] == "x &lt; <i>y</i>"


@pytest.mark.parametrize(("declared", "guid"), [(17, "17"), (2**70, str(2**70)), (1.5, "1.5"), ("a", "a")])
def test_an_id_may_be_a_number(declared, guid):
    assert one(polled(feed({**ITEM, "id": declared}))).entry_key == guid


@pytest.mark.parametrize("nonsense", [None, True, 3, [], {}, [[]], {"name": []}, [None, 3, {"name": 4}]])
@pytest.mark.parametrize(
    "member",
    "url summary date_published date_modified author authors tags language image attachments content_text id".split(),
)
def test_a_member_of_a_wrong_type_costs_not_the_item(member, nonsense):
    assert value(polled(feed({**ITEM, member: nonsense})))["item"]["headlines"][0]["value"] == "Seals counted"


@pytest.mark.parametrize("item", [None, 3, "text", [], [{}]])
def test_an_item_that_is_no_object_costs_only_itself(item):
    reading = polled(feed(ITEM, item, {**ITEM, "id": "2"}))
    assert [type(found) for found in reading.items] == [Article, Rejection, Article]
    assert reading.items[1].code is Code.NOT_AN_ARTICLE
    assert reading.items[1].raw == json.dumps(item, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ('"n": NaN, "m": Infinity', "NaN"),
        (f'"n": {"9" * 5_000}', "an integer of 5,000 digits"),
        (f'"n": {"[" * 500 + "]" * 500}', "nesting"),
        ('"title": "other", "title": "Seals counted"', "a key twice"),
        ('"n": "\\ud800"', "a lone surrogate"),
        ('"n": 1e999', "a number beyond all"),
    ],
    ids=lambda part: part if " " not in part else "",
)
def test_what_strict_readers_refuse_costs_nothing(written, text):
    data = feed(ITEM).replace('"title": "Seals counted"', f'"title": "Seals counted", {written}')
    assert value(polled(data))["item"]["headlines"][0]["value"] == "Seals counted"


def test_nesting_without_end_is_a_fault_and_no_crash():
    assert "nested" in polled('{"items": ' + "[" * 200_000).fault.message


def test_an_integer_without_end_is_an_id_like_any_other():
    data = feed({**ITEM, "id": "?"}).replace('"?"', "9" * 5_000)
    assert one(polled(data)).entry_key.startswith("sha256:")


def test_a_byte_order_mark_is_none_of_it():
    assert len(articles(polled("\ufeff" + feed(ITEM)))) == 1


@pytest.mark.parametrize("version", [None, "https://jsonfeed.org/version/1", "1.1", 1.1])
def test_the_version_is_not_asked_for(version):
    assert len(articles(polled(feed(ITEM, version=version)))) == 1


@pytest.mark.parametrize("declared", [form for form in Format if form is not Format.RECORDS])
def test_a_polled_document_is_what_its_bytes_are(declared):
    assert len(articles(polled(feed(ITEM), declared))) == 1


def test_a_saved_one_is_read_by_the_same_way():
    document = Document(SOURCE, "a.json", Format.JSON_FEED, feed(ITEM).encode(), 0, -1, 0, OBSERVED_AT)
    (article,) = read(document, 100_000).items
    assert json.loads(article.provenance + b"}")["file"] == "a.json"
    assert article.traits is None
