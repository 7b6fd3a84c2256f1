"""The members of an event beside its item: published, language, source and provenance, in the order they are written."""

from __future__ import annotations

from typing import Any

from worker import __version__
from worker.core import event
from worker.core.normalise import links, text
from worker.core.normalise.dates import Published
from worker.core.normalise.language import Language
from worker.model import Document, Format

_LONGEST_TITLE = 300  # characters; it stands in every event of the feed


def published_member(found: Published) -> dict[str, Any]:
    """The date; only its basis, and what was found, where it isn't known."""
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


def language_member(found: Language) -> dict[str, Any]:
    """The language, and what it rests on."""
    member: dict[str, Any] = {"value": found.value} if found.value is not None else {}
    member["basis"] = found.basis
    if found.declared is not None:
        member["declared"] = found.declared
    if found.confidence is not None:
        member["confidence"] = found.confidence
    return member


def source_member(document: Document, title: str | None) -> dict[str, Any]:
    """The source. `title`: the feed's own, which is the source's where it is that feed."""
    source = document.source
    named = feed_title(title) if document.fetched else None
    members = {"id": source.id, "kind": source.kind, "site": source.site, "title": named, "url": source.url}
    return {name: member for name, member in members.items() if member}


def feed_title(found: str | None) -> str | None:
    """A feed's title as one line."""
    return text.fold(found)[:_LONGEST_TITLE] or None if found else None


def provenance_member(document: Document, start: int, digest: str, entry_key: str | None) -> dict[str, Any]:
    """Where it came from. `digest`: hex SHA-256 of what was read. `entry_key`: None where it is decided later."""
    fetched = document.fetched
    member: dict[str, Any] = {"observedAt": event.rfc3339(document.observed_at)}
    if fetched:
        member["documentUrl"] = links.without_secrets(fetched.url)
    elif document.format is Format.RECORDS:
        partition = document.path.rpartition("/")[2]
        member["documentUrl"] = f"{document.source.url}?partition={partition}&offset={start}"
    else:
        member["file"] = document.path
    member["documentDigest"] = f"sha256:{digest}"
    if fetched and fetched.status is not None:
        member["httpStatus"] = fetched.status
    if entry_key is not None:
        member["entryKey"] = entry_key
    member["workerVersion"] = __version__
    # A text is its whole file, in a poll the place says nothing, in a topic the URL says it.
    if not fetched and document.format is not Format.TEXT and document.format is not Format.RECORDS:
        member["position"] = start
    return member
