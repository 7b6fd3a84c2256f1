"""What a polled feed says: articles with what they are matched and compared by, or a fault of its source."""

import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.core.polled import OBSERVED_AT, SITE, URL, articles, document, one, polled, rss

from worker.core import event, identity
from worker.core.read import read
from worker.model import Article, Code, Format, Mode, Refusal, Rejection, Withdrawal

SEALS = (
    "<guid>seals-1</guid><title>Seals counted</title><link>https://news.harbour.example/seals</link>"
    "<pubDate>Mon, 09 Jan 2023 10:00:00 GMT</pubDate><description>There are forty-one of them.</description>"
)


def value_of(article, **provenance):
    """The event's value, as it will be when what memory knows is put in."""
    item = json.loads(article.item + b"}") | {"version": "1", "firstCreated": "2023-11-14T22:13:20Z"}
    found = json.loads(article.provenance + b"}") | {"entryKey": article.entry_key, "mode": "live"}
    ids = {"articleId": article.article_id, "version": 1, "contentHash": article.content_hash, "item": item}
    return ids | json.loads(b"{" + article.rest + b"}") | {"provenance": found | provenance}


def sha(text, size=4):
    return hashlib.sha256(text.encode()).digest()[:size]


def test_an_entry_has_all_its_keys_and_hashes():
    traits = one(polled(rss(SEALS))).traits
    assert [kind for kind, _ in traits.keys] == ["guid", "link", "headline", "text"]
    assert dict(traits.keys)["guid"] == "seals-1"
    assert dict(traits.keys)["link"] == "news.harbour.example/seals"
    assert not traits.home
    assert (traits.headline, traits.body) == (sha("Seals counted"), sha("There are forty-one of them."))
    assert traits.published == sha("2023-01-09T10:00:00Z")
    assert len(traits.raw) == 8
    assert (traits.updated, traits.dated) == (0, 1_673_258_400_000)


def test_its_event_says_where_it_was_found_and_fits_the_schema():
    article = one(polled(rss(SEALS)))
    value = value_of(article)
    assert event.violation(value) is None
    assert value["source"] == {"id": "harbour", "kind": "feed", "site": SITE, "title": "Harbour News", "url": URL}
    assert value["provenance"]["documentUrl"] == URL
    assert value["provenance"]["httpStatus"] == 200
    assert "file" not in value["provenance"]
    assert b"entryKey" not in article.provenance
    assert event.violation(value | {"previous": {"version": 1, "contentHash": "0" * 32}, "changed": ["body"]}) is None


def test_where_it_was_found_is_told_without_secrets():
    found = document(rss(SEALS))
    fetched = replace(found.fetched, url="https://user:secret@harbour.example/feed")
    article = one(read(replace(found, fetched=fetched), 100_000))
    assert value_of(article)["provenance"]["documentUrl"] == "https://harbour.example/feed"


def test_a_guid_names_it_within_its_source():
    article = one(polled(rss(SEALS)))
    assert article.article_id == identity.article_id("source:harbour", "guid", "seals-1")
    assert article.entry_key == "seals-1"


def test_a_link_on_the_site_names_it_within_the_site():
    article = one(polled(rss("<title>Seals</title><link>https://www.harbour.example/seals</link>")))
    assert article.article_id == identity.article_id(f"site:{SITE}", "link", "harbour.example/seals")


def test_a_guid_that_stands_twice_names_nothing():
    found = articles(
        polled(rss(*(f"<guid>1</guid><link>https://x.example/{n}</link><title>{n}</title>" for n in "ab")))
    )
    assert [article.entry_key for article in found] == ["x.example/a", "x.example/b"]
    assert all(("guid", "1") in article.traits.keys for article in found)


def test_a_link_to_the_front_page_names_nothing_and_is_known_as_one():
    article = one(
        polled(rss("<title>Fog</title><link>https://harbour.example/</link><description>It is thick.</description>"))
    )
    assert article.traits.home
    assert article.article_id == identity.article_id("source:harbour", "text", identity.text_key("It is thick."))


def test_no_two_articles_of_a_document_have_one_id():
    found = polled(rss(*(f"<title>{n}</title><description>Comments</description>" for n in "ab")))
    assert [type(item) for item in found.items] == [Article, Rejection]
    assert found.items[1].code is Code.NOT_AN_ARTICLE


def test_entries_alike_in_guid_link_and_content_are_one():
    assert len(polled(rss(SEALS, SEALS)).items) == 1


def test_an_entry_that_nothing_names_is_rejected():
    rejection = one(polled(rss("<title>Untitled</title>")))
    assert (rejection.code, rejection.traits.keys) == (Code.NOT_AN_ARTICLE, ())


def test_a_rejected_entry_is_known_again_by_its_own_bytes():
    empty = "<guid>empty-1</guid><link>https://harbour.example/empty</link>"
    first, again = (one(polled(rss(empty, channel=f"<title>{title}</title>"))) for title in ("Monday", "Tuesday"))
    assert first.traits.raw == bytes.fromhex(first.digest)[:8] == again.traits.raw
    assert ("guid", "empty-1") in first.traits.keys


def test_an_entry_that_says_only_when_it_was_updated_has_that_for_a_date():
    atom = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>Hafen</title><entry><id>urn:x:1</id><title>Robben</title>'
        "<updated>2023-01-10T12:00:00Z</updated></entry></feed>"
    )
    article = one(polled(atom))
    value = value_of(article)
    assert value["published"]["basis"] == "updated"
    assert article.content_hash == identity.content_hash("Robben", None, None)
    assert (article.traits.updated, article.traits.published) == (1_673_352_000, b"")


def test_a_document_whose_reader_was_killed_is_a_fault():
    refused = replace(document(rss(SEALS)), refused=Refusal(Code.TIMED_OUT, "reading it took over 30 s"))
    reading = read(refused, 100_000)
    assert (reading.items, reading.fault) == ((), refused.refused)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "empty"),
        (" \n ", "white space"),
        ("<!DOCTYPE html><html><head><title>404 Not &amp; found</title></head></html>", "'404 Not & found'"),
        ("<html><title>Hello</title><form><input name=p type='password'></form></html>", "login page"),
        (
            "<html><head><link rel=alternate type='application/rss+xml' href='/feed?a=1&amp;b=2'></head></html>",
            "names a feed: /feed?a=1&b=2",
        ),
        ('<?xml version="1.0"?><urlset xmlns="x"><url><loc>y</loc></url></urlset>', "sitemap"),
        ("<opml version='2.0'><body/></opml>", "OPML"),
        ("<person><name>Jo</name></person>", "<person>"),
        ("Too many requests", "'Too many requests'"),
        ("\x00\x01\x02", "binary"),
    ],
)
def test_a_body_that_is_no_feed_is_a_fault_that_says_what_it_is(body, said):
    reading = polled(body)
    assert reading.items == ()
    assert said in reading.fault.message


@pytest.mark.parametrize(
    "body", ['{"error": "no such feed"}', "[1, 2]", '{"version": "https://jsonfeed.org/version/1"']
)
def test_json_that_is_no_feed_is_a_fault(body):
    assert "JSON" in polled(body, Format.JSON_FEED).fault.message


def test_a_feed_without_entries_is_a_feed():
    reading = polled(rss())
    assert (reading.items, reading.fault, reading.hints.title) == ((), None, "Harbour News")


def test_the_title_of_a_feed_is_one_line_of_text():
    title = "<title>  Harbour &amp;amp;\n <![CDATA[<b>Islands</b>]]></title>"
    assert polled(rss(channel=title)).hints.title == "Harbour & Islands"


def test_a_deleted_entry_names_what_is_gone():
    atom = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0"><title>Hafen</title>'
        '<at:deleted-entry ref="tag:harbour.example,2023:1" when="2023-01-10T12:00:00Z"/></feed>'
    )
    found = one(polled(atom))
    assert isinstance(found, Withdrawal)
    assert found.keys == (("guid", "tag:harbour.example,2023:1"),)
    assert polled(atom).observed_at == OBSERVED_AT


@given(
    st.integers(4_000, 40_000),
    st.text(st.sampled_from('a "\\\n\u20ac'), min_size=1, max_size=30),
    st.integers(1, 2_000),
)
def test_a_record_never_exceeds_the_limit_whatever_key_it_is_decided_by(limit, words, count):
    guid = "&quot;" * 600
    text = words.replace(" ", "&#32;") * count
    for article in articles(
        polled(rss(f"<guid>{guid}</guid><title>t</title><description>{text}</description>"), limit=limit)
    ):
        key = identity.entry_key(article.traits.keys[0][1])
        known = event.Known(
            article.article_id,
            2**31,
            "0" * 32,
            0,
            Mode.BACKFILL,
            key,
            (2**31, "0" * 32),
            ("headline", "body", "published"),
        )
        record = event.polled(article, known, "h" * 64, OBSERVED_AT)
        sizes = [len(name) + len(held) for name, held in record.headers]
        assert len(record.key) + len(record.value) + sum(sizes) <= limit
