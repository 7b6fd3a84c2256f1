"""Files that list sources: OPML, TOML or a URL a line, told apart by what is in them."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Final

from worker.core.sources import opml, plain, table
from worker.core.sources.difference import Wanted, Wrong
from worker.errors import UsageError

_TABLE: Final = re.compile(r"^[ \t]*(\[|[A-Za-z_]+[ \t]*=)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Listed:
    """What a file lists; an entry that can't be used costs only itself."""

    wanted: tuple[Wanted, ...]
    wrong: tuple[Wrong, ...]


def read(data: bytes, name: str) -> Listed:
    """What the file of that name lists. UsageError: it is none of the three, or is broken as a whole."""
    if data.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").startswith(b"<"):
        found = opml.read(data, name)
    else:
        text = _decoded(data, name)
        found = table.read(text, name) if _TABLE.search(text) else plain.read(text, name)
    wanted, wrong = found
    if not wanted and not wrong:
        raise UsageError(f"{name} lists no sources: it may be OPML, TOML with [[source]] tables, or a URL a line.")
    return Listed(tuple(wanted), tuple(wrong))


def _decoded(data: bytes, name: str) -> str:
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{name}, line {line}: this is not UTF-8: save it as that, or as OPML.") from None
