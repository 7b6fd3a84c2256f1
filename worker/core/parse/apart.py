"""A feed that is still not well-formed, mended entry by entry: what is wrong in one costs no other.

A parser that goes through a broken document as a whole takes what comes after the breakage for a part of what is broken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from lxml import etree
from lxml.etree import _Element

Parse = Callable[[str], "_Element | None"]

_MARKS = re.compile(
    r"<!\[CDATA\[.*?\]\]>|(?P<begins><(?P<name>(?:[A-Za-z_][\w.-]*:)?(?:item|entry))(?=[\s>]))|(?P<ends></(?:[A-Za-z_][\w.-]*:)?(?:item|entry)\s*>)",
    re.DOTALL | re.IGNORECASE,
)
_DECLARED = re.compile(r"""\sxmlns(?::[\w.-]+)?\s*=\s*(?:"[^"<]*"|'[^'<]*')""")
_CONTAINERS = re.compile(r"<(/?)((?:[A-Za-z_][\w.-]*:)?(?:rss|feed|rdf|channel))(?=[\s>])", re.IGNORECASE)
_UNCLOSED = re.compile(r"<(title|description|content:encoded|summary|content)(?:\s[^>]*)?(?<!/)>")
_TAG = re.compile(r"<[A-Za-z_][\w.:-]*\s[^<>]*>")
_BARE = re.compile(r"""(?<=\s)([A-Za-z_][\w.:-]*)\s*=\s*([^\s"'<>]+)(?=[\s>])""")
_PLACE = "<entries-stand-here/>"


def mended_apart(found: str, strictly: Parse, leniently: Parse, as_text: Callable[[str], str]) -> str | None:
    """The document with each entry well-formed; None where there are none, or what is around them can't be read.

    `strictly`, `leniently`: parse a document, or a part of one. `as_text`: markup in texts made text.
    """
    pieces = list(_pieces(found))
    if not pieces:
        return None
    head = found[: pieces[0][0]]
    around = head + _PLACE + "".join(f"</{name}>" for name in reversed(_open(head)))
    root = strictly(around)
    if root is None:
        root = leniently(around)
    if root is None:
        return None
    whole = etree.tostring(root, encoding="unicode")
    if whole.count(_PLACE) != 1:
        return None
    declared = "".join(dict.fromkeys(_DECLARED.findall(head)))
    entries = (_entry(found[start:end], declared, strictly, leniently, as_text) for start, end in pieces)
    return whole.replace(_PLACE, "".join(entries))


def _pieces(found: str) -> Iterator[tuple[int, int]]:
    """Where each entry begins and ends: where it says so, else where the next one begins."""
    start = None
    for mark in _MARKS.finditer(found):
        if mark["begins"]:
            if start is not None:
                yield start, mark.start()
            start = mark.start()
        elif mark["ends"] and start is not None:
            yield start, mark.end()
            start = None


def _open(head: str) -> list[str]:
    """The containers that are open at its end, from the outermost."""
    stack: list[str] = []
    for closing, name in _CONTAINERS.findall(head):
        if not closing:
            stack.append(name)
        elif name in stack:
            del stack[stack.index(name) :]
    return stack


def _entry(found: str, declared: str, strictly: Parse, leniently: Parse, as_text: Callable[[str], str]) -> str:
    wrapped = f"<wrapper{declared}>{found}</wrapper>"
    root = strictly(wrapped)
    if root is None:
        wrapped = f"<wrapper{declared}>{as_text(_closed(_quoted(found)))}</wrapper>"
        root = strictly(wrapped)
    if root is None:
        root = leniently(wrapped)
    return "" if root is None else "".join(etree.tostring(entry, encoding="unicode", with_tail=False) for entry in root)


def _quoted(found: str) -> str:
    return _TAG.sub(lambda tag: _BARE.sub(r'\1="\2"', tag[0]), found)


def _closed(found: str) -> str:
    """A text that doesn't end goes on to the end of the entry."""
    end = found.rfind("</")
    for opened in _UNCLOSED.finditer(found):
        if found.find(f"</{opened[1]}", opened.end()) < 0:
            return f"{found[:end]}</{opened[1]}>{found[end:]}" if end > opened.end() else found
    return found
