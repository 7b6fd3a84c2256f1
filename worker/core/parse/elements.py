"""A feed's entries as their elements have them: ids, links, dates, and the bytes that tell whether an entry is as it was.

feedparser rewrites ids and links and mixes dates up, so these come from here (docs of its holes: design.md, section 7).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml import etree
from lxml.etree import _Element

from worker.core.normalise import dates
from worker.core.parse.namespaces import name_of

ENTRIES = frozenset((("", "item"), ("", "entry")))
# In the order they are believed.
_PUBLISHED = (
    ("", "pubdate"),
    ("", "published"),
    ("", "issued"),
    ("dc", "date"),
    ("dcterms", "issued"),
    ("prism", "publicationdate"),
    ("dcterms", "created"),
    ("", "created"),
    ("", "date"),
)
_UPDATED = (("", "updated"), ("", "modified"), ("dcterms", "modified"), ("prism", "modificationdate"))
_COMPARED = frozenset(
    (
        *_PUBLISHED,
        ("", "title"),
        ("", "description"),
        ("", "summary"),
        ("", "content"),
        ("content", "encoded"),
        ("", "body"),
        ("", "div"),
        ("itunes", "summary"),
    )
)
_OWN_WORDS = frozenset((*_COMPARED, ("", "link"), ("", "guid"), ("", "id")))
CAPTIONS = frozenset((("media", "title"), ("media", "description")))
_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_HTML = frozenset((None, "", "text/html", "application/xhtml+xml"))
_MOST_ATTRIBUTES = 64
_RENAMED = "nested-entry"
_PERIODS = {"hourly": 3600, "daily": 86_400, "weekly": 604_800, "monthly": 2_592_000, "yearly": 31_536_000}
_LONGEST_TTL = 31_536_000

_Children = dict[tuple[str, str], list[_Element]]


@dataclass(frozen=True, slots=True)
class RawEntry:
    """What an entry's own elements say of these, as found."""

    guid: str | None
    link: str | None
    base: str | None  # what the link, and those in its texts, are relative to
    published: str | None
    updated: str | None
    literal: bool  # the angle brackets in its title are no markup
    caption: Callable[[], str | None]  # what it says of its media: all that some feeds of films say
    compared: bytes
    element: Callable[[], bytes]


def name(element: _Element) -> tuple[str, str]:
    """The usual prefix and the local name in lower case; ("", "") of what is no element."""
    tag: Any = element.tag  # of an entity, which stays one, it is a function
    return name_of(tag, element.prefix) if isinstance(tag, str) else ("", "")


def unnest(entries: list[_Element]) -> bool:
    """Rename what looks like an entry and is none: an item in an item, or an outer one that only wraps others.

    Only where elements end where they should. Whether there was any.
    """
    changed = False
    for element in entries:
        within = next((above for above in element.iterancestors() if name(above) in ENTRIES), None)
        if within is not None:
            wrapper = not any(name(child) in _OWN_WORDS for child in within)
            (within if wrapper else element).tag = _RENAMED
            changed = True
    return changed


def shed_attributes(root: _Element) -> bool:
    """Take off what no feed has: feedparser takes quadratic time for the attributes of one element. Whether there was any."""
    laden = [element for element in root.iter() if len(element.attrib) > _MOST_ATTRIBUTES]
    for element in laden:
        for attribute in list(element.attrib)[_MOST_ATTRIBUTES:]:
            del element.attrib[attribute]
    return bool(laden)


def entries_of(root: _Element) -> list[_Element]:
    """In the document's order."""
    return [element for element in root.iter() if name(element) in ENTRIES]


def deleted_of(root: _Element) -> list[str]:
    """What entries are named by that the feed says are no more (RFC 6721)."""
    found = (element.get("ref") for element in root.iter() if name(element)[1] == "deleted-entry")
    return [ref for ref in found if ref]


def raw_entry(element: _Element, base: str | None) -> RawEntry:
    """What the entry says. `base`: what its links are relative to where no xml:base says otherwise."""
    named = [(name(child), child) for child in element]
    children: _Children = {}
    for one, child in named:
        children.setdefault(one, []).append(child)
    guid = _first(children, ("", "guid"), ("", "id")) or _stripped(element.get(_ABOUT))
    atom = name(element)[1] == "entry"
    found, at = _link(children, atom=atom)
    if found is None and guid and guid.startswith(("http://", "https://")) and not atom and _permanent(children):
        found = guid
    return RawEntry(
        guid,
        found,
        joined(base, (element if at is None else at).base),
        _date(children, _PUBLISHED),
        _date(children, _UPDATED),
        atom and all(map(_literal, children.get(("", "title"), ()))),
        lambda: _caption(element),
        b"\0".join([_content(child) for one, child in named if one in _COMPARED]),
        lambda: etree.tostring(element, encoding="utf-8", with_tail=False),
    )


def joined(base: str | None, link: str | None) -> str | None:
    """The link, resolved where it is relative and there is something absolute that it is relative to."""
    if not link or not base:
        return link or base
    try:
        return link if urlsplit(link).scheme else urljoin(base, link)
    except ValueError:  # brackets that hold no address
        return link


def link_of(channel: _Element) -> str | None:
    """Where the feed's site is, by itself, if that is absolute."""
    children: _Children = {}
    for child in channel:
        children.setdefault(name(child), []).append(child)
    found, _ = _link(children, atom=name(channel)[1] == "feed")
    return found if found and found.startswith(("http://", "https://")) else None


def ttl_of(channel: _Element) -> int | None:
    """Seconds for which it asks to be left alone: RSS's ttl in minutes, or the period of the syndication module."""
    children: _Children = {}
    for child in channel:
        children.setdefault(name(child), []).append(child)
    seconds = (_number(_first(children, ("", "ttl"))) or 0) * 60
    if not seconds and (period := _PERIODS.get((_first(children, ("sy", "updateperiod")) or "").lower())):
        seconds = period // (_number(_first(children, ("sy", "updatefrequency"))) or 1)
    return min(seconds, _LONGEST_TTL) or None


def channel_of(root: _Element) -> _Element:
    """The element that has the feed's own title and link."""
    return next((element for element in root.iter() if name(element) in {("", "channel"), ("", "feed")}), root)


def _link(children: _Children, *, atom: bool) -> tuple[str | None, _Element | None]:
    """The declared link and its element; Atom's stand in an attribute, RSS's are the text (whatever attributes it has)."""
    elements = children.get(("", "link"), [])
    texts = [(found, one) for one in elements if (found := _text(one))]
    alternate = [
        (found, one)
        for one in elements
        if (found := _stripped(one.get("href"))) and one.get("rel", "alternate").lower() == "alternate"
    ]
    alternate.sort(key=lambda pair: pair[1].get("type") not in _HTML)
    return next(iter(alternate + texts if atom else texts + alternate), (None, None))


def _caption(element: _Element) -> str | None:
    captions = (_text(one) for one in element.iter() if name(one) == ("media", "description"))
    return next((caption for caption in captions if caption), None)


def _permanent(children: _Children) -> bool:
    """Whether RSS's guid may stand for the link: not where it says that it is none. Atom's id never (RFC 4287, 4.2.6)."""
    return all(one.get("isPermaLink", "true").lower() != "false" for one in children.get(("", "guid"), []))


def _literal(title: _Element) -> bool:
    """Whether Atom says that it is plain text: RFC 4287, section 3.1.1, or 0.3 without escaped markup."""
    return title.get("type") in {None, "text", "text/plain"} and title.get("mode") != "escaped"


def _date(children: _Children, names: tuple[tuple[str, str], ...]) -> str | None:
    """The first that is a date; else the first that is anything."""
    found = [text for one in names for element in children.get(one, ()) if (text := _text(element))]
    return next((text for text in found if dates.parse(text).value is not None), found[0] if found else None)


def _first(children: _Children, *names: tuple[str, str]) -> str | None:
    return next((text for one in names for element in children.get(one, ()) if (text := _text(element))), None)


def _text(element: _Element) -> str | None:
    return _stripped(element.text if not len(element) else "".join(map(str, element.itertext())))


def _stripped(found: str | None) -> str | None:
    return found.strip() or None if found else None


def _number(found: str | None) -> int | None:
    return int(found) if found and found.isascii() and found.isdigit() and len(found) < 10 else None  # noqa: PLR2004 (of minutes)


def _content(element: _Element) -> bytes:
    """All that its text is made of; of what has no elements in it without the namespaces that stand around it."""
    if len(element):
        return etree.tostring(element, encoding="utf-8", with_tail=False)
    return f"{element.tag} {sorted(element.items())} {element.text}".encode("utf-8", "replace")
