"""What names an entry: its kind of key and the key, from which its articleId is made (the contract, "Ids")."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from worker.core import identity
from worker.core.content import Draft
from worker.core.normalise import dates, links
from worker.core.parse import Entry
from worker.model import STANDARD_INPUT, Key

_FULL_DATE = ("day", "minute", "second")
# These say what an entry is, rather than what it is called.
_OF_CONTENT = ("headline", "text")


def record_key(entry: Entry, path: str) -> Key:
    """Of a record in a file: an id it declares, else path and ordinal; on standard input the content's digest."""
    declared = identity.record_id_key(entry.id, path)
    if path == STANDARD_INPUT and (not declared or declared.startswith("[")):
        # An id that counts within its file says nothing here: every stream is the file "-".
        return "digest", hashlib.sha256(entry.raw).hexdigest()
    if declared:
        return "id", declared
    return "path", identity.path_key(path, entry.ordinal)


def upstream_key(entry: Entry, path: str) -> Key:
    """Of a record of a topic, `path` <topic>/<partition>: an id it declares, else where it lies."""
    if declared := identity.declared_id_key(entry.id):
        return "id", declared
    return "offset", offset_of(path, entry.start, entry.ordinal)


def offset_of(path: str, offset: int, ordinal: int) -> str:
    """What names a place in a topic: an entry of a record, which may hold a feed."""
    topic, _, partition = path.rpartition("/")
    return identity.offset_key(topic, int(partition), offset, ordinal)


def place_in_feed(path: str, offset: int, ordinal: int) -> str:
    """Likewise, where it is known that the record holds a feed."""
    topic, _, partition = path.rpartition("/")
    return identity.entry_place(topic, int(partition), offset, ordinal)


@dataclass(frozen=True, slots=True)
class Names:
    """What could name an entry of a feed, and what does, by its document alone.

    `chosen`: the first of `keys` that is unique in the document and no front page's. `home`: its link is a front page.
    """

    keys: tuple[Key, ...]  # guid, link, headline and full date, body text
    home: bool
    chosen: Key | None


def names_of(drafts: Sequence[Draft]) -> list[Names]:
    """Of all entries of one feed, which are told apart by each other."""
    compared = links.comparison_keys([draft.entry.link or "" for draft in drafts])
    found = [_keys(draft, link) for draft, link in zip(drafts, compared, strict=True)]
    times = Counter(key for keys in found for key in keys)
    named = []
    for keys, link in zip(found, compared, strict=True):
        home = link is not None and links.is_home(link)
        usable = (key for key in keys if times[key] == 1 and not (home and key[0] == "link"))
        named.append(Names(keys, home, next(usable, None)))
    return named


def by_content(names: Names) -> Key | None:
    """What names an entry that shares all its keys with others: what it says, though it isn't the only one that says so."""
    return next((key for key in reversed(names.keys) if key[0] in _OF_CONTENT), None)


def longest_key(names: Names | None) -> int:
    """Bytes that the entry key of a polled entry may take in its event: which of its keys it is, is decided later."""
    return max(len(orjson.dumps(identity.entry_key(key))) for _, key in names.keys) if names else 0


def _keys(draft: Draft, link: str | None) -> tuple[Key, ...]:
    guid = identity.guid_form(draft.entry.guid) if draft.entry.guid else None
    found = (("guid", guid), ("link", link), ("headline", _headline_key(draft)), ("text", _text_key(draft)))
    return tuple((kind, key) for kind, key in found if key)


def _headline_key(draft: Draft) -> str | None:
    """By the date as it is without any zone setting: an id depends on no setting."""
    published = dates.parse(draft.entry.published)
    if not draft.headline or published.precision not in _FULL_DATE or published.value is None:
        return None
    return identity.headline_key(draft.headline, published.value)


def _text_key(draft: Draft) -> str | None:
    return identity.text_key(draft.body.folded) if draft.body.folded else None
