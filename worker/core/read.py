"""read: a document's bytes to articles, normalised, encoded and validated. Stateless and expensive, so it runs in processes.

Any bytes give a Reading, never an exception: what can't become an article becomes a Rejection in its place.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from typing import Any

import orjson

from worker.core import event, identity
from worker.core.normalise import dates, html, links, text
from worker.core.normalise.language import language
from worker.core.parse import PARSERS, Entry, Unreadable
from worker.model import Article, Code, Document, Format, Mode, Note, Reading, Rejection, Source, Stage

WORKER_VERSION = version("news-worker")
STANDARD_INPUT = "-"


def read(document: Document, limit: int) -> Reading:
    """What the document says. `limit`: bytes that an event's record may have (the topic's max.message.bytes)."""
    if document.refused:
        refused = document.refused
        raw = document.data
        place = identity.entry_key(identity.path_key(document.path, document.ordinal))
        rejection = Rejection(
            refused.code,
            refused.stage,
            refused.message,
            place,
            raw[: event.RAW_KEPT],
            refused.digest or hashlib.sha256(raw).hexdigest(),
            refused.size if refused.size is not None else len(raw),
            document.end,
        )
        return Reading((rejection,), document.start, document.end, document.observed_at)
    found = list(PARSERS[document.format](document))
    build = _Builder(document, limit)
    if document.format is Format.FEED:
        found = list(_distinct(found))
        keys = _feed_keys([one for one in found if isinstance(one, Entry)])
        items = [build.item(one, keys.get(one.ordinal) if isinstance(one, Entry) else None) for one in found]
        end = found[-1].end if found else document.start
    else:
        items = [build.item(one, None) for one in found]
        end = document.end
    return Reading(tuple(items), document.start, end, document.observed_at, tuple(build.notes))


class _Builder:
    """What the entries of one document share while they are built; holds the notes as they come up."""

    def __init__(self, document: Document, limit: int) -> None:
        self.document = document
        self.room = limit - event.OVERHEAD
        self.notes: list[Note] = []
        self.observed = event.rfc3339(document.observed_at)
        self.source = _encoded_source(document.source)

    def item(self, found: Entry | Unreadable, key: tuple[str, str] | None) -> Article | Rejection:
        if isinstance(found, Unreadable):
            return self._rejection(found, found.code, Stage.READ, found.message)
        return self._article(found, key)

    def _article(self, entry: Entry, key: tuple[str, str] | None) -> Article | Rejection:
        document = self.document
        headline = _line(entry.headline, entry.markup)
        partial = not (entry.text or entry.html)
        markup, body = _body(entry, partial)
        folded = text.fold(body)
        if not folded and not headline:
            return self._rejection(entry, Code.EMPTY, Stage.READ, "there is no text in it")
        published = dates.parse(entry.published)
        if published.basis == "absent" and published.raw:
            self._note("date_unknown", entry, f"{published.raw[:60]!r} is no date that can be trusted: published without one")
        if entry.guessed:
            self._note("encoding_guessed", entry, f"not UTF-8: read as {entry.guessed}")
        kind, name = key or _record_key(entry, document.path)
        article_id = identity.article_id(document.source.scope, kind, name)
        content_hash = identity.content_hash(
            headline or None, folded or None, published.value if published.basis == "declared" else None
        )
        link = entry.link.strip() if entry.link else None
        uri = links.valid_uri(link) if link else None
        spoken = language(entry.language, headline, body)
        observed = f"{self.observed[:19]}Z"

        item: dict[str, Any] = {
            "uri": f"urn:uuid:{article_id}",
            "type": "text",
            "standard": event.STANDARD,
            "pubStatus": "usable",
            "representationType": "partial" if partial else "full",
            "versionCreated": observed,
        }
        instant = dates.instant(published)
        if instant:
            item["contentCreated"] = instant
        if spoken.value:
            item["language"] = spoken.value
        if headline:
            item["headlines"] = [{"value": headline}]
        bodies = []
        if body:
            bodies.append(_part("text/plain", body, body))
        if markup and body:
            bodies.append(_part("text/html", markup, body))
        if bodies:
            item["bodies"] = bodies
        teaser = None if partial else _line(entry.teaser, entry.markup)
        if teaser:
            item["descriptions"] = [{"contentType": "text/plain", "value": teaser}]
        declared = _declared(entry)
        alternatives = [{"role": role, "value": value} for role, value in (("guid", declared), ("link", uri)) if value]
        if alternatives:
            item["altIds"] = alternatives
        authors = [name for author in entry.authors if (name := _line(author, entry.markup))]
        if authors:
            item["by"] = ", ".join(authors)
            item["infoSources"] = [{"name": name} for name in authors]
        subjects = [name for subject in entry.subjects if (name := _line(subject, entry.markup))]
        if subjects:
            item["subjects"] = [{"name": name} for name in subjects]
        rights = _line(entry.rights, entry.markup)
        if rights:
            item["copyrightNotice"] = rights

        provenance: dict[str, Any] = {
            "observedAt": self.observed,
            "file": document.path,
            "documentDigest": "sha256:" + hashlib.sha256(entry.raw).hexdigest(),
            "entryKey": identity.entry_key(name),
            "workerVersion": WORKER_VERSION,
        }
        if document.format is not Format.TEXT:
            provenance["position"] = entry.start
        if link:
            provenance["link"] = links.without_secrets(text.fold(link))

        said = {"published": _without_none(published), "language": _without_none(spoken)}
        shortened = _fit(item, provenance, said, self.room)
        if shortened is None:
            return self._rejection(entry, Code.TOO_LARGE, Stage.ENCODE, "over the topic's limit even without its text")
        if shortened:
            self._note("shortened", entry, f"over the topic's limit: its {provenance['shortened']} was cut")
        whole = {
            "articleId": article_id,
            "version": 1,
            "contentHash": content_hash,
            "item": {**item, "version": "1", "firstCreated": observed},
            **said,
            "source": {"id": document.source.id, "kind": document.source.kind},
            "provenance": {**provenance, "mode": Mode.REPLAY},
        }
        wrong = event.violation(whole)
        if wrong:
            return self._rejection(entry, Code.SCHEMA_VIOLATION, Stage.ENCODE, wrong)
        return Article(
            article_id,
            content_hash,
            provenance["entryKey"],
            orjson.dumps(item)[:-1],
            orjson.dumps(said)[1:-1] + self.source,
            orjson.dumps(provenance)[:-1],
            entry.end,
        )

    def _rejection(self, found: Entry | Unreadable, code: Code, stage: Stage, message: str) -> Rejection:
        raw = found.raw
        return Rejection(
            code,
            stage,
            message,
            identity.entry_key(identity.path_key(self.document.path, found.ordinal)),
            raw[: event.RAW_KEPT],
            hashlib.sha256(raw).hexdigest(),
            len(raw),
            found.end,
        )

    def _note(self, code: str, entry: Entry, message: str) -> None:
        self.notes.append(Note(code, f"{self.document.path}, record {entry.ordinal}: {message}"))


def _encoded_source(source: Source) -> bytes:
    return b',"source":' + orjson.dumps({"id": source.id, "kind": source.kind})


def _line(found: str | None, markup: bool) -> str:
    if not found:
        return ""
    if not markup or ("&" not in found and "<" not in found):
        return text.fold(found)
    return text.fold(html.text_of(found) if html.looks_like_html(found) else text.unescape(found))


def _body(entry: Entry, partial: bool) -> tuple[str, str]:
    """The sanitised markup, if there is any, and the plain text with its paragraphs."""
    plain, markup = (entry.teaser, None) if partial else (entry.text, entry.html)
    if entry.markup and plain and not markup and html.looks_like_html(plain):
        plain, markup = None, plain
    cleaned = html.sanitise(markup) if markup else ""
    if plain:
        return cleaned, text.paragraphs(text.unescape(plain) if entry.markup else plain)
    return cleaned, html.text_of(cleaned) if cleaned else ""


def _part(content_type: str, value: str, counted: str) -> dict[str, Any]:
    return {
        "contentType": content_type,
        "value": value,
        "charCount": len(value),
        "wordCount": text.word_count(counted),
    }


def _declared(entry: Entry) -> str | None:
    declared = entry.guid if entry.guid is not None else entry.id
    if isinstance(declared, bool) or not isinstance(declared, str | int):
        return None
    return text.fold(str(declared)) or None


def _without_none(value: Any) -> dict[str, Any]:
    return {name: found for name in value.__slots__ if (found := getattr(value, name)) is not None}


def _record_key(entry: Entry, path: str) -> tuple[str, str]:
    declared = identity.record_id_key(entry.id, path)
    if path == STANDARD_INPUT:
        # An id that counts within its file says nothing here: every stream is the file "-".
        if declared and not declared.startswith('["'):
            return "id", declared
        return "digest", hashlib.sha256(entry.raw).hexdigest()
    if declared:
        return "id", declared
    return "path", identity.path_key(path, entry.ordinal)


def _distinct(found: Sequence[Entry | Unreadable]) -> Iterator[Entry | Unreadable]:
    """Entries of one document alike in guid, link and content are one; the first stays."""
    seen = set()
    for one in found:
        if isinstance(one, Entry):
            alike = (one.guid, one.link, one.headline, one.html, one.text, one.teaser)
            if alike in seen:
                continue
            seen.add(alike)
        yield one


def _feed_keys(entries: Sequence[Entry]) -> dict[int, tuple[str, str]]:
    """The key of each entry by the document alone: guid, else link, else headline and full date, else body text.

    Each only where it is unique in the document; an entry that is left is named by path and ordinal.
    """
    keys: dict[int, tuple[str, str]] = {}
    compared = links.comparison_keys([entry.link or "" for entry in entries])
    by_link = {entry.ordinal: key for entry, key in zip(entries, compared, strict=True) if key and not links.is_home(key)}
    rules: tuple[tuple[str, Callable[[Entry], str | None]], ...] = (
        ("guid", lambda entry: identity.guid_form(entry.guid) if entry.guid else None),
        ("link", lambda entry: by_link.get(entry.ordinal)),
        ("headline", _headline_key),
        ("text", _text_key),
    )
    for kind, rule in rules:
        made = {entry.ordinal: rule(entry) for entry in entries}
        times = Counter(made.values())
        for ordinal, key in made.items():
            if key and times[key] == 1 and ordinal not in keys:
                keys[ordinal] = (kind, key)
    return keys


def _headline_key(entry: Entry) -> str | None:
    headline, published = _line(entry.headline, entry.markup), dates.parse(entry.published)
    if not headline or published.precision not in ("day", "minute", "second") or published.value is None:
        return None
    return identity.headline_key(headline, published.value)


def _text_key(entry: Entry) -> str | None:
    _, body = _body(entry, partial=not (entry.text or entry.html))
    folded = text.fold(body)
    return identity.text_key(folded) if folded else None


def _fit(item: dict[str, Any], provenance: dict[str, Any], said: dict[str, Any], room: int) -> bool | None:
    """Shorten until the event fits: the markup goes first, then the text is cut. None: it can't; True: something was cut."""

    def over() -> int:
        return len(orjson.dumps(item)) + len(orjson.dumps(provenance)) + len(orjson.dumps(said)) - room

    bodies = item.get("bodies", [])
    if sum(len(body["value"]) for body in bodies) * 6 < room // 2:  # no character takes more than six bytes in JSON
        return False if over() <= 0 else None
    if over() <= 0:
        return False
    provenance["shortened"] = "html"
    item["representationType"] = "partial"
    item["bodies"] = bodies = [body for body in bodies if body["contentType"] == "text/plain"]
    while bodies and (excess := over()) > 0:
        provenance["shortened"] = "text"
        encoded = bodies[0]["value"].encode()
        kept = encoded[: max(0, len(encoded) - excess)].decode("utf-8", "ignore").rstrip()
        item["bodies"] = bodies = [_part("text/plain", kept, kept)] if kept else []
    return True if over() <= 0 and bodies else None
