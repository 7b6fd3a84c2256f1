"""What feedparser makes of a feed's elements, told to it one by one as its SAX parser would tell them.

So nothing is written out to be parsed a second time, and what is taken from the elements themselves is left out: it takes
less than half of the time it takes for the document's bytes. Titles and descriptions of media are hidden: it would take
them for the entry's.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from xml.sax.xmlreader import AttributesNSImpl

from feedparser.api import StrictFeedParser
from feedparser.util import FeedParserDict
from lxml import etree
from lxml.etree import _Element

from worker.core.parse.elements import CAPTIONS, ENTRIES, name

# Ids and dates, and what nobody asks for. Links with attributes stay: they may be enclosures or licences.
_TAKEN = frozenset(
    (
        *(("", local) for local in "guid id pubdate published issued created date updated modified comments".split()),
        *(("dcterms", local) for local in "issued created modified".split()),
        ("dc", "date"),
    )
)
_UNASKED = frozenset(("slash", "wfw", "feedburner", "georss", "thr", "sy", "prism"))
_XML = "http://www.w3.org/XML/1998/namespace"
_NO_ATTRIBUTES = AttributesNSImpl({}, {})
_WINDOWS_1252 = re.compile("[\x80-\x9f]")

_Pair = tuple[str | None, str]


def told(root: _Element) -> FeedParserDict:
    """What `feedparser.parse` says of the document of these elements, as far as it is asked for: entries, feed, version."""
    parser = _Parser()
    _tell(root, parser)
    return FeedParserDict(entries=parser.entries, feed=parser.feeddata, version=parser.version)


def _tell(root: _Element, parser: _Parser) -> None:
    walk = etree.iterwalk(root, events=("start-ns", "start", "end"))
    above: list[tuple[_Pair, bool]] = []  # the elements that are open, and whether each is an entry
    skipped: _Element | None = None
    for event, found in walk:
        if event == "start-ns":
            parser.startPrefixMapping(*found)
            continue
        if event == "start":
            named = name(found)
            if above and above[-1][1] and _left_out(found, named):
                skipped = found
                walk.skip_subtree()
                continue
            pair = (None, "caption") if named in CAPTIONS else _pair(found.tag)
            above.append((pair, named in ENTRIES))
            parser.startElementNS(pair, None, _attributes(found))
            if found.text:
                parser.characters(found.text)
        elif found is skipped:
            skipped = None
        else:
            parser.endElementNS(above.pop()[0], None)
            if found.tail and above:
                parser.characters(found.tail)


class _Params(FeedParserDict):  # type: ignore[misc]
    """What is known of the text that is being told: strings, so that a copy needn't be deep, by names that have no other."""

    get = dict.get

    def __deepcopy__(self, _memo: object) -> FeedParserDict:
        return FeedParserDict(self)


class _Text(str):
    """A text in which feedparser looks for characters of Windows-1252 one by one: there are hardly ever any."""

    __slots__ = ()

    def translate(self, table: Any) -> str:
        return super().translate(table) if _WINDOWS_1252.search(self) else str(self)


class _Parser(StrictFeedParser):  # type: ignore[misc]
    """feedparser, without what it spends most of its time on to no effect."""

    def __init__(self) -> None:
        super().__init__("", None, "utf-8")
        self.resolve_relative_uris = self.sanitize_html = False
        self.contentparams: FeedParserDict = _Params()

    @staticmethod
    def decode_entities(_element: str, data: str) -> str:
        return _Text(data)

    def push_content(self, *args: Any) -> None:
        super().push_content(*args)
        self.contentparams = _Params(self.contentparams)


def _left_out(child: _Element, named: tuple[str, str]) -> bool:
    return named in _TAKEN or named[0] in _UNASKED or (named == ("", "link") and not child.attrib)


def _attributes(element: _Element) -> AttributesNSImpl:
    if not element.attrib:
        return _NO_ATTRIBUTES
    pairs = {_pair(written): str(value) for written, value in element.attrib.items()}
    return AttributesNSImpl(pairs, {pair: _qualified(pair, element) for pair in pairs})


def _qualified(pair: _Pair, element: _Element) -> str:
    uri, local = pair
    if uri is None:
        return local
    prefixes = {one: prefix for prefix, one in element.nsmap.items() if prefix} | {_XML: "xml"}
    return f"{prefixes.get(uri, '')}:{local}"


@lru_cache(maxsize=1024)
def _pair(written: str) -> _Pair:
    """Namespace, if there is one, and local name of an element or attribute."""
    uri, _, local = written.rpartition("}")
    return uri[1:] or None, local
