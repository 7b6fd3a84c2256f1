"""The published schemas, by name and version: `schemas/<name>/<version>.json`.

In a checkout the folder lies beside the package, in an installed wheel inside it; this is the only place that knows.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any


@cache
def schema_folder() -> Path:
    """The folder `schemas`. FileNotFoundError when the installation is incomplete."""
    package = Path(__file__).parent
    for folder in (package / "schemas", package.parent / "schemas"):
        if folder.is_dir():
            return folder
    message = (
        f"no folder `schemas` in {package} or beside it: this installation is incomplete, install news-worker anew"
    )
    raise FileNotFoundError(message)


def names() -> list[str]:
    """The names of all schemas, sorted."""
    return sorted({path.parent.name for path in schema_folder().glob("*/*.json") if _is_version(path.stem)})


def versions(name: str) -> list[str]:
    """The published versions of a schema, oldest first; none when there is no such schema."""
    published = (path.stem for path in schema_folder().glob("*/*.json") if path.parent.name == name)
    return sorted(filter(_is_version, published), key=lambda version: tuple(map(int, version.split("."))))


def load(name: str, version: str | None = None) -> dict[str, Any]:
    """A schema as parsed JSON, the newest version unless told. KeyError when there is no such schema or version."""
    published = versions(name)
    if not published or version not in {None, *published}:
        raise KeyError(name if version is None else f"{name}:{version}")
    path = schema_folder() / name / f"{version or published[-1]}.json"
    schema: dict[str, Any] = json.loads(path.read_bytes())
    return schema


def _is_version(text: str) -> bool:
    return re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", text) is not None
