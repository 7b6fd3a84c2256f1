"""OPML, in and out: outlines that are feeds, in folders of outlines. Options travel as attributes in a namespace of ours.

The one decision: files as people have them are mended before they are parsed. An ampersand that stands alone, as in the
query of a URL, would else be dropped with what follows it, and a wrong URL be polled.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html.entities import name2codepoint
from typing import Final

from lxml import etree

from worker.core.sources.difference import Wanted, Wrong
from worker.core.sources.options import OPTIONS, parsed, source_id
from worker.core.sources.urls import checked
from worker.errors import UsageError
from worker.model import Definition

NAMESPACE: Final = "urn:news-worker:opml:1"
_OURS: Final = f"{{{NAMESPACE}}}"
_ENTITY: Final = re.compile(
    rb"&(?:(#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6}|amp|lt|gt|quot|apos);|([A-Za-z][A-Za-z0-9]{1,20});)?"
)
_WIDE: Final = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"<\x00": "utf-16-le", b"\x00<": "utf-16-be"}
_DECLARATION: Final = re.compile(rb"<\?xml[^>]*\?>")
_FEEDS: Final = ("rss", "atom", "feed", "jsonfeed")


def read(data: bytes, name: str) -> tuple[list[Wanted], list[Wrong]]:
    """What it lists, and the outlines that can't be used. UsageError: it is no OPML."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, recover=True, remove_comments=True
    )
    root = etree.fromstring(_mended(data), parser)
    if root is None or _local(root) != "opml":
        what = "is no XML" if root is None else f"is <{_local(root)}> and no OPML"
        raise UsageError(
            f"{name} {what}: export your feeds as OPML where you read them; one feed is added by `news-worker sources add URL`."
        )
    wanted, wrong = [], []
    for outline in root.iter(etree.Element):
        where = f"{name}, line {outline.sourceline}"
        try:
            if _local(outline) == "outline" and (one := _wanted(outline, where)):
                wanted.append(one)
        except ValueError as error:
            wrong.append(Wrong(where, str(error)))
    return wanted, [*wrong, *_broken(parser, name)]


def _mended(data: bytes) -> bytes:
    """Names of HTML's as numbers, any other ampersand as itself; what a DOCTYPE declares is thereby never expanded."""
    wide = next((name for start, name in _WIDE.items() if data.startswith(start)), None)
    if wide:  # then an ampersand isn't the one byte that is looked for
        data = _DECLARATION.sub(b"", data.decode(wide, "replace").encode("utf-8", "replace"))
    return _ENTITY.sub(_reference, data)


def _reference(found: re.Match[bytes]) -> bytes:
    if found[1]:
        return found[0]
    code = name2codepoint.get(found[2].decode()) if found[2] else None
    return b"&#%d;" % code if code else b"&amp;" + found[0][1:]


def _broken(parser: etree.XMLParser, name: str) -> Iterator[Wrong]:
    """Where the parser gave up on the structure, sources may be missing: the first such place is said."""
    for error in parser.error_log:
        if error.level == etree.ErrorLevels.FATAL:
            yield Wrong(
                f"{name}, line {error.line}",
                f"the XML is broken ({error.message.strip()}): what follows may be missing",
            )
            return


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname.lower()


def _wanted(outline: etree._Element, where: str) -> Wanted | None:
    plain = {str(name).lower(): str(value) for name, value in outline.attrib.items() if not str(name).startswith("{")}
    ours = {
        str(name).removeprefix(_OURS): str(value)
        for name, value in outline.attrib.items()
        if str(name).startswith(_OURS)
    }
    kind = plain.get("type", "").lower()
    url = plain.get("xmlurl") or (plain.get("url", "") if kind in _FEEDS else "")
    if not url.strip():
        if kind == "include":
            raise ValueError("it includes another file, which is not fetched: apply that one too")
        return None
    given = parsed({name: value for name, value in ours.items() if name != "id"})
    # `text` is what must be there: where we wrote the outline, it may be no more than the URL.
    title = plain.get("title") or ("" if ours else plain.get("text", ""))
    if title.strip() and title.strip() != url.strip():
        given |= parsed({"title": title})
    if folder := parsed({"folder": _folder(outline)})["folder"]:
        given["folder"] = folder
    return Wanted(checked(url), where, source_id(ours["id"]) if "id" in ours else None, given, whole=bool(ours))


def _folder(outline: etree._Element) -> list[str]:
    names = [
        str(one.get("text") or one.get("title") or "") for one in outline.iterancestors() if _local(one) == "outline"
    ]
    return names[::-1]


def written(definitions: Iterable[Definition]) -> bytes:
    """The definitions as such a file: applied elsewhere, it gives the same ids and options."""
    root = etree.Element("opml", {"version": "2.0"}, nsmap={"news-worker": NAMESPACE})
    etree.SubElement(etree.SubElement(root, "head"), "title").text = "Sources of news-worker"
    folders: dict[tuple[str, ...], etree._Element] = {(): etree.SubElement(root, "body")}
    for definition in definitions:
        parent = folders[()]
        for depth in range(1, len(definition.folder) + 1):
            path = definition.folder[:depth]
            if path not in folders:
                folders[path] = etree.SubElement(parent, "outline", {"text": path[-1]})
            parent = folders[path]
        etree.SubElement(parent, "outline", _attributes(definition))
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _attributes(definition: Definition) -> dict[str, str]:
    fresh = Definition(definition.id, definition.url, definition.site, definition.added_at)
    title = {"title": definition.title} if definition.title else {}
    options = {
        f"{_OURS}{name}": option.text(value)
        for name, option in OPTIONS.items()
        if name not in ("title", "folder")
        and (value := getattr(definition, option.field)) != getattr(fresh, option.field)
    }
    return {
        "type": "rss",
        "text": title.get("title", definition.url),
        **title,
        "xmlUrl": definition.url,
        f"{_OURS}id": definition.id,
        **options,
    }
