"""The namespaces that feeds use, by the prefixes that are usual for them: publishers vary both."""

from __future__ import annotations

from functools import lru_cache

# What a prefix means where its declaration is missing.
URIS = {
    "atom": "http://www.w3.org/2005/Atom",
    "at": "http://purl.org/atompub/tombstones/1.0",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "media": "http://search.yahoo.com/mrss/",
    "prism": "http://prismstandard.org/namespaces/basic/2.0/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "slash": "http://purl.org/rss/1.0/modules/slash/",
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
    "wfw": "http://wellformedweb.org/CommentAPI/",
    "xlink": "http://www.w3.org/1999/xlink",
}
# Of a feed itself: "" for all of them.
_FEEDS = (
    "www.w3.org/2005/atom",
    "purl.org/atom/ns#",
    "purl.org/rss/1.0",
    "my.netscape.com/rdf/simple/0.9",
    "my.netscape.com/publish/formats/rss-0.91.dtd",
    "channel.netscape.com/rdf/simple/0.9",
    "purl.org/net/rss1.1#",
    "backend.userland.com/rss",
    "backend.userland.com/rss2",
    "blogs.law.harvard.edu/tech/rss",
    "cyber.law.harvard.edu/rss",
)


def _bare(uri: str) -> str:
    return uri.lower().removeprefix("http://").removeprefix("https://").rstrip("/")


_KNOWN = {
    **{_bare(uri): prefix for prefix, uri in URIS.items()},
    "purl.org/rss/1.0/modules/dcterms": "dcterms",
    "purl.org/dc/elements/1.0": "dc",
    "prismstandard.org/namespaces/1.2/basic": "prism",
    "prismstandard.org/namespaces/basic/1.2": "prism",
    "prismstandard.org/namespaces/basic/3.0": "prism",
    **dict.fromkeys(_FEEDS, ""),
}


@lru_cache(maxsize=1024)
def name_of(tag: str, prefix: str | None) -> tuple[str, str]:
    """The usual prefix and the local name in lower case of an element's tag, "" for what is the feed's own.

    Without a prefix an element is the feed's own, whatever namespace is declared for it; with one that is not known, it has that.
    """
    uri, _, local = tag.rpartition("}")
    known = _KNOWN.get(_bare(uri[1:])) if uri else ""
    return (known if known is not None else (prefix or "").lower()), local.lower()
