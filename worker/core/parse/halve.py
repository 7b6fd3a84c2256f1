"""Cut a document in two at a record boundary, to find the record that kills whoever reads it."""

from __future__ import annotations

from dataclasses import replace

from worker.core.parse.records import frames
from worker.core.parse.split import elements
from worker.model import Document, Format


def halve(document: Document) -> tuple[Document, Document] | None:
    """Two documents that say the same in the same order and with the same ids, or None where there is no boundary within."""
    if document.format is Format.RECORDS:
        return _halve_frames(document)
    ends = _record_ends(document)
    if len(ends) < 2:  # noqa: PLR2004 (one record can't be halved)
        return None
    records = len(ends) // 2
    cut = ends[records - 1]
    middle = document.start + cut
    return (
        replace(document, data=document.data[:cut], end=middle),
        replace(document, data=document.data[cut:], start=middle, ordinal=document.ordinal + records),
    )


def _halve_frames(document: Document) -> tuple[Document, Document] | None:
    found = [] if document.refused else list(frames(document.data))
    if len(found) < 2:  # noqa: PLR2004 (one record can't be halved)
        return None
    last, first = found[len(found) // 2 - 1 : len(found) // 2 + 1]
    return (
        replace(document, data=document.data[: last.end], end=last.offset + 1),
        replace(document, data=document.data[last.end :], start=first.offset, ordinal=first.offset),
    )


def _record_ends(document: Document) -> list[int]:
    data = document.data
    if document.refused:
        return []
    if document.format is Format.JSON:
        return [end for _, end in elements(data)]
    if document.format is not Format.JSONL:
        return []
    ends = []
    position = 0
    for line in data.split(b"\n"):
        position = min(position + len(line) + 1, len(data))
        if line and not line.isspace():
            ends.append(position)
    return ends
