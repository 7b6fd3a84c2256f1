"""Markup to safe markup (nh3) and to plain text with paragraphs (lexbor).

Both libraries' tree builders take time with the square of the nesting (100,000 levels: minutes), of the attributes of one
tag, and nh3 of the references in one text; so what is large is cut down to what articles have before either sees it. Who
builds a page to get past that is stopped by the clock of the process it is read in.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from typing import Any

import nh3
from selectolax.lexbor import LexborHTMLParser, LexborNode

from worker.core.normalise.text import encodable, paragraphs

_REMOVED = frozenset("script style iframe noscript template object embed applet title textarea select svg math".split())
_OPTIONS: dict[str, Any] = {
    "tags": nh3.ALLOWED_TAGS - _REMOVED,
    "clean_content_tags": set(_REMOVED),
    "url_schemes": {"http", "https", "mailto", "tel"},
    "link_rel": None,
}
_CLEANER = nh3.Cleaner(**_OPTIONS)
_SILENT = _REMOVED | {"-comment"}
_BLOCKS = frozenset(
    "address article aside blockquote body center dd details dialog div dl dt fieldset figcaption figure footer form h1 h2 h3 h4"
    " h5 h6 header hr li main nav ol p pre section summary table tr ul".split()
)
_CELLS = frozenset(("td", "th"))
_INLINE = (
    "a abbr acronym b bdi bdo big br cite code del dfn em font html head i iframe img input ins kbd label link mark meta picture q"
    " s samp script small source span strike strong style sub sup tbody td tfoot th thead time title tt u var video wbr"
)
_KNOWN = re.compile(
    rf"<(?=[a-z/!])(?:/?(?:{'|'.join([*sorted(_BLOCKS), *_INLINE.split()])})(?:[\s/][^<>]*)?>|!--|!doctype\s)",
    re.IGNORECASE,
)
_WHITE = re.compile(r"[ \t\n\r\f]+")

_LARGE = 50_000  # characters
_MANY_TAGS = 1_000
_DEEPEST = 256
_LONGEST_ATTRIBUTES = 8_192
_MANY_REFERENCES = 50_000
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/<>]*)([^<>]*)")
# These never nest by themselves: they have no content, or the next one closes the one before.
_FLAT = frozenset(
    "area base br caption col colgroup dd dt embed hr img input li link meta optgroup option p param rp rt source tbody td tfoot"
    " th thead tr track wbr".split()
)


def sanitise(html: str, base: str | None = None) -> str:
    """The markup without what could run or load code: scripts, frames, event handlers, javascript: and data: URLs.

    `base`: an absolute URL that relative ones are resolved against.
    """
    tame = _tame(html)
    if tame.count("&") > _MANY_REFERENCES:
        return "".join(f"<p>{escape(part, quote=False)}</p>" for part in text_of(tame).split("\n\n"))
    return (_cleaner(base) if base else _CLEANER).clean(tame)


@lru_cache(maxsize=64)
def _cleaner(base: str) -> nh3.Cleaner:
    try:
        return nh3.Cleaner(**_OPTIONS, url_relative=("rewrite_with_base", base))
    except ValueError:  # no URL
        return _CLEANER


def text_of(html: str) -> str:
    """What the markup says, as `text.paragraphs` shows it: a blank line at block elements, a line break at br."""
    return paragraphs(words_of(html))


def words_of(html: str) -> str:
    """What the markup says, before `text.paragraphs`: with more line breaks than that shows."""
    # Without the tag, what belongs into a head and stands in front would be read as one: the text of a noscript would come out.
    body = LexborHTMLParser(f"<body>{_tame(html)}").body
    return "".join(_pieces(body)) if body is not None else ""


def looks_like_html(text: str) -> bool:
    """Whether a tag that HTML knows is in it; `a < b`, `<3` and `<name@example.org>` are text."""
    return "<" in text and _KNOWN.search(text) is not None


def _pieces(body: LexborNode) -> list[str]:  # noqa: C901 (a walk without recursion, in one place)
    """In document order and without recursion; white space as CSS collapses it, but in pre."""
    out = ["\n\n"]
    above: list[tuple[LexborNode, str]] = []  # the elements that the node stands in, from the body down
    preformatted = 0
    node: LexborNode | None = body
    while node is not None:
        tag = node.tag or ""
        child = None
        if tag == "-text":
            text = node.text_content or ""
            if not preformatted:
                text = _collapsed(text)
                if text[:1] == " " and out[-1][-1] in " \n":
                    text = text[1:]
            if text:
                out.append(text)
        elif tag == "br":
            out.append("\n")
        elif tag not in _SILENT:
            if tag in _BLOCKS:
                out.append("\n\n")
            child = node.first_child
        if child is not None:
            above.append((node, tag))
            preformatted += tag == "pre"
            node = child
            continue
        node = node.next if above else None
        while node is None and above:
            parent, tag = above.pop()
            preformatted -= tag == "pre"
            if tag in _BLOCKS:
                out.append("\n\n")
            elif tag in _CELLS:
                out.append(" ")
            node = parent.next if above else None
    return out


def _collapsed(text: str) -> str:
    """Runs of white space as one blank; most text has none, and looking for it costs less than replacing each blank."""
    found = "\n" in text or "  " in text or "\t" in text or "\r" in text or "\f" in text
    return _WHITE.sub(" ", text) if found else text


def _tame(html: str) -> str:
    """Tags nested too deeply and attributes beyond all measure out, where the size allows for either."""
    html = encodable(html)
    if len(html) < _LARGE and html.count("<") < _MANY_TAGS:
        return html
    opened: dict[str, int] = {}
    depth = 0

    def keep(found: re.Match[str]) -> str:
        nonlocal depth
        closing, name, attributes = found[1], found[2].lower(), found[3]
        if name not in _FLAT:
            if not closing:
                if depth >= _DEEPEST:
                    return "<wbr"
                depth += 1
                opened[name] = opened.get(name, 0) + 1
            elif opened.get(name, 0):
                depth -= 1
                opened[name] -= 1
        return found[0] if len(attributes) <= _LONGEST_ATTRIBUTES else f"<{closing}{name}"

    return _TAG.sub(keep, html)
