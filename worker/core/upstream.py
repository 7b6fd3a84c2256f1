"""Upstream topics: runs of another system's records as documents, in bounded pieces.

The one decision: a position is an offset, and all entries of one record are decided together, so that no record is half done.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final

from worker.core.parse.records import framed
from worker.core.sources.definitions import source_of
from worker.core.sources.urls import topic_of
from worker.model import Code, Definition, Document, Format, Refusal, UpstreamRecord

_PIECE: Final = 512 * 1024  # bytes of records in one document; a larger record is a document of its own
_RECORD: Final = 16 * 1024 * 1024  # as of a file that is one record
_KEPT: Final = 64 * 1024
_STRUCTURED: Final = b"application/cloudevents+json"  # its batch (…cloudevents-batch+json) is not for Kafka


def documents(
    definition: Definition, partition: int, records: Sequence[UpstreamRecord], observed_at: int
) -> list[Document]:
    """The records of one partition, in their order, as documents. `observed_at`: when they were consumed, ms, UTC.

    A document's `start` is the offset of its first record, its `end` that after its last.
    """
    source, path = source_of(definition), f"{topic_of(definition.url)}/{partition}"
    made = []
    for run in _runs(records):
        first, last = run[0], run[-1]
        place = (first.offset, last.offset + 1, first.offset, observed_at)
        if len(first.value or b"") > _RECORD:
            value = first.value or b""
            why = f"{len(value):,} bytes, and {_RECORD:,} are the most that a record may have"
            refusal = Refusal(Code.TOO_LARGE, why, digest=hashlib.sha256(value).hexdigest(), size=len(value))
            data = framed(first.offset, definition.format, value[:_KEPT], structured=False)
            made.append(Document(source, path, Format.RECORDS, data, *place, refused=refusal))
        else:
            data = b"".join(
                framed(one.offset, definition.format, one.value, structured=_is_structured(one)) for one in run
            )
            made.append(Document(source, path, Format.RECORDS, data, *place))
    return made


def _runs(records: Sequence[UpstreamRecord]) -> Iterator[list[UpstreamRecord]]:
    run: list[UpstreamRecord] = []
    size = 0
    for record in records:
        length = len(record.value or b"")
        if run and size + length > _PIECE:
            yield run
            run, size = [], 0
        run.append(record)
        size += length
    if run:
        yield run


def _is_structured(record: UpstreamRecord) -> bool:
    said = next((value for name, value in record.headers if name.lower() == "content-type"), b"")
    return said.partition(b";")[0].strip().lower() == _STRUCTURED
