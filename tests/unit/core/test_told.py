"""What feedparser makes of elements that it is told one by one is what it makes of their bytes."""

from io import BytesIO
from pathlib import Path

import feedparser
import pytest
from lxml import etree

from worker.core.parse import xml
from worker.core.parse.told import told

GOLDEN = Path(__file__).parents[2] / "golden" / "documents"
ASKED = (
    "title title_detail content summary summary_detail tags authors rights license language source"
    " media_content media_thumbnail enclosures"
).split()

ATOM = """<a:feed xmlns:a="http://www.w3.org/2005/Atom" xmlns:own="urn:x-own" xmlns:dc="http://purl.org/dc/elements/1.1/">
<a:title>Harbour</a:title><a:author><a:name>Ada</a:name></a:author>
<a:entry xml:lang="de" xml:base="http://example.org/a/"><a:title type="html">A &amp;lt;b&amp;gt; &amp;amp; c</a:title>
<a:link rel="enclosure" href="b.mp3" length="7" own:kind="x"/><dc:creator>Bert</dc:creator>
<a:content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"> <p own:of="y" title='"q"'>1 &lt; 2</p>
tail </div></a:content></a:entry>
<a:entry><a:title type="text">1 &lt; 2</a:title><a:summary mode="base64" type="text/plain">b25l</a:summary>
<a:source><a:title>Elsewhere</a:title><a:author><a:name>Cleo</a:name></a:author></a:source></a:entry></a:feed>"""
RSS = """<rss version="2.0" xmlns:m="http://search.yahoo.com/mrss/" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"><channel><title>Harbour</title><language>en-GB</language>
<item><title>It\u0092s \u2019 late</title><description>caf\u00c3\u00a9</description><category domain="x">boats</category>
<m:group><m:content url="http://example.org/c.jpg" type="image/jpeg"><m:thumbnail url="http://example.org/t.jpg"/></m:content></m:group></item>
<item><title> <b>Bold</b> and <i>not</i> </title><content:encoded><![CDATA[<p>One</p>\n<p>\u0416\u0093</p>]]></content:encoded>
<itunes:author>Dora</itunes:author><itunes:keywords>one, two</itunes:keywords>
<x:odd xmlns:x="urn:x-odd" x:more="1">said</x:odd></item></channel></rss>"""


def said(found):
    return [{name: entry.get(name) or None for name in ASKED} for entry in found.entries], found.version, found.feed


@pytest.mark.parametrize(
    "document",
    [ATOM.encode(), RSS.encode(), *(GOLDEN.joinpath(name).read_bytes() for name in ("news.rss", "news.atom"))],
    ids=["atom", "rss", "news.rss", "news.atom"],
)
def test_told_the_elements_feedparser_says_what_it_says_of_the_bytes(document):
    root = xml.load(document, None).root
    parsed = feedparser.parse(BytesIO(etree.tostring(root)), sanitize_html=False, resolve_relative_uris=False)
    assert not parsed.bozo
    assert said(told(root)) == said(parsed)


def test_of_what_is_taken_from_the_elements_feedparser_is_told_nothing():
    item = "<title>Seals</title><guid>seals</guid><link>http://example.org/seals</link><pubDate>Thu, 1 Jan 2026 15:00 GMT</pubDate>"
    root = xml.load(f"<rss><channel><item>{item}</item></channel></rss>".encode(), None).root
    assert set(told(root).entries[0]) == {"title", "title_detail"}


def test_the_title_of_a_picture_is_not_the_entrys():
    item = '<title>Seals</title><m:content url="http://example.org/c.jpg"><m:title>A seal</m:title></m:content>'
    root = xml.load(
        f'<rss xmlns:m="http://search.yahoo.com/mrss/"><channel><item>{item}</item></channel></rss>'.encode(), None
    ).root
    assert told(root).entries[0]["title"] == "Seals"
