"""Ids, links, dates, texts and media of RSS, RDF and Atom, as their elements have them and not as feedparser would."""

import json

import pytest
from unit.core.polled import URL, articles, one, polled, rss

ATOM = "http://www.w3.org/2005/Atom"
MEDIA = 'xmlns:media="http://search.yahoo.com/mrss/"'
DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'
DCTERMS = 'xmlns:dcterms="http://purl.org/dc/terms/"'
WORDS = "<title>Seals counted</title><description>There are forty-one.</description>"


def atom(*entries, head="<title>Hafenblatt</title>", more=""):
    inner = "".join(f"<entry>{entry}</entry>" for entry in entries)
    return f'<?xml version="1.0"?><feed xmlns="{ATOM}" {more}>{head}{inner}</feed>'


def value(reading):
    article = one(reading)
    rest = json.loads(b"{" + article.rest + b"}")
    return {"item": json.loads(article.item + b"}"), "provenance": json.loads(article.provenance + b"}"), **rest}


def alternatives(reading):
    return {one["role"]: one["value"] for one in value(reading)["item"].get("altIds", ())}


@pytest.mark.parametrize(
    ("entry", "guid", "link"),
    [
        ("<guid>seals-1</guid>", "seals-1", None),
        ('<guid isPermaLink="false">https://x.example/1</guid>', "https://x.example/1", None),
        ("<guid>https://x.example/1</guid>", "https://x.example/1", "https://x.example/1"),
        ("<guid>/relative/1</guid><link>https://x.example/1</link>", "/relative/1", "https://x.example/1"),
        ('<link uri="at://did/1">https://x.example/1</link>', None, "https://x.example/1"),
        (f'<atom:link xmlns:atom="{ATOM}" href="https://x.example/1"/>', None, "https://x.example/1"),
        (
            f'<atom:link xmlns:atom="{ATOM}" href="https://x.example/c" rel="replies"/><link>https://x.example/1</link>',
            None,
            "https://x.example/1",
        ),
        ("<link>https://x.example/?a=1&amp;b=2</link>", None, "https://x.example/?a=1&b=2"),
        ("<link>https://x.example/?a=1&b=2&copy=3</link>", None, "https://x.example/?a=1&b=2&copy=3"),
        ("<guid>a&b=2&copy=3</guid>", "a&b=2&copy=3", None),
        ("<link>\n  https://x.example/1\n</link>", None, "https://x.example/1"),
    ],
)
def test_ids_and_links_of_rss_are_as_they_stand(entry, guid, link):
    assert alternatives(polled(rss(WORDS + entry))) == {
        role: found for role, found in (("guid", guid), ("link", link)) if found
    }


@pytest.mark.parametrize(
    ("entry", "link"),
    [
        ('<link href="https://x.example/1"/>', "https://x.example/1"),
        ('<link rel="self" href="https://x.example/s"/><link href="https://x.example/1"/>', "https://x.example/1"),
        (
            (
                '<link rel="alternate" type="application/pdf" href="https://x.example/p"/>'
                '<link rel="alternate" type="text/html" href="https://x.example/1"/>'
            ),
            "https://x.example/1",
        ),
        ('<link href="../1"/>', "https://news.harbour.example/1"),
        ('<link xml:base="https://y.example/a/" href="1"/>', "https://y.example/a/1"),
        ("", None),
    ],
)
def test_the_link_of_an_atom_entry_is_its_alternate(entry, link):
    found = alternatives(polled(atom(f"<id>urn:x:1</id><title>Robben</title>{entry}")))
    assert (found["guid"], found.get("link")) == ("urn:x:1", link)


def test_a_relative_link_of_rss_is_relative_to_the_site():
    feed = rss(WORDS + "<link>/2023/seals</link>", channel="<link>https://www.harbour.example/</link>")
    found = value(polled(feed))
    assert found["item"]["altIds"][0]["value"] == "https://www.harbour.example/2023/seals"
    assert found["provenance"]["link"] == "/2023/seals"


def test_without_a_site_a_relative_link_is_relative_to_the_document():
    assert alternatives(polled(rss(WORDS + "<link>seals</link>")))["link"] == URL.replace("feed.xml", "seals")


def test_links_in_a_body_are_resolved_too():
    feed = atom('<id>1</id><title>t</title><content type="html">&lt;a href="/a"&gt;x&lt;/a&gt;</content>')
    bodies = value(polled(feed))["item"]["bodies"]
    assert bodies[1]["value"] == '<a href="https://news.harbour.example/a">x</a>'


@pytest.mark.parametrize(
    ("dates", "basis", "instant"),
    [
        ("<pubDate>Mon, 09 Jan 2023 10:00:00 GMT</pubDate>", "declared", "2023-01-09T10:00:00Z"),
        (f"<dc:date {DC}>2023-01-09T10:00:00Z</dc:date>", "declared", "2023-01-09T10:00:00Z"),
        (
            f"<dc:date {DC}>2023-01-09T10:00:00Z</dc:date><pubDate>0000-00-00</pubDate>",
            "declared",
            "2023-01-09T10:00:00Z",
        ),
        (f"<dcterms:modified {DCTERMS}>2023-01-09T10:00:00Z</dcterms:modified>", "updated", "2023-01-09T10:00:00Z"),
        (f'<a:updated xmlns:a="{ATOM}">2023-01-09T10:00:00Z</a:updated>', "updated", "2023-01-09T10:00:00Z"),
        ("<PUBDATE>Mon, 09 Jan 2023 10:00:00 GMT</PUBDATE>", "declared", "2023-01-09T10:00:00Z"),
    ],
)
def test_when_it_was_published_is_told_by_the_elements(dates, basis, instant):
    found = value(polled(rss(WORDS + dates)))["published"]
    assert (found["basis"], found["value"]) == (basis, instant)


def test_published_and_updated_are_told_apart():
    entry = (
        "<id>1</id><title>t</title><published>2023-01-09T10:00:00Z</published><updated>2023-01-10T10:00:00Z</updated>"
    )
    article = one(polled(atom(entry)))
    assert article.traits.updated == 1_673_344_800
    assert value(polled(atom(entry)))["published"]["value"] == "2023-01-09T10:00:00Z"


def test_a_zone_setting_places_times_without_one_and_leaves_the_id():
    entry = "<title>Fog</title><pubDate>Mon, 09 Jan 2023 10:00:00</pubDate>"
    plain, placed = one(polled(rss(entry))), one(polled(rss(entry), zone="Europe/Berlin"))
    assert plain.article_id == placed.article_id
    assert value(polled(rss(entry), zone="Europe/Berlin"))["published"]["basis"] == "inferred"


def test_atom_0_3_is_read():
    feed = (
        '<feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>Hafen</title><entry><id>urn:x:1</id><title>Robben</title>'
        '<link rel="alternate" type="text/html" href="https://x.example/1"/><issued>2023-01-09T10:00:00Z</issued>'
        '<modified>2023-01-10T10:00:00Z</modified><content type="text/html" mode="escaped">&lt;p&gt;Viele.&lt;/p&gt;</content>'
        "</entry></feed>"
    )
    found = value(polled(feed))
    assert found["published"]["value"] == "2023-01-09T10:00:00Z"
    assert found["item"]["bodies"][0]["value"] == "Viele."


def test_rdf_is_read_and_its_about_is_the_id():
    feed = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"'
        f' {DC}><channel rdf:about="https://x.example/"><title>Hafen</title><link>https://x.example/</link></channel>'
        '<item rdf:about="https://x.example/1"><title>Robben</title><link>https://x.example/a</link>'
        "<dc:date>2023-01-09</dc:date><dc:creator>Jo Berg</dc:creator></item></rdf:RDF>"
    )
    assert alternatives(polled(feed)) == {"guid": "https://x.example/1", "link": "https://x.example/a"}
    found = value(polled(feed))
    assert (found["published"]["value"], found["item"]["by"]) == ("2023-01-09", "Jo Berg")


@pytest.mark.parametrize("version", ["0.91", "0.92", "2.0", ""])
def test_every_rss_since_0_91_is_read(version):
    feed = rss(WORDS).replace('version="2.0"', f'version="{version}"')
    doctype = '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "https://x.example/rss-0.91.dtd">'
    assert value(polled(feed.replace("?>", f"?>{doctype}", 1)))["item"]["headlines"][0]["value"] == "Seals counted"


def test_an_item_in_an_item_is_no_entry():
    inner = "".join(f"<item><title>inner {n}</title></item>" for n in range(10))
    found = articles(polled(rss(f"<guid>1</guid>{WORDS}<related>{inner}</related>", f"<guid>2</guid>{WORDS}")))
    assert [article.entry_key for article in found] == ["1", "2"]


def test_an_item_that_only_wraps_items_is_none():
    inner = "".join(f"<item><guid>{n}</guid><title>inner {n}</title></item>" for n in range(3))
    assert [article.entry_key for article in articles(polled(rss(inner)))] == ["0", "1", "2"]


def test_the_full_text_is_the_body_and_the_description_its_teaser():
    encoded = '<c:encoded xmlns:c="http://purl.org/rss/1.0/modules/content/"><![CDATA[<p>All of it.</p>]]></c:encoded>'
    item = value(polled(rss(WORDS + encoded)))["item"]
    assert (item["bodies"][0]["value"], item["representationType"]) == ("All of it.", "full")
    assert item["descriptions"][0]["value"] == "There are forty-one."


def test_a_description_alone_is_a_teaser():
    item = value(polled(rss(WORDS)))["item"]
    assert (item["bodies"][0]["value"], item["representationType"]) == ("There are forty-one.", "partial")


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        ("[&amp;#8230;]", "partial"),
        ("[...]", "partial"),
        ("Read more »", "partial"),
        ("Continue reading →", "partial"),
        ("he said…", "full"),
    ],
)
def test_a_text_that_says_that_it_goes_on_elsewhere_is_a_teaser(end, kind):
    item = value(polled(atom(f'<id>1</id><title>t</title><content type="html">There are seals {end}</content>')))[
        "item"
    ]
    assert item["representationType"] == kind


def test_xhtml_is_markup():
    content = '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Eins</p><p>Zwei</p></div></content>'
    item = value(polled(atom(f"<id>1</id><title>t</title>{content}")))["item"]
    assert item["bodies"][0]["value"] == "Eins\n\nZwei"


def test_what_is_said_of_a_picture_is_not_the_text():
    media = f'<media:content {MEDIA} url="https://x.example/a.jpg"><media:title>A seal</media:title>'
    media += "<media:description>Seen from the pier</media:description></media:content>"
    item = value(polled(rss(media + WORDS)))["item"]
    assert item["headlines"][0]["value"] == "Seals counted"
    assert item["bodies"][0]["value"] == "There are forty-one."


def test_where_a_film_is_all_there_is_its_description_is_the_teaser():
    group = f"<media:group {MEDIA}><media:title>Seals</media:title><media:description>On the bank</media:description></media:group>"
    item = value(polled(atom(f"<id>1</id><title>Seals</title>{group}")))["item"]
    assert (item["bodies"][0]["value"], item["representationType"]) == ("On the bank", "partial")


def test_enclosures_and_media_are_associations_each_address_once():
    media = (
        '<enclosure url="https://x.example/a.mp3" type="audio/mpeg" length="1234"/>'
        f'<media:group {MEDIA}><media:content url="/b.jpg" medium="image" width="640" height="480"/>'
        '<media:content url="/b.jpg" type="image/jpeg"/></media:group>'
        f'<media:thumbnail {MEDIA} url="https://x.example/t.png"/><enclosure url="javascript:x"/>'
    )
    associations = value(polled(rss(WORDS + media)))["item"]["associations"]
    assert associations == [
        {
            "name": "b.jpg",
            "uri": "https://news.harbour.example/b.jpg",
            "type": "picture",
            "renditions": [
                {"name": "original", "href": "https://news.harbour.example/b.jpg", "width": 640, "height": 480}
            ],
        },
        {
            "name": "a.mp3",
            "uri": "https://x.example/a.mp3",
            "type": "audio",
            "renditions": [
                {
                    "name": "original",
                    "href": "https://x.example/a.mp3",
                    "contentType": "audio/mpeg",
                    "sizeInBytes": 1234,
                }
            ],
        },
        {
            "name": "t.png",
            "uri": "https://x.example/t.png",
            "type": "picture",
            "renditions": [{"name": "thumbnail", "href": "https://x.example/t.png"}],
        },
    ]


def test_authors_categories_and_rights_are_those_of_the_entry():
    entry = f"<dc:creator {DC}>Mara Lind</dc:creator><category>Seals</category><category>Seals</category>"
    item = value(polled(rss(WORDS + entry, channel="<copyright>© Harbour</copyright>")))["item"]
    assert (item["by"], item["infoSources"]) == ("Mara Lind", [{"name": "Mara Lind"}])
    assert item["subjects"] == [{"name": "Seals"}]
    assert item["copyrightNotice"] == "© Harbour"


def test_an_atom_entry_without_author_has_the_feeds():
    feed = atom(
        "<id>1</id><title>t</title>", head="<id>urn:f</id><title>Hafen</title><author><name>Jo Berg</name></author>"
    )
    assert value(polled(feed))["item"]["by"] == "Jo Berg"


def test_the_editor_of_an_rss_feed_wrote_none_of_it():
    feed = rss(WORDS, channel="<managingEditor>jo@x.example (Jo Berg)</managingEditor>")
    assert "by" not in value(polled(feed))["item"]


SY = 'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'


@pytest.mark.parametrize(
    ("channel", "seconds"),
    [
        ("<ttl>60</ttl>", 3600),
        ("<ttl>soon</ttl>", None),
        ("<ttl>0</ttl>", None),
        ("<ttl>999999999</ttl>", 31_536_000),
        (f"<sy:updatePeriod {SY}>hourly</sy:updatePeriod>", 3600),
        (
            f"<sy:updatePeriod {SY}>daily</sy:updatePeriod><sy:updateFrequency {SY}>4</sy:updateFrequency>",
            21_600,
        ),
        (f"<sy:updatePeriod {SY}>daily</sy:updatePeriod><sy:updateFrequency {SY}>0</sy:updateFrequency>", 86_400),
    ],
)
def test_how_long_it_asks_to_be_left_alone(channel, seconds):
    assert polled(rss(WORDS, channel=channel)).hints.ttl_s == seconds


def test_the_raw_hash_is_of_what_makes_headline_body_and_date():
    first, other, edited = (
        one(polled(rss(entry))).traits.raw
        for entry in (
            f"<guid>1</guid>{WORDS}",
            f"<guid>2</guid>{WORDS}<category>x</category>",
            f"<guid>1</guid>{WORDS.replace('forty', 'fifty')}",
        )
    )
    assert first == other != edited
