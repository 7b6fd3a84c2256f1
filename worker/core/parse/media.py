"""What an entry encloses: enclosures, media:content and thumbnails, each address once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from worker.core.parse.entry import Media

_MOST = 20  # of one entry
_LARGEST = 2**53  # what readers of JSON take for exact


def media_of(found: Any) -> tuple[Media, ...]:
    """Of an entry as feedparser has it. The same address found twice is one, with what either says of it."""
    declared = [
        *(_media(one, one.get("url"), one.get("filesize")) for one in found.get("media_content", ())),
        *(_media(one, one.get("href"), one.get("length")) for one in found.get("enclosures", ())),
        *(_media(one, one.get("url"), None, thumbnail=True) for one in found.get("media_thumbnail", ())),
    ]
    return each_once(declared)


def each_once(declared: Iterable[Media | None]) -> tuple[Media, ...]:
    """Without what has no address; the first that names one stays."""
    kept: dict[str, Media] = {}
    for media in declared:
        if media and len(kept) < _MOST:
            kept.setdefault(media.url, media)
    return tuple(kept.values())


def _media(found: Mapping[str, Any], url: Any, size: Any, *, thumbnail: bool = False) -> Media | None:
    if not isinstance(url, str) or not url.strip():
        return None
    kind = str(found.get("type") or "").strip().lower()
    medium = str(found.get("medium") or "").strip().lower()
    return Media(
        url.strip(),
        kind if "/" in kind else None,
        "image" if thumbnail else medium or None,
        positive(found.get("width")),
        positive(found.get("height")),
        positive(size),
        positive(found.get("duration")),
        thumbnail=thumbnail,
    )


def positive(found: Any) -> int | None:
    """A positive integer, as found or written in ASCII digits."""
    if isinstance(found, str) and found.isascii() and found.strip().isdigit() and len(found) < 20:  # noqa: PLR2004 (64 bits)
        found = int(found)
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 < found < _LARGEST else None
