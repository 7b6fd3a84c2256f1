"""Strings in the forms the contract knows: one for identity (`fold`), one for display that keeps paragraphs.

Both first set aside what is rare, everything but printable ASCII and LF (one pass over UTF-8 bytes), and look only there
for what must go. So an ordinary article of 2 kB costs a few microseconds, whatever the rules are.
"""

from __future__ import annotations

import codecs
import html
import re
from unicodedata import is_normalized, normalize

_SURROGATES = re.compile("[\ud800-\udfff]")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")  # category Cc but TAB, LF, CR
_UNWANTED = re.compile(f"{_SURROGATES.pattern}|{_CONTROLS.pattern}")
_WHITE = re.compile("[\t\r\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
_ORDINARY = bytes([0x0A, *range(0x20, 0x7F)])
# Neither changed by NFC nor ever composed with what stands before: Latin letters, typographic quotes and dashes, the euro.
_INERT = re.compile("[\xa1-\u02ff\u2010-\u2027\u20ac]*")
_SHORT = 200  # characters; up to here looking at each of them costs less than setting some aside
_LEADING_ZEROS = re.compile("&#0+(?=[0-9])")
_HUGE_REFERENCE = re.compile("&#[0-9]{8,};?")
_REPLACEMENT = "\ufffd"
# UTF-32 first: its little-endian mark begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NO_UTF8 = re.compile("[\udc80-\udcff]")  # how `surrogateescape` shows a byte that is not part of UTF-8
_ISO_2022 = re.compile(rb"\x1b[$(]")  # seven-bit Japanese, Korean, Chinese: valid UTF-8 bytes, but not its meaning
_HIGH = bytes(range(0x80, 0x100))
_NO_LETTERS = bytes(sorted(set(range(0x100)) - set(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")))
_UNDEFINED = frozenset("\udc81\udc8d\udc8f\udc90\udc9d")  # what Windows-1252 leaves open
_WINDOWS_1252 = {0xDC00 + byte: bytes([byte]).decode("cp1252", "replace") for byte in range(0x80, 0x100)}


def fold(text: str) -> str:
    """The identity form of the contract, and the display form of what has one line.

    Lone surrogates become U+FFFD, control characters (Cc) but TAB, LF, CR go, NFC, runs of Unicode White_Space become one
    blank, trimmed. Idempotent.
    """
    if len(text) < _SHORT and text.isascii() and text.isprintable() and "  " not in text:
        return text.strip(" ")
    clean, white = _clean(text)
    return _folded(clean.split("\n"), white=white)


def paragraphs(text: str) -> str:
    """The display form of a plain-text body: `fold` gives the same for it as for what it was made of.

    Paragraphs are separated by exactly one blank line; line breaks inside a paragraph and blanks inside a line stay; quotes
    stay as they are.
    """
    clean, white = _clean(text)
    return "\n".join(_lines(clean, white=white))


def both(text: str) -> tuple[str, str]:
    """`paragraphs` of a text, and its `fold`, for the cost of little more than one of them."""
    clean, white = _clean(text)
    lines = _lines(clean, white=white)
    return "\n".join(lines), _folded(lines, white=white)


def _lines(clean: str, *, white: bool) -> list[str]:
    if white:
        clean = clean.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n\n")
    kept: list[str] = []
    for line in clean.strip().split("\n"):
        stripped = line.rstrip()
        if stripped or (kept and kept[-1]):
            kept.append(stripped)
    return kept


def _folded(lines: list[str], *, white: bool) -> str:
    flat = " ".join([line for line in lines if line])
    if white:
        # With the control characters gone, what str.split() takes for white space is White_Space exactly.
        return " ".join(flat.split())
    while "  " in flat:
        flat = flat.replace("  ", " ")
    return flat.strip(" ")


def _clean(text: str) -> tuple[str, bool]:
    """Surrogates replaced, control characters out, NFC; and whether other white space than blanks and LF is in it."""
    rare = text.encode("utf-8", "surrogatepass").translate(None, _ORDINARY).decode("utf-8", "surrogatepass")
    if not rare:
        return text, False
    white = False
    if not rare.isprintable():  # neither controls, nor surrogates, nor any White_Space but the blank are printable
        white = _WHITE.search(rare) is not None
        if _UNWANTED.search(rare):
            text = without_controls(text)
    if not _INERT.fullmatch(rare) and not is_normalized("NFC", text):
        text = normalize("NFC", text)
    return text, white


def encodable(text: str) -> str:
    """The text with lone surrogates as U+FFFD, so that every library and every encoding takes it."""
    try:
        text.encode()  # by far the fastest way to look for them
    except UnicodeEncodeError:
        return _SURROGATES.sub(_REPLACEMENT, text)
    return text


def without_controls(text: str) -> str:
    """The text without control characters but TAB, LF, CR, and encodable."""
    return _CONTROLS.sub("", encodable(text))


def unescape(text: str) -> str:
    """HTML character references decoded, exactly once: `&amp;lt;` becomes `&lt;`. One beyond Unicode becomes U+FFFD."""
    if "&" not in text:
        return text
    try:
        return html.unescape(text)
    except ValueError:  # a number of more digits than Python reads
        return html.unescape(_HUGE_REFERENCE.sub(_REPLACEMENT, _LEADING_ZEROS.sub("&#", text)))


def word_count(folded: str) -> int:
    """How many words blanks make of a folded text. In scripts without blanks that is few; nothing better is claimed."""
    return folded.count(" ") + 1 if folded else 0


def decode(data: bytes) -> tuple[str, str | None] | None:
    """The text of a file's bytes, and the name of its encoding where that was guessed (None: certain).

    A byte order mark is honoured and removed; else UTF-8; else Windows-1252 for what is not UTF-8, if that is plausible. None
    when nothing fits: with NULs, ISO-2022 escapes, or too many bytes over 0x7F.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                text = data[len(mark) :].decode(encoding)
            except UnicodeDecodeError:
                return None
            return None if "\x00" in text else (text, None)
    data = data.removeprefix(codecs.BOM_UTF8)
    if b"\x00" in data or _ISO_2022.search(data):
        return None
    try:
        return data.decode(), None
    except UnicodeDecodeError:
        return _guess(data)


def _guess(data: bytes) -> tuple[str, str] | None:
    """Sequences that are UTF-8 stay so even beside those that aren't: Windows-1252 text hardly ever looks like UTF-8."""
    text = data.decode("utf-8", "surrogateescape")
    lines = [line for line in text.split("\n") if _NO_UTF8.search(line)]
    doubtful = "\n".join(lines).encode("utf-8", "surrogateescape")
    high = len(doubtful) - len(doubtful.translate(None, _HIGH))
    letters = len(doubtful.translate(None, _NO_LETTERS))
    if high * 3 > letters or not _UNDEFINED.isdisjoint("".join(lines)):
        return None
    mixed = not _NO_UTF8.sub("", text).isascii()
    return text.translate(_WINDOWS_1252), "mixed utf-8 and windows-1252" if mixed else "windows-1252"
