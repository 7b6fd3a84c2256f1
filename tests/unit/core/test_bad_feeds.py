"""Broken and hostile feeds: what can be read of them is read, one bad entry costs only itself, and nothing is made up.

What takes a process that can be killed is in tests/unit/pipeline/test_pool_feeds.py.
"""

import json

import pytest
from unit.core.polled import articles, document, one, polled, rss

from worker.core.read import read
from worker.model import Article, Code, Format, Rejection, Withdrawal

SEALS = "<guid>seals</guid><title>Seals counted</title><description>There are forty-one of them.</description>"
FERRY = "<guid>ferry</guid><title>Ferry free</title><description>For everyone who lives on the island.</description>"


def item_of(article):
    return json.loads(article.item + b"}")


def headline(article):
    return item_of(article)["headlines"][0]["value"]


def body(article):
    return item_of(article)["bodies"][0]["value"]


def markup(article):
    return next(one["value"] for one in item_of(article)["bodies"] if one["contentType"] == "text/html")


def published(article):
    return json.loads(b"{" + article.rest + b"}")["published"]


def keys(reading):
    return [article.entry_key for article in articles(reading)]


def test_a_feed_that_breaks_off_inside_an_entry_says_so_and_has_those_before_it():
    reading = polled(rss(SEALS, FERRY)[:-75])
    assert keys(reading) == ["seals"]
    assert [note.code for note in reading.notes] == ["broken_off"]


@pytest.mark.parametrize("kept", [80, 100, 140])
def test_a_feed_that_breaks_off_in_its_first_entry_invents_none(kept):
    reading = polled(rss(SEALS)[:kept])
    assert (reading.items, "breaks off" in reading.fault.message) == ((), True)


def test_an_entry_is_the_same_whether_the_feed_is_broken_or_healed():
    whole = rss(SEALS + "<link>https://x.example/?a=1&amp;copy=2</link>", FERRY)
    broken = whole.replace("&amp;copy", "&copy").replace("Seals counted", "Seals & more counted")
    healed = whole.replace("Seals counted", "Seals &amp; more counted")
    sick, well = articles(polled(broken)), articles(polled(healed))
    assert [(one.article_id, one.content_hash, one.traits.keys) for one in sick] == [
        (one.article_id, one.content_hash, one.traits.keys) for one in well
    ]
    assert item_of(sick[0])["altIds"][1]["value"] == "https://x.example/?a=1&copy=2"


@pytest.mark.parametrize(
    "break_it",
    [
        lambda feed: feed.replace("forty-one", "forty<br>one"),
        lambda feed: feed.replace("forty-one", "<b>forty-one"),
        lambda feed: feed.replace("forty-one", "forty&nbsp;one"),
        lambda feed: feed.replace("forty-one", "forty \x0b\x00 one"),
        lambda feed: feed.replace("<guid>seals", "<media:content url='https://x.example/a.jpg'/><guid>seals"),
        lambda feed: "\n\n" + feed,
        lambda feed: "<!-- a -- b -->" + feed,
        lambda feed: feed.replace("</item>", "</item></item>", 1),
        lambda feed: feed.replace("</channel>", ""),
        lambda feed: feed + "<script>track()</script>",
    ],
)
def test_a_feed_that_is_not_well_formed_has_its_entries_all_the_same(break_it):
    reading = polled(break_it(rss(SEALS, FERRY)))
    assert keys(reading) == ["seals", "ferry"]
    assert headline(articles(reading)[1]) == "Ferry free"


@pytest.mark.parametrize(
    "bad",
    [
        SEALS.replace("</description>", ""),
        SEALS.replace("</title>", ""),
        SEALS.replace("forty-one", "<b>forty</i>-one").replace("<description>", "<description><![CDATA[x]]>"),
        SEALS.replace("<guid>", "<guid a=1 b=2>"),
        SEALS + "<media:content url=https://x.example/a.jpg>",
        SEALS + "</channel>",
        SEALS + "<3 < 4",
    ],
)
def test_what_is_broken_in_an_entry_costs_no_other(bad):
    good = [FERRY, "<guid>fog</guid><title>Fog</title><description>It is thick.</description>"]
    alone = [article.content_hash for article in articles(polled(rss(*good)))]
    beside = articles(polled(rss(good[0], bad, good[1])))
    assert [article.entry_key for article in beside] == ["ferry", "seals", "fog"]
    assert [beside[0].content_hash, beside[2].content_hash] == alone


BOMB = (
    '<!DOCTYPE rss [<!ENTITY a0 "boom">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    + "]>"
)


@pytest.mark.parametrize(
    ("doctype", "reference"),
    [
        (BOMB, "a9"),
        ('<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>', "x"),
        ('<!DOCTYPE rss [<!ENTITY % p SYSTEM "http://127.0.0.1:1/p"> %p; ]>', "x"),
    ],
    ids=["billion laughs", "an external entity", "a parameter entity"],
)
def test_no_entity_is_expanded_and_nothing_outside_is_read(doctype, reference):
    feed = rss(SEALS.replace("forty-one", f"&{reference};")).replace("?>", f"?>{doctype}", 1)
    assert body(one(polled(feed))) == f"There are &{reference}; of them."


def test_an_entity_that_the_document_itself_declares_as_a_word_is_that_word():
    feed = rss(SEALS.replace("forty-one", "&many;")).replace("?>", '?><!DOCTYPE rss [<!ENTITY many "forty-one">]>', 1)
    assert body(one(polled(feed))) == "There are forty-one of them."


@pytest.mark.parametrize("reference", ["&#xD800;", "&#x110000;", f"&#{'1' * 5000};", "&#0;", "&#xFFFE;"])
def test_a_reference_to_no_character_costs_nobody_anything(reference):
    reading = polled(rss(SEALS.replace("forty-one", f"forty{reference}one"), FERRY))
    assert keys(reading) == ["seals", "ferry"]
    assert body(articles(reading)[0]).startswith("There are forty")


def test_a_hundred_thousand_attributes_are_shed():
    many = " ".join(f'a{n}="1"' for n in range(100_000))
    assert keys(polled(rss(f"<media {many}/>{SEALS}", FERRY))) == ["seals", "ferry"]


def test_an_entry_with_elements_in_each_other_without_end_costs_only_itself():
    deep = "<b>" * 100_000 + "x" + "</b>" * 100_000
    assert "ferry" in keys(polled(rss(SEALS.replace("forty-one", deep), FERRY)))


KYIV = "<guid>київ</guid><title>Міст відкрито</title><description>Він – “новий”.</description>"
CAFE = "<guid>café</guid><title>Le café ferme tôt</title><description>Il est fermé ce soir.</description>"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
@pytest.mark.parametrize("declared", ["utf-8", "utf-16", "iso-8859-1", None])
def test_unicode_is_read_whatever_is_declared(encoding, declared):
    said = f' encoding="{declared}"' if declared else ""
    feed = rss(KYIV).replace('version="1.0"', f'version="1.0"{said}', 1)
    article = one(polled(feed.encode(encoding)))
    assert (article.entry_key, headline(article), body(article)) == ("київ", "Міст відкрито", "Він – “новий”.")


@pytest.mark.parametrize(
    ("encoding", "declared", "served"),
    [
        ("iso-8859-1", "iso-8859-1", None),
        ("cp1252", "iso-8859-1", None),
        ("cp1252", "utf-8", None),
        ("cp1252", None, None),
        ("cp1252", "no-such-encoding", None),
        ("iso-8859-1", None, "text/xml; charset=ISO-8859-1"),
    ],
)
def test_western_text_is_read_whatever_is_declared(encoding, declared, served):
    said = f' encoding="{declared}"' if declared else ""
    feed = rss(CAFE).replace('version="1.0"', f'version="1.0"{said}', 1)
    article = one(polled(feed.encode(encoding), content_type=served))
    assert (article.entry_key, headline(article)) == ("café", "Le café ferme tôt")


@pytest.mark.parametrize(
    ("encoding", "text"), [("koi8-r", "Мост открыт"), ("shift_jis", "橋が開通"), ("gb18030", "大桥开通")]
)
def test_an_encoding_that_is_declared_is_honoured(encoding, text):
    feed = rss(f"<guid>1</guid><title>{text}</title>").replace(
        'version="1.0"', f'version="1.0" encoding="{encoding}"', 1
    )
    assert headline(one(polled(feed.encode(encoding)))) == text


def test_a_guessed_encoding_is_said_once():
    feed = rss(CAFE, FERRY).replace('version="1.0"', 'version="1.0" encoding="utf-8"', 1)
    assert [note.code for note in polled(feed.encode("cp1252")).notes] == ["encoding_guessed"]


def test_nuls_and_other_controls_are_out():
    assert headline(one(polled(rss(SEALS.replace("Seals", "Se\x00al\x1bs"))))) == "Seals counted"


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        (SEALS.replace("<guid>seals</guid>", "<link>https://x.example/a</link>"), "link"),
        ("<title>Fog</title><pubDate>Mon, 09 Jan 2023 10:00:00 GMT</pubDate>", "headline"),
        ("<title>Fog</title><description>It is thick.</description>", "text"),
        ("<description>It is thick.</description>", "text"),
        ("<guid>1</guid><title>Fog</title>", "guid"),
        ("<guid> </guid><link/><title>Fog</title><description>It is thick.</description>", "text"),
    ],
)
def test_an_entry_is_named_by_what_it_has(entry, kind):
    article = one(polled(rss(entry)))
    assert article.entry_key == dict(article.traits.keys)[kind]


def test_the_same_guid_on_every_entry_leaves_each_its_own_article():
    entries = [f"<guid>1</guid><title>{n}</title><link>https://x.example/{n}</link>" for n in range(5)]
    assert len({article.article_id for article in articles(polled(rss(*entries)))}) == 5


def test_ten_entries_in_any_order_are_the_same_articles():
    entries = [SEALS.replace(">seals<", f">seals-{n}<") for n in range(10)]
    forwards, backwards = articles(polled(rss(*entries))), articles(polled(rss(*reversed(entries))))
    assert [one.article_id for one in forwards] == [one.article_id for one in reversed(backwards)]


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "JAVASCRIPT:x", "http://[/", "not a link"])
def test_a_link_that_leads_nowhere_is_not_published_and_costs_not_the_article(link):
    article = one(polled(rss(SEALS + f"<link>{link}</link>")))
    uris = [alternative["value"] for alternative in item_of(article)["altIds"] if alternative["role"] == "link"]
    assert all(uri.startswith("https://news.harbour.example/") for uri in uris)
    assert "javascript" not in str(item_of(article)).lower()
    assert json.loads(article.provenance + b"}")["link"] == link


@pytest.mark.parametrize(
    "text",
    [
        "Mon, 09 Jan 2023 24:00:00 GMT",
        "Mon, 09 Jan 0000 10:00:00 GMT",
        "9999-12-31T23:59:59Z",
        "2014-13-45",
        "2014-034",
        "0000-00-00",
        "1391421600x",
        "yesterday",
        "Mon, 32 Jan 2023 10:00:00 GMT",
    ],
)
def test_a_date_that_is_none_is_absent_and_kept_as_found(text):
    found = published(one(polled(rss(SEALS + f"<pubDate>{text}</pubDate>"))))
    assert found == {"basis": "absent", "raw": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Mon, 09 Jan 2023 10:00:00 CEST", "2023-01-09T08:00:00Z"),
        ("Mon, 09 Jan 2023 10:00:00 JST", "2023-01-09T01:00:00Z"),
        ("Mon, 09 Jan 2023 10:00:00 XYZT", "2023-01-09T10:00:00"),
        ("Mon, 09 Jan 2023 10:00:00", "2023-01-09T10:00:00"),
        ("Mon, 09 Jan 2026 10:00:00 GMT", "2026-01-09T10:00:00Z"),
        ("Seg, 24 Set 2018 10:00:00 GMT", "2018-09-24T10:00:00Z"),
        ("3 février 2014", "2014-02-03"),
    ],
)
def test_a_date_is_as_exact_as_it_is_declared(text, value):
    assert published(one(polled(rss(SEALS + f"<pubDate>{text}</pubDate>"))))["value"] == value


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Ferry &amp;amp; bridge", "Ferry & bridge"),
        ("Ferry &amp; bridge", "Ferry & bridge"),
        ("&lt;b&gt;Ferry&lt;/b&gt; sails", "Ferry sails"),
        ("<![CDATA[<em>Ferry</em> &amp; bridge]]>", "Ferry & bridge"),
        ("Ferry \n\t  sails", "Ferry sails"),
        ("a &lt; b", "a < b"),
    ],
)
def test_a_title_is_one_line_of_text(title, shown):
    assert headline(one(polled(rss(f"<guid>1</guid><title>{title}</title>")))) == shown


def test_what_runs_is_out_of_the_body():
    bad = (
        '<p onclick="go()">Safe<script>track()</script><iframe src="https://ads.example"></iframe>'
        '<a href="javascript:go()">here</a><img src="data:image/png;base64,AA" onerror="go()"></p>'
    )
    found = markup(one(polled(rss(f"<guid>1</guid><description><![CDATA[{bad}]]></description>"))))
    assert "Safe" in found
    assert all(word not in found for word in ("script", "iframe", "onclick", "onerror", "data:", "track"))


@pytest.mark.parametrize("text", ["https://harbour.example/feed.xml", "/etc/passwd", "feed.xml", "http://127.0.0.1:1/"])
def test_a_body_that_is_an_address_or_a_path_is_no_feed_and_nobody_opens_it(text):
    assert repr(text) in polled(text).fault.message


def test_a_bad_entry_costs_only_itself():
    reading = polled(rss(SEALS, "<guid>empty</guid>", FERRY))
    assert [type(item) for item in reading.items] == [Article, Rejection, Article]
    assert reading.items[1].code is Code.EMPTY
    assert b"<guid>empty</guid>" in reading.items[1].raw


def test_a_bad_entry_in_a_saved_feed_is_rejected_with_its_own_bytes():
    found = document(rss(SEALS, "<guid>empty</guid>"))
    saved = type(found)(found.source, "a.rss", Format.FEED, found.data, 0, -1, 0, 0)
    assert read(saved, 100_000).items[1].raw.startswith(b"<item><guid>empty</guid>")


def test_a_deletion_stands_beside_entries():
    atom = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0"><title>Hafen</title>'
        '<at:deleted-entry ref=" urn:x:2 " when="2023-01-10T12:00:00Z"/>'
        "<entry><id>urn:x:1</id><title>Robben</title></entry></feed>"
    )
    article, deletion = polled(atom).items
    assert isinstance(article, Article)
    assert isinstance(deletion, Withdrawal)
    assert deletion.keys == (("guid", "urn:x:2"),)
