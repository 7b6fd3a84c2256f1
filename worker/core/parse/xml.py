"""A feed's bytes as well-formed XML in UTF-8, if that can be had: what is broken is mended before any parser sees it.

So a feed that is broken today and healed tomorrow says the same both times, and the loose parsers, which guess, are only
asked about what can't be mended. Nothing outside the document is ever read, and no entity is expanded.
"""

from __future__ import annotations

import html.entities
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from lxml import etree

from worker.core.normalise import text
from worker.core.parse.apart import mended_apart
from worker.core.parse.namespaces import URIS

_MARKS = (b"\x00\x00\xfe\xff", b"\xff\xfe\x00\x00", b"\xff\xfe", b"\xfe\xff")
# Without a mark, by the "<" that XML starts with.
_UTF16 = {b"<\x00": "utf-16-le", b"\x00<": "utf-16-be"}
_DECLARATION = re.compile(r"""\s*<\?xml\b[^>]{0,500}?\?>""")
_DECLARED = re.compile(rb"""^[^>]{0,500}?\sencoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
_LATIN1 = frozenset(("iso-8859-1", "iso8859-1", "latin1", "latin-1", "us-ascii", "ascii", "windows-1252", "cp1252"))

_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_ENTITY = re.compile(r"""<!ENTITY\s+([A-Za-z][\w.-]{0,40})\s+(?:"([^"&<%]{0,60})"|'([^'&<%]{0,60})')\s*>""")
_REFERENCE = re.compile(
    r"(?P<kept><!\[CDATA\[.*?\]\]>)|<!--.*?-->|&(?:#(?P<decimal>[0-9]+)|#[xX](?P<hex>[0-9a-fA-F]+)|(?P<name>[A-Za-z][\w.-]{0,40}));|&",
    re.DOTALL,
)
# In a comment or a text it is no DOCTYPE.
_BEFORE_DOCTYPE = re.compile(r"(?:[^<]++|<\?.*?\?>|<!--.*?-->)*+(?=<!DOCTYPE)", re.DOTALL)
_XML_NAMES = frozenset(("amp", "lt", "gt", "quot", "apos"))
_PREFIX = re.compile(r"<([A-Za-z_][\w.-]*):")
_ROOT = re.compile(r"<[A-Za-z_][\w.:-]*")
_CLOSED = re.compile(r"</(?:[A-Za-z_][\w.-]*:)?(?:rss|feed|rdf|channel)\s*>", re.IGNORECASE)
_ENDS = re.compile(r"</(?:[A-Za-z_][\w.-]*:)?(?:item|entry)\s*>", re.IGNORECASE)
_BEGINS = re.compile(r"<(?:[A-Za-z_][\w.-]*:)?(?:item|entry)[\s>]", re.IGNORECASE)
_FEED = re.compile(r"<(?:[A-Za-z_][\w.-]*:)?(?:rss|feed|rdf|channel)[\s>]", re.IGNORECASE)
_OPENED = re.compile(r"<((?:[A-Za-z_][\w.-]*:)?(?:rss|feed|rdf|channel))(?:\s[^>]*)?>", re.IGNORECASE)
# Where publishers put markup without escaping it; as text it is what they mean.
_TEXTS = re.compile(
    r"(?P<start><(title|description|content:encoded|summary)(?:\s[^>]*)?(?<!/)>)(?P<content>(?:(?!</?\2[\s>]).)*+)(?=</\2\s*>)",
    re.DOTALL,
)
_LARGE = 8_000_000  # characters; over that only what costs little is mended
_NO_MEMORY = 2  # XML_ERR_NO_MEMORY
_LOOKED_AT = 65_536  # bytes; a DOCTYPE behind them is not honoured either, only slower to pass over


@dataclass(frozen=True, slots=True)
class Source:
    """A document as both parsers are given it, and its elements.

    `sound`: it is well-formed, perhaps because it was mended. `root`: None where there is no element at all.
    """

    data: bytes
    root: etree._Element | None
    sound: bool
    guessed: str | None = None  # the character encoding, where it had to be guessed
    broken_off: bool = False  # it ended inside an entry, which was left out


def load(data: bytes, content_type: str | None) -> Source:
    """The document's elements, of whatever bytes."""
    decoded, guessed = _decoded(data, content_type)
    if decoded is None:  # UTF-8, as it says
        root = None if b"<!DOCTYPE" in data[:_LOOKED_AT] else _parsed(data)
        if root is not None:
            return Source(data, root, sound=True)
        decoded = data.decode()
    mended = _mended(decoded)
    for cut, repaired in _repairs(mended):
        sound = repaired.encode()
        if (root := _parsed(sound)) is not None:
            return Source(sound, root, sound=True, guessed=guessed, broken_off=cut)
    loose = mended.encode()
    root = _parsed(loose, recover=True)
    return Source(loose, root, sound=False, guessed=guessed, broken_off=_CLOSED.search(mended) is None)


def _repairs(mended: str) -> Iterator[tuple[bool, str]]:
    """What may be well-formed in its place, the least changed first; and whether it was cut."""
    yield False, mended
    if len(mended) > _LARGE:
        return
    yield False, (textual := _TEXTS.sub(_as_text, mended))
    whole = _without_rest(textual)
    if whole is not None:
        yield True, whole
    apart = mended_apart(whole or textual, _part, partial(_part, recover=True), partial(_TEXTS.sub, _as_text))
    if apart is not None:
        yield whole is not None, apart


def _part(found: str, *, recover: bool = False) -> etree._Element | None:
    return _parsed(found.encode(), recover=recover)


def _parsed(data: bytes, *, recover: bool = False) -> etree._Element | None:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
        recover=recover,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if any(error.type == _NO_MEMORY for error in parser.error_log):
        raise MemoryError  # it says nothing about the document but that it is large
    return root


def _decoded(data: bytes, content_type: str | None) -> tuple[str | None, str | None]:
    """The text, None where the bytes are UTF-8 and a parser will take them for that; and its encoding where it was guessed.

    What is UTF-8 is taken for it whatever is declared: other text hardly ever looks like it.
    """
    if data.startswith(_MARKS) or data[:2] in _UTF16:
        encoding = _UTF16.get(data[:2]) or ("utf-32" if data.startswith(_MARKS[:2]) else "utf-16")
        return data.decode(encoding, "replace"), None
    found = _DECLARED.match(data[:1024])
    declared = found[1].decode().lower() if found else None
    try:
        decoded = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _other(data, declared, content_type)
    if declared not in (None, "utf-8", "utf8"):
        if declared is not None and "2022" in declared and b"\x1b" in data:
            return _other(data, declared, content_type)
        return decoded, None
    return None if not data.startswith(b"\xef\xbb\xbf") else decoded, None


def _other(data: bytes, declared: str | None, content_type: str | None) -> tuple[str, str | None]:
    served = _CHARSET.search(content_type or "")
    for encoding in (declared, served[1].lower() if served else None):
        if encoding is None or encoding in ("utf-8", "utf8") or encoding.startswith(("utf-16", "utf-32", "utf16")):
            continue
        try:
            decoded = data.decode("cp1252" if encoding in _LATIN1 else encoding)
        except (LookupError, UnicodeError):
            continue
        return decoded, None
    if guess := text.decode(data):
        return guess
    return data.decode("utf-8", "replace"), "utf-8, with what is none replaced"


def _mended(found: str) -> str:
    """Declaration, DOCTYPE, controls and comments out; every reference one that XML knows; every prefix declared."""
    clean = _NO_XML.sub("", text.encodable(found)).lstrip("\ufeff")
    clean = _DECLARATION.sub("", clean, count=1)
    declared: dict[str, str] = {}
    if (before := _BEFORE_DOCTYPE.match(clean, 0, _LOOKED_AT)) and (root := _FEED.search(clean, before.end())):
        start = before.end()
        declared = {name: one or other for name, one, other in _ENTITY.findall(clean, start, root.start())}
        clean = clean[:start] + clean[root.start() :]
    clean = clean[max(clean.find("<"), 0) :].rstrip()

    def known(reference: re.Match[str]) -> str:
        if reference["kept"]:
            return reference[0]
        if reference[0].startswith("<"):
            return ""
        name = reference["name"]
        if name in _XML_NAMES:
            return reference[0]
        if name:
            character = html.entities.html5.get(f"{name};") or declared.get(name)
            return _escaped(character) if character else f"&amp;{name};"
        if digits := reference["decimal"]:
            return _character(digits, 10)
        return _character(reference["hex"], 16) if reference["hex"] else "&amp;"

    return _with_prefixes(_REFERENCE.sub(known, clean) if "&" in clean or "<!--" in clean else clean)


def _escaped(characters: str) -> str:
    return characters.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _character(digits: str, base: int) -> str:
    digits = digits.lstrip("0")
    shown = f"&#{'x' if base == 16 else ''}{digits};" if len(digits) < 8 else "&#xFFFD;"  # noqa: PLR2004 (the last is 0x10FFFF, 1114111)
    decoded = _NO_XML.sub("", text.encodable(text.unescape(shown))) if digits else ""
    return _escaped(decoded)


def _with_prefixes(found: str) -> str:
    missing = {prefix for prefix in _PREFIX.findall(found) if f"xmlns:{prefix}" not in found}
    root = _ROOT.search(found)
    if not missing or not root:
        return found
    added = "".join(f' xmlns:{prefix}="{URIS.get(prefix, f"urn:undeclared:{prefix}")}"' for prefix in sorted(missing))
    return found[: root.end()] + added + found[root.end() :]


def _as_text(found: re.Match[str]) -> str:
    """The content as CDATA, in which references mean nothing: those are decoded now."""
    start, content = found["start"], found["content"]
    if "<" not in content or "<![CDATA[" in content or 'type="xhtml"' in start:
        return found[0]
    decoded = text.unescape(content)
    return found[0] if "]]>" in decoded else f"{start}<![CDATA[{decoded}]]>"


def _without_rest(found: str) -> str | None:
    """A document that breaks off, up to its last whole entry; None where it doesn't, or breaks off before its first entry."""
    if _CLOSED.search(found, max(0, len(found) - 200)):
        return None
    end = max((one.end() for one in _ENDS.finditer(found)), default=0)
    if not end:
        begun = _BEGINS.search(found)
        if begun is None:
            return None
        end = begun.start()
    opened = [one[1] for one in _OPENED.finditer(found[:end]) if f"</{one[1]}" not in found[one.end() : end]]
    return found[:end] + "".join(f"</{name}>" for name in reversed(opened))
