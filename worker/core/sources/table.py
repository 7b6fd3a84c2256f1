"""Sources as TOML: a [[source]] table each, with `url`, `id` if it is not to follow from that, and options by their names."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable
from typing import Any, Final

from worker.core.sources.difference import Wanted, Wrong
from worker.core.sources.options import OPTIONS, parsed, source_id
from worker.core.sources.urls import checked
from worker.errors import UsageError
from worker.model import Definition

_TABLE: Final = re.compile(r"[ \t]*\[\[[ \t]*source[ \t]*\]\]")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def read(text: str, name: str) -> tuple[list[Wanted], list[Wrong]]:
    """What it lists, and the tables that can't be used. UsageError: it is no TOML, or no list of sources."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{name} is no TOML: {error}.") from None
    tables = document.pop("source", [])
    if document or not isinstance(tables, list):
        stray = next(iter(document), "source")
        raise UsageError(f"{name}: {stray!r} has no meaning here: begin each source with [[source]].")
    # tomllib doesn't tell where a table stands; where they aren't written one by one, their number must do.
    lines = [number for number, line in enumerate(text.split("\n"), 1) if _TABLE.match(line)]
    wanted, wrong = [], []
    for number, one in enumerate(tables):
        where = f"{name}, line {lines[number]}" if len(lines) == len(tables) else f"{name}, source {number + 1}"
        try:
            wanted.append(_wanted(one, where))
        except ValueError as error:
            wrong.append(Wrong(where, str(error)))
    return wanted, wrong


def _wanted(one: Any, where: str) -> Wanted:
    if not isinstance(one, dict) or not isinstance(one.get("url"), str):
        raise ValueError("a source needs its `url`")  # noqa: TRY004 (one kind for all that is wrong in a file)
    options = {name: value for name, value in one.items() if name not in ("url", "id")}
    given = source_id(one["id"]) if "id" in one else None
    return Wanted(checked(one["url"]), where, given, parsed(options), whole=True)


def written(definitions: Iterable[Definition]) -> str:
    """The definitions as such a file, options that are as by default left out."""
    return "\n".join(map(_table, definitions))


def _table(definition: Definition) -> str:
    fresh = Definition(definition.id, definition.url, definition.site, definition.added_at)
    lines = ["[[source]]", f"id = {_string(definition.id)}", f"url = {_string(definition.url)}"]
    for name, option in OPTIONS.items():
        value = getattr(definition, option.field)
        if value != getattr(fresh, option.field):
            lines.append(f"{name} = {_value(name, value, option.text)}")
    return "\n".join(lines) + "\n"


def _value(name: str, value: Any, text: Any) -> str:
    if name == "headers":
        pairs = (f"{header if _BARE.fullmatch(header) else _string(header)} = {_string(one)}" for header, one in value)
        return f"{{ {', '.join(pairs)} }}"
    if name == "folder":
        return f"[{', '.join(map(_string, value))}]"
    return str(value) if name == "daily_updates" else _string(text(value))


def _string(text: str) -> str:
    """A basic string of TOML: JSON's escapes are among its own, and DEL is the one that JSON lets stand."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
