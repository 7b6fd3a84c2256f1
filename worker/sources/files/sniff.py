"""What a file is, by its first bytes; its name says nothing."""

from __future__ import annotations

import re

import orjson

from worker.model import Code, Format, Refusal

HEAD = 64 * 1024

_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_MAGIC = {
    b"PK\x03\x04": "a zip archive: unpack it first",
    b"PK\x05\x06": "an empty zip archive",
    b"BZh": "bzip2 data: unpack it first (gzip and zstd are read as they are)",
    b"\xfd7zXZ\x00": "xz data: unpack it first (gzip and zstd are read as they are)",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive: unpack it first",
    b"Rar!": "a rar archive: unpack it first",
    b"%PDF-": "a PDF document: convert it to text first",
    b"{\\rtf": "an RTF document: convert it to text first",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"GIF8": "an image",
    b"SQLite format 3\x00": "a SQLite database",
    b"\x1f\x8b": "packed twice: unpack it first",
    b"\x28\xb5\x2f\xfd": "packed twice: unpack it first",
}
_TAR_MAGIC, _TAR_OFFSET = b"ustar", 257
_XML_PROLOGUE = re.compile(rb"(?:\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>)*", re.DOTALL | re.IGNORECASE)
_FEED = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?(?:rss|feed|rdf)[\s>/]", re.IGNORECASE)
_HTML = re.compile(rb"<!doctype\s+html|<html[\s>]", re.IGNORECASE)
_ARRAY = re.compile(rb"\[\s*[\{\]\[]")
_OBJECT = re.compile(rb'\{\s*["\}]')
_ELEMENT = re.compile(rb"<[A-Za-z_]")


def sniff(head: bytes) -> Format | Refusal:
    """What the file is whose unpacked content starts with `head` (HEAD bytes, or all of it)."""
    if not head.strip():
        return Refusal(Code.EMPTY, "the file is empty" if not head else "nothing but white space")
    if head.startswith(_UTF16):
        return _utf16(head)
    for magic, what in _MAGIC.items():
        if head.startswith(magic):
            return Refusal(Code.UNSUPPORTED_FORMAT, what)
    if head[_TAR_OFFSET : _TAR_OFFSET + len(_TAR_MAGIC)] == _TAR_MAGIC:
        return Refusal(Code.UNSUPPORTED_FORMAT, "a tar archive: unpack it first")
    if b"\x00" in head:
        return Refusal(Code.UNSUPPORTED_FORMAT, "binary data")
    text = head.removeprefix(_BOM).lstrip()
    if text.startswith(b"<"):
        return _markup(text)
    if _OBJECT.match(text):
        return _objects(text)
    if _ARRAY.match(text):
        return Format.JSON
    return Format.TEXT


def _utf16(head: bytes) -> Format | Refusal:
    """A feed in UTF-16 is one (its parser knows encodings); JSON must be UTF-8 (RFC 8259 section 8.1)."""
    text = head[: len(head) // 2 * 2].decode("utf-16", "replace").encode("utf-8", "replace").lstrip()
    found = _markup(text) if text.startswith(b"<") else Format.TEXT
    if _OBJECT.match(text) or _ARRAY.match(text):
        return Refusal(Code.UNSUPPORTED_FORMAT, "JSON in UTF-16: convert it to UTF-8")
    return found


def _markup(text: bytes) -> Format | Refusal:
    if _HTML.match(text):
        return Refusal(Code.UNSUPPORTED_FORMAT, "an HTML page, no feed")
    prologue = _XML_PROLOGUE.match(text)
    root = text[prologue.end() if prologue else 0 :]
    if _FEED.match(root):
        return Format.FEED
    if _HTML.match(root):
        return Refusal(Code.UNSUPPORTED_FORMAT, "an HTML page, no feed")
    if text.startswith(b"<?xml") or _ELEMENT.match(root):
        return Refusal(Code.UNSUPPORTED_FORMAT, "XML that is neither RSS nor Atom")
    return Format.TEXT


def _objects(text: bytes) -> Format:
    """Lines when one of the first is a whole object (the very first may be broken) or is too long to see its end."""
    lines = text.split(b"\n")
    if len(lines) == 1 and len(text) >= HEAD - len(_BOM):
        return Format.JSONL
    return Format.JSONL if any(line.startswith(b"{") and _parses(line) for line in lines) else Format.JSON


def _parses(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True
