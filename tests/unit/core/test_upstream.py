"""Records of other systems' topics: to documents, and what each becomes."""

import base64
import gzip
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.core import identity
from worker.core.parse.halve import halve
from worker.core.read import read
from worker.core.upstream import documents
from worker.model import Article, Code, Definition, Rejection, UpstreamRecord, Withdrawal

LIMIT = 1_000_000
AT = 1_780_000_000_000
ARTICLE = {"id": "heron-7", "title": "A heron on the weir", "text": "It stood there for an hour, and then it left."}
RSS = b"""<rss version="2.0"><channel><title>Weir</title>
<item><guid>a-1</guid><title>First</title><description>The water rose.</description></item>
<item><title>Second</title></item><item><title>Third</title></item></channel></rss>"""
FEED = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "Weir",
    "items": [{"id": "x", "content_text": "Words."}],
}


def definition(form="auto", share=None):
    site = "topic:wire" + ("/{}/{}".format(*share) if share else "")
    return Definition("wire", "kafka://broker.example:9092/wire.out", site, 1, "topic", format=form, share=share)


def records(*values, headers=(), start=5):
    return [UpstreamRecord(3, start + n, AT - 1, value, headers) for n, value in enumerate(values)]


def said(*values, form="auto", headers=(), share=None):
    found = documents(definition(form, share), 3, records(*values, headers=headers), AT)
    return [item for one in found for item in read(one, LIMIT).items]


def encoded(article):
    return json.dumps(article).encode()


def event(**members):
    return {"specversion": "1.0", "id": "e-1", "source": "/desk", "type": "story.filed", **members}


def test_an_article_is_known_by_the_id_that_it_declares_in_the_scope_of_its_topic():
    (article,) = said(encoded(ARTICLE), share=(1, 4))
    assert article.article_id == identity.article_id("topic:wire", "id", "heron-7")
    assert article.end == 6
    provenance = json.loads(article.provenance + b"}")
    assert provenance["documentUrl"] == "kafka://broker.example:9092/wire.out?partition=3&offset=5"
    assert provenance["documentDigest"] == f"sha256:{hashlib.sha256(encoded(ARTICLE)).hexdigest()}"
    assert not provenance.keys() & {"file", "position", "httpStatus"}


def test_a_number_as_id_counts_in_the_whole_topic():
    (article,) = said(encoded({**ARTICLE, "id": 7}))
    assert article.article_id == identity.article_id("topic:wire", "id", "7")


def test_an_article_without_an_id_is_known_by_where_it_lies():
    (article,) = said(encoded({**ARTICLE, "id": None}))
    assert article.article_id == identity.article_id("topic:wire", "offset", '["wire.out",3,5]')


@pytest.mark.parametrize("form", ["auto", "articles"])
@pytest.mark.parametrize(
    ("headers", "wrapped"),
    [
        ((("ce_specversion", b"1.0"), ("ce_type", b"story.filed"), ("content-type", b"application/json")), encoded),
        ((), lambda article: encoded(event(data=article))),
        (
            (("content-type", b"application/cloudevents+json; charset=utf-8"),),
            lambda article: encoded(event(data=article)),
        ),
        ((), lambda article: encoded(event(data=json.dumps(article)))),
        ((), lambda article: encoded(event(data_base64=base64.b64encode(encoded(article)).decode()))),
    ],
)
def test_a_cloudevent_around_it_changes_nothing(headers, wrapped, form):
    (bare,), (article,) = said(encoded(ARTICLE)), said(wrapped(ARTICLE), headers=headers, form=form)
    assert (article.article_id, article.content_hash) == (bare.article_id, bare.content_hash)


@pytest.mark.parametrize(
    "value",
    [b"[1]", encoded(event()), encoded(event(data_base64="%%")), b'{"specversion":', encoded({"specversion": 1})],
)
def test_what_is_said_to_be_a_cloudevent_and_is_none_is_rejected(value):
    (rejection,) = said(value, headers=(("content-type", b"application/cloudevents+json"),))
    assert (rejection.code, rejection.raw) == (Code.NOT_AN_ARTICLE, value)


@pytest.mark.parametrize("form", ["auto", "feed"])
@pytest.mark.parametrize("wrapped", [lambda data: data, lambda data: encoded(event(data=data.decode()))])
def test_a_feed_is_as_many_articles_as_it_has_entries_all_at_its_offset(form, wrapped):
    found = said(wrapped(RSS), form=form)
    assert [one.end for one in found] == [6, 6, 6]
    assert found[0].article_id == identity.article_id("topic:wire", "guid", "a-1")
    assert len({one.article_id for one in found}) == 3


@pytest.mark.parametrize("form", ["auto", "feed"])
def test_a_json_feed_is_read_as_one(form):
    (article,) = said(encoded(FEED), form=form)
    assert article.article_id == identity.article_id("topic:wire", "guid", "x")


def test_a_feed_where_articles_are_said_to_be_is_none_of_them():
    (rejection,) = said(RSS, form="articles")
    assert rejection.code is Code.INVALID_JSON


@pytest.mark.parametrize("form", ["auto", "articles", "feed"])
@pytest.mark.parametrize(
    ("packed", "name"), [(gzip.compress(encoded(ARTICLE)), "gzip"), (b"\x28\xb5\x2f\xfd\x04\x00words", "zstd")]
)
def test_what_its_producer_compressed_is_called_that_and_what_to_do(packed, name, form):
    (rejection,) = said(packed, form=form)
    assert rejection.code is Code.UNSUPPORTED_FORMAT
    assert rejection.message.startswith(
        f"compressed with {name} by whoever sent it: send the JSON or the feed as it is"
    )
    assert f"compression.type={name}" in rejection.message


@pytest.mark.parametrize(
    ("value", "code", "form"),
    [
        (None, Code.EMPTY, "auto"),
        (b"", Code.EMPTY, "auto"),
        (b" \r\n", Code.EMPTY, "auto"),
        (b"\x00\x00\x00\x00\x07\x10words", Code.UNSUPPORTED_FORMAT, "auto"),
        (b"\xff\xfe\x00nonsense", Code.INVALID_JSON, "auto"),
        (b'{"title": "\xff"}', Code.INVALID_JSON, "auto"),
        (b'{"weather": 4}', Code.NOT_AN_ARTICLE, "auto"),
        (b"[" * 50_000, Code.INVALID_JSON, "auto"),
        (b"<html><body>words</body></html>", None, "feed"),
        (b"not a feed", None, "feed"),
        (b'{"title": " "}', None, "auto"),
    ],
)
def test_a_record_that_is_no_article_is_rejected_in_its_place_and_the_others_go_on(value, code, form):
    good = encoded(ARTICLE) if form == "auto" else RSS
    items = said(good, value, good, form=form)
    assert isinstance(items[0], Article)
    assert any(isinstance(item, Article) and item.end == 8 for item in items)
    (rejection,) = [item for item in items if isinstance(item, Rejection)]
    assert (rejection.end, rejection.entry_key, rejection.raw) == (7, '["wire.out",3,6]', value or b"")
    assert code in (None, rejection.code)


@pytest.mark.parametrize(
    "data",
    [
        {**ARTICLE, "title": "A \ud800 heron"},
        {**ARTICLE, "id": 2**70},
        {**ARTICLE, "more": json.loads('{"a":' * 300 + "1" + "}" * 300)},
    ],
)
def test_what_a_structured_event_carries_is_read_as_it_would_be_alone(data):
    (bare,), (article,) = said(encoded(data)), said(encoded(event(data=data)))
    assert (article.article_id == bare.article_id, article.content_hash == bare.content_hash) == (True, True)


@pytest.mark.parametrize("members", [{"data_base64": "é"}, {"data_base64": "%"}, {"data": None}])
def test_an_event_whose_data_is_none_is_a_rejection_of_the_record_as_found(members):
    value = encoded(event(**members))
    (rejection,) = said(value)
    assert (rejection.code, rejection.raw) == (Code.NOT_AN_ARTICLE, value)


def test_digests_and_rejections_are_of_the_record_as_found_and_not_of_what_its_event_carries():
    value = encoded(event(data=ARTICLE))
    (article,) = said(value)
    digest = hashlib.sha256(value).hexdigest()
    assert json.loads(article.provenance + b"}")["documentDigest"] == f"sha256:{digest}"
    assert said(encoded(event(data={"weather": 4})))[0].raw == encoded(event(data={"weather": 4}))
    feed = encoded(event(data=RSS.decode()))
    assert hashlib.sha256(feed).hexdigest() in {
        json.loads(one.provenance + b"}")["documentDigest"][7:] for one in said(feed)
    }


@pytest.mark.parametrize(
    "value",
    [
        json.dumps(FEED).replace("/", "\\/").encode(),  # as PHP writes it
        json.dumps({"items": FEED["items"] * 9 + [{"id": "y", "content_text": "long " * 500}], **FEED}).encode(),
        json.dumps({"items": [{"id": "x", "content_text": "long " * 500}], "version": FEED["version"]}).encode(),
    ],
)
def test_a_json_feed_is_known_however_its_version_is_written_and_wherever_it_stands(value):
    assert all(isinstance(one, Article) and "x" in one.entry_key for one in said(value)[:1])


def test_an_article_about_json_feed_is_no_feed():
    (article,) = said(encoded({**ARTICLE, "text": "What https://jsonfeed.org/version/1.1 says of ids."}))
    assert isinstance(article, Article)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_feed_in_utf_16_is_one(encoding):
    found = said(RSS.decode().encode(encoding))
    assert found[0].article_id == identity.article_id("topic:wire", "guid", "a-1")


def test_a_record_over_the_most_is_rejected_alone_with_the_digest_of_all_of_it():
    large = b" " * (16 * 1024 * 1024 + 1)
    first, rejection, last = said(encoded(ARTICLE), large, encoded({**ARTICLE, "id": "other-one"}))
    assert (first.end, rejection.end, last.end) == (6, 7, 8)
    assert (rejection.code, rejection.size) == (Code.TOO_LARGE, len(large))
    assert rejection.digest == hashlib.sha256(large).hexdigest()
    assert len(rejection.raw) <= 64 * 1024


def test_a_deletion_is_one():
    (found,) = said(encoded({**ARTICLE, "pubStatus": "canceled"}))
    assert found == Withdrawal(6)


def test_many_records_are_few_documents_and_every_offset_is_in_one():
    values = [encoded({**ARTICLE, "text": "word " * 400}) for _ in range(1_000)]
    found = documents(definition(), 3, records(*values, start=0), AT)
    assert len(found) < 10
    assert [one.start for one in found[1:]] == [one.end for one in found[:-1]]
    assert (found[0].start, found[-1].end) == (0, 1_000)


@given(st.lists(st.none() | st.binary(max_size=200) | st.just(encoded(ARTICLE)) | st.just(RSS), min_size=1, max_size=9))
def test_in_halves_records_say_what_they_say_together(values):
    (whole,) = documents(definition(), 3, records(*values), AT)
    parts, single = [whole], []
    while parts:
        part = parts.pop(0)
        halves = halve(part)
        if halves:
            parts = [*halves, *parts]
        else:
            single.append(part)
    assert len(single) == len(values)
    assert [item for part in single for item in read(part, LIMIT).items] == list(read(whole, LIMIT).items)
