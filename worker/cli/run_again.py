"""How what was rejected of a data set is run again: by the command that replays it."""

from __future__ import annotations

from shlex import quote

import orjson


def run_again(source_id: str, entry_key: str, where: str = "") -> str | None:
    """The command that replays what a data set's rejection came from; None when it came from no data set.

    `where`: the options that name the broker, as `options.where` gives them.

    An entry with an id of its own doesn't say which file it is from: PATH then stands for it.
    """
    if not source_id.startswith("dataset:"):
        return None
    try:
        key = orjson.loads(entry_key)
    except orjson.JSONDecodeError:
        key = None
    path = key[0] if isinstance(key, list) and key and isinstance(key[0], str) else "PATH"
    return f"news-worker replay ROOT{where} --dataset {quote(source_id.removeprefix('dataset:'))} --only {quote(path)}"
