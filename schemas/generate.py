"""Make what is derived from the published schemas: the open reader schemas, and the digests that keep a version unchanged.

Run `python schemas/generate.py` after adding a version. A version that is in `published.json` may not change any more:
tests hold it.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
DIGESTS = FOLDER / "published.json"


def opened(schema: Any) -> Any:
    """The schema as a reader wants it: members added by a later version are let through, and enumerations are only hints."""
    if isinstance(schema, list):
        return [opened(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {name: opened(part) for name, part in schema.items() if name not in ("additionalProperties", "enum")}


def reader_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """The open schema beside a closed one, under an `$id` of its own."""
    return {**opened(schema), "$id": schema["$id"] + ":open", "title": f"{schema['title']}, for readers"}


def main() -> None:
    """Write `<version>.open.json` beside each event schema, and the digest of each version that has none yet."""
    digests = json.loads(DIGESTS.read_text()) if DIGESTS.exists() else {}
    for path in sorted(FOLDER.glob("*/?*.?*.?*.json")):
        name = path.relative_to(FOLDER).as_posix()
        if name.endswith(".open.json"):
            continue
        digests.setdefault(name, hashlib.sha256(path.read_bytes()).hexdigest())
        if path.parent.name == "article-event":
            schema = reader_schema(json.loads(path.read_text()))
            path.with_suffix(".open.json").write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n")
    DIGESTS.write_text(json.dumps(digests, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
