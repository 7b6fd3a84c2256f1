"""What a person would want to know of an article that is published all the same."""

from __future__ import annotations

from worker.core.normalise.dates import Published
from worker.core.parse import Entry
from worker.model import Document, Format, Note


def remarks(document: Document, entry: Entry, published: Published, cut: str) -> list[Note]:
    """A date that is none, an encoding that was guessed, and what was `cut` to fit the topic's limit."""
    undated = published.basis == "absent" and published.raw
    if not (undated or entry.guessed or cut):
        return []
    number = entry.start if document.format is Format.RECORDS else entry.ordinal
    place = f"{document.path or document.source.id}, record {number}"
    notes = []
    if undated:
        raw = f"{undated[:60]!r} is no date that can be trusted: published without one"
        notes.append(Note("date_unknown", f"{place}: {raw}"))
    if entry.guessed:
        notes.append(Note("encoding_guessed", f"{place}: not UTF-8, read as {entry.guessed}"))
    if cut:
        notes.append(Note("shortened", f"{place}: over the topic's limit, its {cut} was cut"))
    return notes
