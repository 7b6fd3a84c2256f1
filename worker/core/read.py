"""read: a document's bytes to articles, normalised, encoded and validated. Stateless and expensive, so it runs in processes.

Any bytes give a Reading, never an exception: what can't become an article becomes a Rejection in its place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from worker import __version__
from worker.core import event, identity
from worker.core.content import Body, body_of, line_of
from worker.core.item import alternative_ids, fitted, item_of
from worker.core.keys import feed_keys, record_key
from worker.core.normalise import dates, links, text
from worker.core.normalise.language import Language, language
from worker.core.parse import PARSERS, Entry, Unreadable, Withdrawn
from worker.model import (
    Article,
    Code,
    Document,
    Format,
    Key,
    Mode,
    Note,
    Reading,
    Refusal,
    Rejection,
    Stage,
    Withdrawal,
)

_Found = Entry | Unreadable | Withdrawn


def read(document: Document, limit: int) -> Reading:
    """What the document says. `limit`: bytes that an event's record may have (the topic's max.message.bytes)."""
    builder = _Builder(document, limit)
    end = document.end
    if document.refused:
        items: list[Article | Rejection | Withdrawal] = [builder.refused(document.refused)]
    elif document.format is Format.FEED:
        found = list(_distinct(PARSERS[Format.FEED](document)))
        end = max(found[-1].end, document.start) if found else document.start
        items = builder.items(_named(found, document))
    else:
        items = builder.items([(one, None) for one in PARSERS[document.format](document)])
    return Reading(tuple(items), document.start, end, document.observed_at, tuple(builder.notes))


@dataclass(frozen=True, slots=True)
class _Draft:
    """An entry with its texts in the form that is published, all that its language is told by."""

    entry: Entry
    key: Key
    headline: str
    body: Body


class _Builder:
    """What the entries of one document share while they are built; holds the notes as they come up."""

    def __init__(self, document: Document, limit: int) -> None:
        self._document = document
        self._room = limit - event.OVERHEAD
        self._observed = event.rfc3339(document.observed_at)
        self._second = self._observed[:19] + "Z"
        self._source = {"id": document.source.id, "kind": document.source.kind}
        self.notes: list[Note] = []

    def items(self, found: Iterable[tuple[_Found, Key | None]]) -> list[Article | Rejection | Withdrawal]:
        """What the entries become, in their order. Without a key they are records of a file."""
        begun = [self._begun(one, key) for one, key in found]
        # All languages in one go: the model is larger than a core's cache, and with the other work between two articles
        # each detection would take half as long again.
        spoken = iter([_spoken(draft) for draft in begun if isinstance(draft, _Draft)])
        return [self._article(one, next(spoken)) if isinstance(one, _Draft) else one for one in begun]

    def _begun(self, found: _Found, key: Key | None) -> _Draft | Rejection | Withdrawal:
        if isinstance(found, Withdrawn):
            return Withdrawal(found.end)
        if isinstance(found, Unreadable):
            return self._rejected(found, found.code, Stage.READ, found.message)
        headline, body = line_of(found.headline, found), body_of(found)
        if not body.folded and not headline:
            return self._rejected(found, Code.EMPTY, Stage.READ, "there is no text in it")
        return _Draft(found, key or record_key(found, self._document.path), headline, body)

    def refused(self, refusal: Refusal) -> Rejection:
        """The rejection of a document that nobody tried to read."""
        document = self._document
        return Rejection(
            refusal.code,
            refusal.stage,
            refusal.message,
            identity.entry_key(identity.path_key(document.path, document.ordinal)),
            document.data[: event.RAW_KEPT],
            refusal.digest or self._digest_of(document.data),
            refusal.size if refusal.size is not None else len(document.data),
            document.end,
        )

    def _article(self, draft: _Draft, spoken: Language) -> Article | Rejection:
        entry, key, headline, body = draft.entry, draft.key, draft.headline, draft.body
        published = dates.parse(entry.published)
        article_id = identity.article_id(self._document.source.scope, *key)
        declared = published.value if published.basis == "declared" else None
        content_hash = identity.content_hash(headline or None, body.folded or None, declared)
        link = text.fold(entry.link) if entry.link else ""
        uri = links.valid_uri(link) if link else None
        item = item_of(entry, article_id, headline, body, published, spoken.value)
        item["versionCreated"] = self._second
        if alternatives := alternative_ids(entry, uri):
            item["altIds"] = alternatives
        provenance = self._provenance(entry, key, link)
        said = {"published": _published(published), "language": _language(spoken), "source": self._source}
        rest, found = orjson.dumps(said)[1:-1], orjson.dumps(provenance)
        fitting = fitted(item, len(rest) + len(found), self._room)
        if fitting is None:
            return self._rejected(entry, Code.TOO_LARGE, Stage.ENCODE, "over the topic's limit even without its text")
        encoded, cut = fitting
        if cut:
            provenance["shortened"] = cut
            found = orjson.dumps(provenance)
        # Encoded without them, checked with them: as `event.created` will put them in.
        item["version"], item["firstCreated"], provenance["mode"] = "1", self._second, Mode.REPLAY.value
        ids = {"articleId": article_id, "version": 1, "contentHash": content_hash}
        if wrong := event.violation({**ids, "item": item, **said, "provenance": provenance}):
            return self._rejected(entry, Code.SCHEMA_VIOLATION, Stage.ENCODE, wrong)
        self._remark(entry, published, cut)
        return Article(article_id, content_hash, provenance["entryKey"], encoded[:-1], rest, found[:-1], entry.end)

    def _provenance(self, entry: Entry, key: Key, link: str) -> dict[str, Any]:
        provenance: dict[str, Any] = {
            "observedAt": self._observed,
            "file": self._document.path,
            "documentDigest": f"sha256:{self._digest_of(entry.raw)}",
            "entryKey": identity.entry_key(key[1]),
            "workerVersion": __version__,
        }
        if self._document.format is not Format.TEXT:
            provenance["position"] = entry.start
        if link:
            provenance["link"] = links.without_secrets(link)
        return provenance

    def _rejected(self, found: Entry | Unreadable, code: Code, stage: Stage, message: str) -> Rejection:
        raw = found.raw
        place = identity.entry_key(identity.path_key(self._document.path, found.ordinal))
        digest = self._digest_of(raw)
        return Rejection(code, stage, message, place, raw[: event.RAW_KEPT], digest, len(raw), found.end)

    def _digest_of(self, raw: bytes) -> str:
        # An entry of a feed has no bytes of its own: hashing the feed for each would take quadratic time.
        return self._whole_digest if raw is self._document.data else hashlib.sha256(raw).hexdigest()

    @cached_property
    def _whole_digest(self) -> str:
        return hashlib.sha256(self._document.data).hexdigest()

    def _remark(self, entry: Entry, published: dates.Published, cut: str) -> None:
        """Say what a person would want to know of an article that is published all the same."""
        place = f"{self._document.path}, record {entry.ordinal}"
        if published.basis == "absent" and published.raw:
            raw = f"{published.raw[:60]!r} is no date that can be trusted: published without one"
            self.notes.append(Note("date_unknown", f"{place}: {raw}"))
        if entry.guessed:
            self.notes.append(Note("encoding_guessed", f"{place}: not UTF-8, read as {entry.guessed}"))
        if cut:
            self.notes.append(Note("shortened", f"{place}: over the topic's limit, its {cut} was cut"))


def _named(found: list[_Found], document: Document) -> Iterator[tuple[_Found, Key | None]]:
    """The entries of a feed that are to be published, with their keys, which are told by the whole document."""
    keys = iter(feed_keys([one for one in found if isinstance(one, Entry)], document.path))
    for one in found:
        key = next(keys) if isinstance(one, Entry) else None
        if one.ordinal >= document.start:
            yield one, key


def _spoken(draft: _Draft) -> Language:
    return language(draft.entry.language, draft.headline, draft.body.plain)


def _published(found: dates.Published) -> dict[str, Any]:
    if found.value is None:
        return {"basis": found.basis} if found.raw is None else {"basis": found.basis, "raw": found.raw}
    return {
        "value": found.value,
        "precision": found.precision,
        "start": found.start,
        "end": found.end,
        "basis": found.basis,
        "raw": found.raw,
    }


def _language(found: Language) -> dict[str, Any]:
    members = {"value": found.value, "basis": found.basis, "declared": found.declared, "confidence": found.confidence}
    return {name: member for name, member in members.items() if member is not None}


def _distinct(found: Iterator[_Found]) -> Iterator[_Found]:
    """Entries of one document alike in guid, link and content are one; the first stays."""
    seen = set()
    for one in found:
        if isinstance(one, Entry):
            alike = (one.guid, one.link, one.headline, one.html, one.text, one.teaser)
            if alike in seen:
                continue
            seen.add(alike)
        yield one
