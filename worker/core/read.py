"""read: a document's bytes to articles, normalised, encoded and validated. Stateless and expensive, so it runs in processes.

Any bytes give a Reading, never an exception: what can't become an article becomes a Rejection in its place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import orjson

from worker.core import event, identity
from worker.core.content import body_of, line_of
from worker.core.item import alternative_ids, fitted, item_of
from worker.core.keys import Key, feed_keys, record_key
from worker.core.normalise import dates, links, text
from worker.core.normalise.language import Language, language
from worker.core.parse import PARSERS, Entry, Unreadable, Withdrawn
from worker.model import Article, Code, Document, Format, Mode, Note, Reading, Refusal, Rejection, Stage, Withdrawal

WORKER_VERSION = version("news-worker")


def read(document: Document, limit: int) -> Reading:
    """What the document says. `limit`: bytes that an event's record may have (the topic's max.message.bytes)."""
    builder = _Builder(document, limit)
    if document.refused:
        end = document.end
        items: list[Article | Rejection | Withdrawal] = [builder.refused(document.refused)]
    elif document.format is Format.FEED:
        found = list(_distinct(PARSERS[Format.FEED](document)))
        entries = [one for one in found if isinstance(one, Entry)]
        named = iter(feed_keys(entries, document.path))
        # Keys are told by the whole document; entries that were published before count for that and no more.
        items = []
        for one in found:
            key = next(named) if isinstance(one, Entry) else None
            if one.ordinal >= document.start:
                items.append(builder.item(one, key))
        end = max(found[-1].end, document.start) if found else document.start
    else:
        end = document.end
        items = [builder.item(one, None) for one in PARSERS[document.format](document)]
    return Reading(tuple(items), document.start, end, document.observed_at, tuple(builder.notes))


class _Builder:
    """What the entries of one document share while they are built; holds the notes as they come up."""

    def __init__(self, document: Document, limit: int) -> None:
        self._document = document
        self._room = limit - event.OVERHEAD
        self._observed = event.rfc3339(document.observed_at)
        self._second = self._observed[:19] + "Z"
        self._digest = hashlib.sha256(document.data).hexdigest()
        self._source = {"id": document.source.id, "kind": document.source.kind}
        self.notes: list[Note] = []

    def item(self, found: Entry | Unreadable | Withdrawn, key: Key | None) -> Article | Rejection | Withdrawal:
        if isinstance(found, Withdrawn):
            return Withdrawal(found.end)
        if isinstance(found, Unreadable):
            return self._rejected(found, found.code, Stage.READ, found.message)
        return self._article(found, key or record_key(found, self._document.path))

    def refused(self, refusal: Refusal) -> Rejection:
        """The rejection of a document that nobody tried to read."""
        document = self._document
        return Rejection(
            refusal.code,
            refusal.stage,
            refusal.message,
            identity.entry_key(identity.path_key(document.path, document.ordinal)),
            document.data[: event.RAW_KEPT],
            refusal.digest or self._digest,
            refusal.size if refusal.size is not None else len(document.data),
            document.end,
        )

    def _article(self, entry: Entry, key: Key) -> Article | Rejection:
        headline, body = line_of(entry.headline, entry), body_of(entry)
        folded = text.fold(body.plain)
        if not folded and not headline:
            return self._rejected(entry, Code.EMPTY, Stage.READ, "there is no text in it")
        published = dates.parse(entry.published)
        spoken = language(entry.language, headline, body.plain)
        article_id = identity.article_id(self._document.source.scope, *key)
        declared = published.value if published.basis == "declared" else None
        content_hash = identity.content_hash(headline or None, folded or None, declared)
        link = text.fold(entry.link) if entry.link else ""
        uri = links.valid_uri(link) if link else None
        item = item_of(entry, article_id, headline, body, folded, published, spoken.value)
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
        whole = {
            "articleId": article_id,
            "version": 1,
            "contentHash": content_hash,
            "item": {**item, "version": "1", "firstCreated": self._second},
            **said,
            "provenance": {**provenance, "mode": Mode.REPLAY.value},
        }
        if wrong := event.violation(whole):
            return self._rejected(entry, Code.SCHEMA_VIOLATION, Stage.ENCODE, wrong)
        self._remark(entry, published, cut)
        return Article(article_id, content_hash, provenance["entryKey"], encoded[:-1], rest, found[:-1], entry.end)

    def _provenance(self, entry: Entry, key: Key, link: str) -> dict[str, Any]:
        provenance: dict[str, Any] = {
            "observedAt": self._observed,
            "file": self._document.path,
            "documentDigest": f"sha256:{self._digest_of(entry.raw)}",
            "entryKey": identity.entry_key(key[1]),
            "workerVersion": WORKER_VERSION,
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
        return self._digest if raw is self._document.data else hashlib.sha256(raw).hexdigest()

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


def _distinct(found: Iterator[Entry | Unreadable | Withdrawn]) -> Iterator[Entry | Unreadable | Withdrawn]:
    """Entries of one document alike in guid, link and content are one; the first stays."""
    seen = set()
    for one in found:
        if isinstance(one, Entry):
            alike = (one.guid, one.link, one.headline, one.html, one.text, one.teaser)
            if alike in seen:
                continue
            seen.add(alike)
        yield one
