"""Sources for people's eyes and for programs. Of a URL, userinfo and what looks like a token are left out."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

import click
import orjson

from worker.cli.records import timestamp
from worker.core.sources import stored
from worker.core.sources.definitions import Found
from worker.core.sources.options import OPTIONS, is_of
from worker.model import Definition
from worker.shown import on_one_line, without_secrets

COLUMNS: Final = ["id", "title", "url", "interval", "note"]


def now() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def row(found: Found, note: str = "") -> list[str]:
    """The cells of COLUMNS; that it is not polled is noted before all else."""
    one = found.definition
    interval = OPTIONS["interval"].text(one.interval_s) if one.kind == "feed" else ""
    return [
        one.id,
        one.title or "",
        without_secrets(one.url),
        interval,
        f"not polled: {found.passed_over}" if found.passed_over else note,
    ]


def line(definition: Definition) -> str:
    """Id, URL and title."""
    parts = [definition.id, without_secrets(definition.url), definition.title]
    return "  ".join(on_one_line(part) for part in parts if part)


def plain(found: Found) -> dict[str, Any]:
    """A definition as one JSON object, all options that are not as by default in it."""
    one = found.definition
    options = {name: value for name, value in stored.plain(one).items() if name != "addedAt"}
    return {
        "id": one.id,
        **options,
        "url": without_secrets(one.url),
        "addedAt": timestamp(one.added_at),
        "partition": found.partition,
        "passedOver": found.passed_over,
    }


def lines(objects: Iterable[Mapping[str, Any]]) -> None:
    """Print them, one a line."""
    for one in objects:
        sys.stdout.buffer.write(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE))


def facts(found: Found) -> dict[str, str]:
    """All of a definition, by what people call it."""
    one = found.definition
    options = {
        name.replace("_", " "): option.text(value)
        for name, option in OPTIONS.items()
        if is_of(name, one.kind) and (value := getattr(one, option.field))
    }
    polled = f"no: {found.passed_over}" if found.passed_over else "yes"
    return {
        "id": one.id,
        "url": without_secrets(one.url),
        "site": one.site,
        "added": timestamp(one.added_at),
        **options,
        "polled": polled,
    }


def show(named: Mapping[str, str]) -> None:
    """Print facts, a line each, under one another."""
    width = max(map(len, named))
    for name, value in named.items():
        click.echo(f"{name:<{width}}  {on_one_line(value)}")
