"""Records for people's eyes, on a terminal of any width. Everything printed was made visible first (`worker.shown`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from worker.cli.records import as_text, decoded, headers_of, timestamp
from worker.model import Topic
from worker.shown import on_one_line, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from worker.broker.port import Stored

_EXCERPT = 240  # characters of a body


def console() -> Console:
    """Standard output, as it is now; what is printed is taken as it is, without markup."""
    return Console(highlight=False, markup=False, emoji=False)


def table(out: Console, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table; where standard output is no terminal, values separated by tabs, uncut, a row a line."""
    lines = [[on_one_line(cell) for cell in row] for row in rows]
    if not out.is_terminal:
        for line in [list(columns), *lines]:
            out.file.write("\t".join(line) + "\n")
        return
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in columns:
        grid.add_column(name, overflow="fold", header_style="bold")
    for line in lines:
        grid.add_row(*map(Text, line))
    out.print(grid)


def record(out: Console, stored: Stored, topic: Topic) -> None:
    """Print a record as a block of a few lines."""
    value = decoded(stored, topic)["value"]
    if topic is Topic.ARTICLES and isinstance(value, dict):
        title, lines = _article(stored, value)
    elif topic is Topic.REJECTS:
        title, lines = _rejection(stored)
    else:
        shown = value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
        title, lines = stored.key.decode(errors="backslashreplace"), shown.splitlines()
    block(out, title, f"{stored.partition}:{stored.offset} · {timestamp(stored.timestamp)}", lines)


def block(out: Console, title: str, where: str, lines: Iterable[str]) -> None:
    """Print a heading and what belongs to it, folded between words."""
    out.print(Text(on_one_line(title), style="bold"))
    for line, style in ((where, "dim"), *((line, "") for line in lines)):
        out.print(Padding(Text(visible(line), style=style), (0, 0, 0, 2), expand=False))
    out.print()


def hexdump(raw: bytes) -> list[str]:
    """Sixteen bytes a line: offset, hexadecimal, ASCII."""
    return [
        f"{start:08x}  {raw[start : start + 16].hex(' '):<47}  "
        + "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in raw[start : start + 16])  # noqa: PLR2004  ASCII
        for start in range(0, len(raw), 16)
    ]


def _article(stored: Stored, value: dict[str, Any]) -> tuple[str, list[str]]:
    item, published, language, source = (_object(value, name) for name in ("item", "published", "language", "source"))
    kind = headers_of(stored).get("ce_type", "").removeprefix("news.article.").removesuffix(".v1")
    said = f"published {published['value']} ({published.get('precision')})" if published.get("value") else "no date"
    spoken = f"{language['value']} ({language.get('basis')})" if language.get("value") else "language unknown"
    body = _first(item, "bodies").get("value", "")
    lines = [
        f"{kind} · version {value.get('version')} · {value.get('articleId')}",
        f"{said} · {spoken} · {source.get('id')}",
    ]
    excerpt = on_one_line(body[: 2 * _EXCERPT])
    if excerpt:
        lines.append(excerpt if len(excerpt) <= _EXCERPT else excerpt[:_EXCERPT].rstrip() + "…")
    return _first(item, "headlines").get("value") or "(no headline)", lines


def _rejection(stored: Stored) -> tuple[str, list[str]]:
    headers = headers_of(stored)
    raw = stored.value or b""
    text = as_text(raw[:_EXCERPT]) or as_text(raw[: _EXCERPT - 3]) or "(binary)"
    lines = [
        f"{headers.get('reject_source_id')} · {headers.get('reject_entry_key')} · {len(raw)} bytes",
        on_one_line(text),
    ]
    return f"{headers.get('reject_code')}: {headers.get('reject_message')}", lines


def _object(value: dict[str, Any], name: str) -> dict[str, Any]:
    member = value.get(name)
    return member if isinstance(member, dict) else {}


def _first(value: dict[str, Any], name: str) -> dict[str, Any]:
    members = value.get(name)
    return members[0] if isinstance(members, list) and members and isinstance(members[0], dict) else {}
