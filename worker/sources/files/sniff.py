"""What a file is, by its first bytes; its name says nothing."""

from __future__ import annotations

import re

from worker.core.parse.split import Scanner
from worker.model import Code, Format, Refusal
from worker.sources.files.cut import parses

HEAD = 64 * 1024

_BOM = b"\xef\xbb\xbf"
# With a byte order mark, or known by the "<?" that XML starts with (XML 1.0, appendix F).
_UTF16 = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"<\x00?\x00": "utf-16-le", b"\x00<\x00?": "utf-16-be"}
_MAGIC = {
    b"PK\x03\x04": "a zip archive: unpack it first",
    b"PK\x05\x06": "an empty zip archive",
    b"\xfd7zXZ\x00": "xz data: unpack it first (gzip and zstd are read as they are)",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive: unpack it first",
    b"Rar!\x1a\x07": "a rar archive: unpack it first",
    b"%PDF-": "a PDF document: convert it to text first",
    b"{\\rtf": "an RTF document: convert it to text first",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"GIF87a": "an image",
    b"GIF89a": "an image",
    b"SQLite format 3\x00": "a SQLite database",
    b"\x1f\x8b": "packed twice: unpack it first",
    b"\x28\xb5\x2f\xfd": "packed twice: unpack it first",
}
_MAGICS = tuple(_MAGIC)  # tried at once: it is tried on every file
_TAR = re.compile(rb".{257}ustar", re.DOTALL)
_BZIP2 = re.compile(rb"BZh[1-9]1AY&SY")
_XML_PROLOGUE = re.compile(
    rb"(?:\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>)*", re.DOTALL | re.IGNORECASE
)
_FEED = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?(?:rss|feed|rdf)[\s>/]", re.IGNORECASE)
_HTML = re.compile(rb"<!doctype\s+html|<html[\s>]", re.IGNORECASE)
# A text may begin with words in brackets: an array is what goes on as one.
_ARRAY = re.compile(
    rb'\[\s*(?:\[\s*)*+(?:\{|\]\s*(?:\Z|[,\]])|(?:null|true|false|"[^"\\]*")\s*[,\]])|\[\s*\[[\s\[]*+-?[0-9]'
)
_OBJECT = re.compile(rb'\{\s*(?:["}]|\Z)')
# Its version is a URL of this form (JSON Feed 1.1, "Top-level"); https in none of them, but in some feeds.
_JSON_FEED = re.compile(rb'"version"\s*:\s*"https?:(?:\\?/){2}(?:www\.)?jsonfeed\.org(?:\\?/)version(?:\\?/)')
_LOOKED_AT = 20  # lines
_ELEMENT = re.compile(rb"<[A-Za-z_]")


def sniff(head: bytes) -> Format | Refusal:
    """What the file is whose unpacked content starts with `head` (HEAD bytes, or all of it)."""
    text = head.removeprefix(_BOM).lstrip()
    if not text:
        return Refusal(Code.EMPTY, "nothing but white space" if head else "the file is empty")
    if head.startswith(tuple(_UTF16)):
        return _utf16(head, next(encoding for start, encoding in _UTF16.items() if head.startswith(start)))
    if unsupported := _unsupported(head):
        return Refusal(Code.UNSUPPORTED_FORMAT, unsupported)
    if text.startswith(b"<"):
        return _markup(text)
    return _objects(text) if _OBJECT.match(text) else _other(text)


def _other(text: bytes) -> Format:
    if _ARRAY.match(text):
        return Format.JSON
    return Format.JSONL if _mostly_objects(text) else Format.TEXT


def _mostly_objects(text: bytes) -> bool:
    """Whether it is lines of objects, the first of which is none: a comment, a null, a line that broke off."""
    lines = [line for line in text.split(b"\n")[:_LOOKED_AT] if line.strip()]
    return sum(line.startswith(b"{") and parses(line) for line in lines) * 2 >= len(lines) > 1


def _unsupported(head: bytes) -> str | None:
    """What it is, and what to do, if it is nothing that holds text as it stands."""
    if head.startswith(_MAGICS):
        return next(what for magic, what in _MAGIC.items() if head.startswith(magic))
    if _BZIP2.match(head):
        return "bzip2 data: unpack it first (gzip and zstd are read as they are)"
    if _TAR.match(head):
        return "a tar archive: unpack it first"
    return "binary data, no text" if b"\x00" in head else None


def _utf16(head: bytes, encoding: str) -> Format | Refusal:
    """A feed in UTF-16 is one (its parser knows encodings); JSON must be UTF-8 (RFC 8259 section 8.1)."""
    text = head[: len(head) // 2 * 2].decode(encoding, "replace").encode("utf-8", "replace").lstrip()
    if _OBJECT.match(text) or _ARRAY.match(text):
        return Refusal(Code.UNSUPPORTED_FORMAT, "JSON in UTF-16: convert it to UTF-8")
    return _markup(text) if text.startswith(b"<") else Format.TEXT


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
        return Refusal(Code.UNSUPPORTED_FORMAT, "markup that is neither RSS nor Atom")
    return Format.TEXT


def _is_json_feed(text: bytes) -> bool:
    """One object that says which version of JSON Feed it is; it says so among its first members, or is small."""
    return _JSON_FEED.search(text) is not None and text[:1] == b"{"


def _objects(text: bytes) -> Format:
    """Lines, where the first object ends with its line. Where it seems not to, that line may be broken: the others tell."""
    if _is_json_feed(text):
        return Format.JSON_FEED
    first, newline, others = text.partition(b"\n")
    end = Scanner().end(text, 0)
    if 0 <= end <= len(first):
        return Format.JSON if first[end:].strip() else Format.JSONL
    if end >= 0 and parses(text[:end]):
        return Format.JSON
    # Without a second line: one that is very long, or that is being written.
    lines = not newline or any(line.startswith(b"{") and parses(line) for line in others.split(b"\n"))
    return Format.JSONL if lines else Format.JSON


def is_array(head: bytes) -> bool:
    """Whether values stand in brackets there."""
    return head.removeprefix(_BOM).lstrip().startswith(b"[")
