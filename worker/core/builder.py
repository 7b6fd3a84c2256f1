"""What the entries of one document become: first all drafts and what they are named by, then all languages, then the articles.

Whatever can't become one becomes a rejection in its place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from worker.core import event, identity
from worker.core.content import Draft, draft_of
from worker.core.item import alternative_ids, fitted, item_of
from worker.core.keys import (
    Names,
    by_content,
    longest_key,
    names_of,
    offset_of,
    place_in_feed,
    record_key,
    upstream_key,
)
from worker.core.members import language_member, provenance_member, published_member, source_member
from worker.core.normalise import links, text
from worker.core.normalise.language import Language, language
from worker.core.parse import Entry, Feed, Unreadable, Withdrawn, records
from worker.core.parse.entry import own_bytes
from worker.core.remarks import remarks
from worker.core.traits import traits_of, traits_of_rejected
from worker.model import (
    Article,
    Code,
    Document,
    Format,
    Key,
    Mode,
    Note,
    Refusal,
    Rejection,
    Stage,
    Withdrawal,
)

_Item = Article | Rejection | Withdrawal
_REPLAY = Mode.REPLAY.value


@dataclass(slots=True)
class _Named:
    """A draft that is to become an article, and what it is named by. `names`: of an entry of a polled feed."""

    draft: Draft
    key: Key
    names: Names | None


class Builder:
    """What the entries of one document share while they are built; holds the notes as they come up."""

    def __init__(self, document: Document, limit: int, title: str | None) -> None:
        self._document = document
        self._room = limit - event.OVERHEAD
        self._second = event.rfc3339(document.observed_at)[:19] + "Z"
        self._source = source_member(document, title)
        self._taken: set[Key] = set()  # what a polled feed's articles are named by
        digest = document.fetched.digest if document.fetched else None
        # By identity, of bytes that many entries share: to hash a feed for each of them would take quadratic time.
        self._shared: dict[int, tuple[bytes, str | None]] = {id(document.data): (document.data, digest)}
        self.notes: list[Note] = []

    def records(self, found: Iterable[Entry | Unreadable | Withdrawn]) -> list[_Item]:
        """What records of a file become, in their order."""
        return self._finished([self._record(one, record_key) for one in found])

    def upstream(self, found: Iterable[Entry | Unreadable | Withdrawn | Feed]) -> list[_Item]:
        """What records of a topic become, in their order, each an article or a feed."""
        begun: list[_Item | _Named] = []
        for one in found:
            if not isinstance(one, Feed):
                begun += self._wanted([self._record(one, upstream_key)], [one])
                continue
            self.notes += one.notes
            entries = one.distinct()
            raw = next((each.raw for each in entries if isinstance(each, Entry)), b"")
            self._shared[id(raw)] = raw, None
            begun += self._wanted(self._begun(entries), entries)
        return self._finished(begun)

    def _wanted(
        self, begun: Sequence[_Item | _Named], found: Sequence[Entry | Unreadable | Withdrawn]
    ) -> Sequence[_Item | _Named]:
        """Those of them that the document is read for: all, unless that is one alone."""
        only = self._document.only
        if only is None:
            return begun
        return [
            one
            for one, at in zip(begun, found, strict=True)
            if not isinstance(at, Withdrawn) and self._digest_of(own_bytes(at)) == only
        ]

    def entries(self, found: Sequence[Entry | Unreadable | Withdrawn]) -> list[_Item]:
        """What a feed's entries become, in their order; those before the position where the document starts are done."""
        begun = self._begun(found)
        return self._finished([one for one, at in zip(begun, found, strict=True) if at.ordinal >= self._document.start])

    def _begun(self, found: Sequence[Entry | Unreadable | Withdrawn]) -> list[_Item | _Named]:
        zone = self._document.fetched.zone if self._document.fetched else None
        drafts = [draft_of(one, zone) for one in found if isinstance(one, Entry)]
        named = iter(zip(drafts, names_of(drafts), strict=True))
        return [
            self._entry(*next(named)) if isinstance(one, Entry) else self._no_entry(one, in_feed=True) for one in found
        ]

    def _record(
        self, one: Entry | Unreadable | Withdrawn, key_of: Callable[[Entry, str], Key]
    ) -> Rejection | Withdrawal | _Named:
        if not isinstance(one, Entry):
            return self._no_entry(one)
        draft = draft_of(one)
        if draft.body.folded or draft.headline:
            return _Named(draft, key_of(one, self._document.path), None)
        return self._rejected(one, Code.EMPTY, Stage.READ, "there is no text in it")

    def whole(self, refusal: Refusal, end: int) -> Rejection:
        """The rejection of a document that can't be read, or that nobody tried to read."""
        document, data = self._document, self._document.data
        if document.format is Format.RECORDS:  # of which it is one
            data = next(records.frames(data)).value or b""
        return Rejection(
            refusal.code,
            refusal.stage,
            refusal.message,
            identity.entry_key(
                self._place(document.start, 0 if document.format is Format.RECORDS else document.ordinal)[1]
            ),
            data[: event.RAW_KEPT],
            refusal.digest or self._digest_of(data),
            refusal.size if refusal.size is not None else len(data),
            end,
        )

    def _place(self, start: int, ordinal: int) -> Key:
        """What names an entry by where it lies."""
        path = self._document.path
        if self._document.format is Format.RECORDS:
            return "offset", offset_of(path, start, ordinal)
        return "path", identity.path_key(path, ordinal)

    def _no_entry(self, found: Unreadable | Withdrawn, *, in_feed: bool = False) -> Rejection | Withdrawal:
        if isinstance(found, Unreadable):
            return self._rejected(found, found.code, Stage.READ, found.message, in_feed=in_feed)
        guid = identity.guid_form(found.guid) if found.guid else ""
        return Withdrawal(found.end, (("guid", guid),) if guid else ())

    def _entry(self, draft: Draft, names: Names) -> Rejection | _Named:
        if not draft.body.folded and not draft.headline:
            return self._rejected(draft.entry, Code.EMPTY, Stage.READ, "there is no text in it", draft, names)
        if not self._document.fetched:
            place = self._place(draft.entry.start, draft.entry.ordinal)
            return _Named(draft, names.chosen or place, None)
        key = names.chosen or by_content(names)
        if key is None or key in self._taken:
            why = "nothing tells it from the feed's other entries: no guid, link, date or text of its own"
            return self._rejected(draft.entry, Code.NOT_AN_ARTICLE, Stage.READ, why, draft, names)
        self._taken.add(key)
        return _Named(draft, key, names)

    def _finished(self, begun: list[_Item | _Named]) -> list[_Item]:
        # All languages in one go: the model is larger than a core's cache, and with the other work between two articles
        # each detection would take half as long again.
        spoken = iter([_spoken(one.draft) for one in begun if isinstance(one, _Named)])
        return [self._article(one, next(spoken)) if isinstance(one, _Named) else one for one in begun]

    def _article(self, named: _Named, spoken: Language) -> Article | Rejection:
        draft, names = named.draft, named.names
        entry, published = draft.entry, draft.published
        article_id = identity.article_id(identity.scope(self._document.source, named.key), *named.key)
        declared = published.value if published.basis == "declared" else None
        content_hash = identity.content_hash(draft.headline or None, draft.body.folded or None, declared)
        link = text.fold(entry.link) if entry.link else ""
        uri = links.valid_uri(link) if link else None
        item = item_of(entry, article_id, draft.headline, draft.body, published, spoken.value)
        item["versionCreated"] = self._second
        if alternatives := alternative_ids(entry, uri):
            item["altIds"] = alternatives
        entry_key = identity.entry_key(named.key[1])
        digest = self._digest_of(entry.raw)
        provenance = provenance_member(self._document, entry.start, digest, None if names else entry_key)
        if as_found := text.fold(entry.link_found) if entry.link_found else link:
            provenance["link"] = links.without_secrets(as_found)
        said: dict[str, Any] = {
            "published": published_member(published),
            "language": language_member(spoken),
            "source": self._source,
        }
        rest, found = orjson.dumps(said)[1:-1], orjson.dumps(provenance)
        fitting = fitted(item, len(rest) + len(found) + longest_key(names), self._room)
        if fitting is None:
            why = "over the topic's limit even without its text"
            return self._rejected(entry, Code.TOO_LARGE, Stage.ENCODE, why, draft, names)
        encoded, cut = fitting
        if cut:
            provenance["shortened"] = cut
            found = orjson.dumps(provenance)
        # Encoded without them, checked with them: as they will be put in.
        item["version"], item["firstCreated"] = "1", self._second
        provenance["entryKey"], provenance["mode"] = entry_key, _REPLAY
        said |= {"articleId": article_id, "version": 1, "contentHash": content_hash}
        said |= {"item": item, "provenance": provenance}
        if wrong := event.violation(said):
            return self._rejected(entry, Code.SCHEMA_VIOLATION, Stage.ENCODE, wrong, draft, names)
        self.notes += remarks(self._document, entry, published, cut)
        traits = traits_of(draft, names) if names else None
        return Article(article_id, content_hash, entry_key, encoded[:-1], rest, found[:-1], entry.end, traits)

    def _rejected(  # noqa: PLR0913, PLR0917 (what was found, why it is none, and what it is known again by)
        self,
        found: Entry | Unreadable,
        code: Code,
        stage: Stage,
        message: str,
        draft: Draft | None = None,
        names: Names | None = None,
        *,
        in_feed: bool = False,
    ) -> Rejection:
        raw = own_bytes(found)
        digest = self._digest_of(raw)
        if self._document.fetched:
            keys = names.keys if names else ()
            place = identity.entry_key(keys[0][1]) if keys else f"sha256:{digest}"
            traits = traits_of_rejected(draft, names, digest)
        elif self._document.format is Format.RECORDS and (in_feed or raw is not found.raw):
            place, traits = place_in_feed(self._document.path, found.start, found.ordinal), None
        else:
            place, traits = identity.entry_key(self._place(found.start, found.ordinal)[1]), None
        return Rejection(code, stage, message, place, raw[: event.RAW_KEPT], digest, len(raw), found.end, traits)

    def _digest_of(self, raw: bytes) -> str:
        _, digest = self._shared.get(id(raw), (raw, None))
        if digest is None:
            digest = hashlib.sha256(raw).hexdigest()
            if id(raw) in self._shared:
                self._shared[id(raw)] = raw, digest
        return digest


def _spoken(draft: Draft) -> Language:
    return language(draft.entry.language, draft.headline, draft.body.plain)
