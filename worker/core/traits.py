"""What an entry of a polled feed is matched and compared by: hashes, so that memory holds some bytes of it, not its text."""

from __future__ import annotations

import hashlib
from datetime import datetime

from worker.core.content import Draft
from worker.core.keys import Names
from worker.core.normalise import dates
from worker.model import Traits

_RAW, _PART = 8, 4  # bytes


def traits_of(draft: Draft, names: Names) -> Traits:
    """Of an entry that became an article."""
    published = draft.published
    return Traits(
        names.keys,
        names.home,
        hashlib.sha256(draft.entry.compared).digest()[:_RAW],
        _hashed(draft.headline),
        _hashed(draft.body.folded),
        _hashed(published.value if published.basis == "declared" else None),
        dates.seconds(draft.entry.updated),
        _milliseconds(published.start) if published.start else None,
    )


def traits_of_rejected(draft: Draft | None, names: Names | None, digest: str) -> Traits:
    """Of one that did not. `digest`: hex SHA-256 of its raw bytes, by which it is known again (design.md, section 5)."""
    raw = bytes.fromhex(digest)[:_RAW]
    updated = dates.seconds(draft.entry.updated) if draft else 0
    return Traits(names.keys if names else (), names is not None and names.home, raw, b"", b"", b"", updated, None)


def _milliseconds(instant: str) -> int:
    return int(datetime.fromisoformat(instant).timestamp()) * 1000


def _hashed(found: str | None) -> bytes:
    return hashlib.sha256(found.encode()).digest()[:_PART] if found else b""
