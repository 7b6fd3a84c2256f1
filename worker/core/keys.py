"""What names an entry: its kind of key and the key, from which its articleId is made (the contract, "Ids")."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence

from worker.core import identity
from worker.core.content import body_of, line_of
from worker.core.normalise import dates, links
from worker.core.parse import Entry
from worker.model import STANDARD_INPUT, Key

_FULL_DATE = ("day", "minute", "second")


def record_key(entry: Entry, path: str) -> Key:
    """Of a record in a file: an id it declares, else path and ordinal; on standard input the content's digest."""
    declared = identity.record_id_key(entry.id, path)
    if path == STANDARD_INPUT and (not declared or declared.startswith("[")):
        # An id that counts within its file says nothing here: every stream is the file "-".
        return "digest", hashlib.sha256(entry.raw).hexdigest()
    if declared:
        return "id", declared
    return "path", identity.path_key(path, entry.ordinal)


def feed_keys(entries: Sequence[Entry], path: str) -> list[Key]:
    """Of a saved feed's entries, by the document alone: guid, else link, else headline and full date, else body text.

    Each only where it is unique in the document; what is left is named by path and ordinal.
    """
    compared = links.comparison_keys([entry.link or "" for entry in entries])
    named: tuple[tuple[str, list[str | None]], ...] = (
        ("guid", [identity.guid_form(entry.guid) if entry.guid else None for entry in entries]),
        ("link", [key if key and not links.is_home(key) else None for key in compared]),
        ("headline", _each(entries, _headline_key)),
        ("text", _each(entries, _text_key)),
    )
    times = [Counter(keys) for _, keys in named]
    chosen: list[Key] = []
    for index, entry in enumerate(entries):
        usable = (
            (kind, key)
            for (kind, keys), counted in zip(named, times, strict=True)
            if (key := keys[index]) and counted[key] == 1
        )
        chosen.append(next(usable, ("path", identity.path_key(path, entry.ordinal))))
    return chosen


def _each(entries: Sequence[Entry], rule: Callable[[Entry], str | None]) -> list[str | None]:
    return [rule(entry) for entry in entries]


def _headline_key(entry: Entry) -> str | None:
    headline, published = line_of(entry.headline, entry), dates.parse(entry.published)
    if not headline or published.precision not in _FULL_DATE or published.value is None:
        return None
    return identity.headline_key(headline, published.value)


def _text_key(entry: Entry) -> str | None:
    folded = body_of(entry).folded
    return identity.text_key(folded) if folded else None
