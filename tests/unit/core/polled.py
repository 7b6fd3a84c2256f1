"""Documents as a poll brings them, for the tests of what is made of them."""

from worker.core.read import read
from worker.model import Article, Document, Fetched, Format, Source

OBSERVED_AT = 1_700_000_000_123
LIMIT = 1_048_576
SITE = "harbour.example"
URL = "https://news.harbour.example/feed.xml"
SOURCE = Source("harbour", "feed", "source:harbour", SITE, URL)


def document(data, form=Format.FEED, zone=None, content_type=None):
    data = data.encode() if isinstance(data, str) else data
    return Document(SOURCE, "", form, data, 0, -1, 0, OBSERVED_AT, None, Fetched(URL, 200, content_type, zone))


def polled(data, form=Format.FEED, limit=LIMIT, **fetched):
    return read(document(data, form, **fetched), limit)


def rss(*items, channel="<title>Harbour News</title>"):
    inner = "".join(f"<item>{item}</item>" for item in items)
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{channel}{inner}</channel></rss>'


def articles(reading):
    return [item for item in reading.items if isinstance(item, Article)]


def one(reading):
    (item,) = reading.items
    return item
