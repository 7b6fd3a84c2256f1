"""A second reading of feeds, by the letter of their formats and nothing of the product: raw XML by lxml, JSON Feed by json.

What it can't tell for sure it doesn't state: a date in no standard form, a link that isn't there.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from html.entities import html5
from urllib.parse import urljoin

from lxml import etree
from lxml.html import fragment_fromstring

ATOM = ("http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#")
DC = ("http://purl.org/dc/elements/1.1/", "http://purl.org/dc/elements/1.0/")
DC_TERMS = ("http://purl.org/dc/terms/",)
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XML = "{http://www.w3.org/XML/1998/namespace}"

ZONES = {
    "GMT": 0,
    "UT": 0,
    "UTC": 0,
    "Z": 0,
    "EST": -5,
    "EDT": -4,
    "CDT": -5,
    "MST": -7,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
}
ZONES |= {"CET": 1, "CEST": 2, "JST": 9, "AEST": 10}
RFC_822 = re.compile(
    rf"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),\s*)?(\d\d?\s+[A-Z][a-z][a-z]\s+\d{{4}}\s+\d\d:\d\d)(?::(\d\d))?\s+([+-]\d{{4}}|{'|'.join(ZONES)})"
)
ISO_8601 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
TEXTS = "id guid link title description summary content encoded body content_html content_text".split()
DECLARED = re.compile(rb"""(\s*<\?xml[^>]*?encoding\s*=\s*["'])([A-Za-z0-9._-]+)""")
AMPERSAND = re.compile(r"&(?:(#[0-9]+|#[xX][0-9A-Fa-f]+|\w+);)?")
YEARS = range(1583, 2101)


@dataclass(frozen=True, slots=True)
class Stated:
    """What an entry states. `titles`: the forms that its title may rightly be read in; none where it has none."""

    id: str | None
    links: frozenset[str]  # one, or what a relative one may be relative to; none where it has none
    titles: frozenset[str]
    instant: int | None  # seconds since the epoch
    date: str | None  # as found
    whole: str  # by which two that are alike are one


@dataclass(frozen=True, slots=True)
class Feed:
    """`form`: well-formed, broken, json."""

    form: str
    entries: tuple[Stated, ...]


def read(data: bytes, url: str) -> Feed | None:
    """None: no feed by the letter of any format."""
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return json_feed(data, url)
    form, root = "well-formed", parsed(honest(data), recover=False)
    if root is None:
        form, root = "broken", parsed(mended(data), recover=True)
    if root is None or local(root) not in {"rss", "rdf", "feed"}:
        return None
    kind = "entry" if local(root) == "feed" else "item"
    stated = [
        atom(one, url) if kind == "entry" else rss(one, url) for one in outermost(root, kind, anywhere=form == "broken")
    ]
    return Feed(form, distinct(stated))


def distinct(stated: list[Stated]) -> tuple[Stated, ...]:
    """Entries that are alike are one, the first of them."""
    first_of: dict[str, Stated] = {}
    for one in stated:
        first_of.setdefault(one.whole, one)
    return tuple(first_of.values())


def parsed(data: bytes, *, recover: bool) -> etree._Element | None:
    try:
        options = etree.XMLParser(recover=recover, resolve_entities=False, no_network=True, huge_tree=True)
        return etree.fromstring(data, options)
    except (etree.XMLSyntaxError, ValueError):
        return None


def honest(data: bytes) -> bytes:
    """Bytes that are UTF-8, ASCII apart, are in no encoding of single bytes, whatever they say."""
    declared = DECLARED.match(data)
    if declared is None or not re.match(rb"(?i)iso-8859|windows-|us-ascii", declared[2]):
        return data
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return data
    return data if data.isascii() else DECLARED.sub(rb"\1UTF-8", data, count=1)


def mended(data: bytes) -> bytes:
    """Without what most often keeps a feed from being XML: text before it, its encoding, bare ampersands, names that HTML knows."""
    declared = DECLARED.search(data[:1000])
    for encoding in ("utf-8", declared[2].decode("ascii") if declared else "utf-8", "cp1252"):
        try:
            text = data.removeprefix(b"\xef\xbb\xbf").decode(encoding)
            break
        except (UnicodeDecodeError, LookupError):
            continue
    else:
        return data
    text = re.sub(r"^[^<]*(?:<\?xml[^>]*>)?", "", text, count=1)
    sections = re.split(r"(<!\[CDATA\[.*?\]\]>)", text, flags=re.DOTALL)
    return "".join(one if one.startswith("<![CDATA[") else AMPERSAND.sub(reference, one) for one in sections).encode()


def reference(found: re.Match[str]) -> str:
    name = found[1]
    if name is None:
        return "&amp;"
    if name in {"amp", "lt", "gt", "quot", "apos"} or name.startswith("#"):
        return found[0]
    return html5.get(f"{name};", f"&amp;{name};")


def json_feed(data: bytes, url: str) -> Feed | None:
    try:
        found = json.loads(data.decode("utf-8-sig"))
    except ValueError:
        return None
    if not isinstance(found, dict) or "jsonfeed.org" not in str(found.get("version")):
        return None
    return Feed("json", distinct([json_item(item, url) for item in found["items"]]))


def json_item(item: dict[str, object], url: str) -> Stated:
    """What isn't of the type that the format says is not stated; only an id may be a number."""
    said = {name: value for name, value in item.items() if isinstance(value, str) and value.strip()}
    link = said.get("url") or said.get("external_url")
    date = said.get("date_published") or said.get("date_modified")
    name = item.get("id")
    return Stated(
        bare(str(name)) or None if isinstance(name, str | int | float) and not isinstance(name, bool) else None,
        frozenset({joined(url, link.strip())} if link else ()),
        frozenset({squeezed(said["title"])} if "title" in said else ()),
        instant(date) if date else None,
        date,
        json.dumps([item.get(name) for name in ("id", "url", "external_url", *TEXTS)]),
    )


def outermost(element: etree._Element, kind: str, *, anywhere: bool) -> Iterator[etree._Element]:
    """The items or entries that stand in no other. `anywhere`: where elements aren't closed, one may stand in any."""
    for child in element:
        if local(child) == kind:
            yield child
        elif anywhere or local(child) == "channel":
            yield from outermost(child, kind, anywhere=anywhere)


def rss(item: etree._Element, url: str) -> Stated:
    own = namespaces(item)
    channel = next((one for one in item.iterancestors() if local(one) == "channel"), None)
    places = (url, text(first(channel, "link", own)) if channel is not None else "")  # RSS says nothing of it
    guid = first(item, "guid", own)
    if guid is None:
        guid = first(item, "id", ATOM)
    link = text(first(item, "link", own)) or atom_link(item, ATOM)
    if (
        not link
        and guid is not None
        and local(guid) == "guid"
        and (guid.get("isPermaLink") or "true").strip().lower() == "true"
    ):
        link = text(guid) if text(guid).startswith(("http://", "https://")) else ""
    about = bare(item.get(f"{{{RDF}}}about") or "")
    if not link and about.startswith(("http://", "https://")):
        link = about  # RSS 1.0, section 5.5: the two should be identical
    date = text(first(item, "pubdate", own)) or text(first(item, "date", DC)) or text(first(item, "issued", DC_TERMS))
    date = (
        date
        or text(first(item, "published", ATOM))
        or text(first(item, "modified", DC_TERMS))
        or text(first(item, "updated", ATOM))
    )
    title = first(item, "title", own)
    if not text(title):
        title = first(item, "title", DC)
    return Stated(
        text(guid) or about or None,
        frozenset(joined(base(item, place), link) for place in places if place and link),
        forms(title, marked=True),
        instant(date),
        date or None,
        alike(item),
    )


def atom(entry: etree._Element, url: str) -> Stated:
    own = namespaces(entry)
    date = next((found for name in ("published", "issued", "created") if (found := text(first(entry, name, own)))), "")
    date = (
        date
        or text(first(entry, "date", DC))
        or text(first(entry, "created", DC_TERMS))
        or text(first(entry, "updated", own))
        or text(first(entry, "modified", own))
    )
    title = first(entry, "title", own)
    if not text(title):
        title = first(entry, "title", DC)
    kind = (title.get("type") or "text") if title is not None else "text"
    escaped = title is not None and title.get("mode") == "escaped"
    link = atom_link(entry, own)
    return Stated(
        text(first(entry, "id", own)) or None,
        frozenset({joined(base(entry, url), link)} if link else ()),
        forms(title, marked=escaped or "html" in kind),
        instant(date),
        date or None,
        alike(entry),
    )


def atom_link(entry: etree._Element, spaces: tuple[str, ...]) -> str:
    links = [one for one in entry if local(one) == "link" and space(one) in spaces and one.get("href")]
    return next((bare(one.get("href")) for one in links if (one.get("rel") or "alternate").strip() == "alternate"), "")


def forms(title: etree._Element | None, *, marked: bool) -> frozenset[str]:
    """As it stands, and where markup may be meant: references decoded once more, tags out."""
    plain = content(title) if title is not None else ""
    found = {plain, unmixed(plain)}
    if marked:
        found |= {
            form
            for one in found
            for form in (html.unescape(one), tagless(one), tagless(html.unescape(one)), html.unescape(tagless(one)))
        }
    return frozenset(filter(None, map(squeezed, found)))


def unmixed(plain: str) -> str:
    """UTF-8 that was read as Windows-1252 or Latin-1, as some feeds have it among text that is."""
    for encoding in ("cp1252", "latin-1"):
        try:
            return plain.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
    return plain


def tagless(markup: str) -> str:
    try:
        return str(fragment_fromstring(markup, create_parent="div").text_content()) if markup.strip() else ""
    except (etree.ParserError, ValueError):
        return markup


def instant(date: str) -> int | None:
    """Only of what a standard says: RFC 822 with its four-digit year, RFC 3339. CST, which China writes too, states nothing."""
    date = bare(date)
    try:
        if found := RFC_822.fullmatch(date):
            naive = datetime.strptime(" ".join(found[1].split()), "%d %b %Y %H:%M").replace(second=int(found[2] or 0))  # noqa: DTZ007 (its zone comes next)
            zone = found[3]
            minutes = ZONES[zone] * 60 if zone in ZONES else int(zone[0] + "1") * (int(zone[1:3]) * 60 + int(zone[3:]))
            moment = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
        elif ISO_8601.fullmatch(date):
            moment = datetime.fromisoformat(date)
        else:
            return None
    except ValueError:
        return None
    minutes = moment.utcoffset().total_seconds() / 60
    known = moment.year in YEARS and -12 * 60 <= minutes <= 14 * 60
    return int(moment.astimezone(UTC).timestamp() // 1) if known else None


def base(element: etree._Element, url: str) -> str:
    for one in reversed([element, *element.iterancestors()]):
        url = joined(url, one.get(f"{XML}base") or "")
    return url


def joined(base_url: str, link: str) -> str:
    try:
        return urljoin(base_url, link)
    except ValueError:
        return link


def namespaces(element: etree._Element) -> tuple[str, ...]:
    return (space(element),)


def first(element: etree._Element, name: str, spaces: tuple[str, ...]) -> etree._Element | None:
    """The first such child that says something, else the first."""
    found = [one for one in element if local(one) == name and space(one) in spaces]
    return next((one for one in found if text(one) or len(one)), found[0] if found else None)


def text(element: etree._Element | None) -> str:
    return bare(content(element)) if element is not None else ""


def content(element: etree._Element) -> str:
    """All text in it; comments are none."""
    return str(element.xpath("string()"))


def local(element: etree._Element) -> str:
    """In small letters: a feed that shouts is one."""
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""


def space(element: etree._Element) -> str:
    return element.tag[1:].rpartition("}")[0] if isinstance(element.tag, str) else ""


def alike(element: etree._Element) -> str:
    """Id, link and content, by which the contract has two entries be one."""
    parts = [content(one) + (one.get("href") or "") for one in element if local(one) in TEXTS]
    return "\0".join([element.get(f"{{{RDF}}}about") or "", *parts])


def bare(value: str) -> str:
    return " ".join(value.split())


def squeezed(value: str) -> str:
    """Without any white space or control character: how that is shown is no matter of accuracy."""
    return "".join(sign for sign in "".join(value.split()) if sign >= " " and not "\x7f" <= sign <= "\x9f")
