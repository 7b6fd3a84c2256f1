"""What an entry encloses or shows, as associated objects of its ninjs item."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

from worker.core.normalise import links, text
from worker.core.parse.entry import Media

_TYPES = {"image": "picture", "audio": "audio", "video": "video", "text": "text", "document": "text"}
_LONGEST_NAME = 200  # characters


def associations_of(media: tuple[Media, ...], base: str | None) -> list[dict[str, Any]]:
    """Each with its address as `uri`, and a name as ninjs asks for one: its title, else its file's, else its kind's."""
    found = ((one, _address(one.url, base)) for one in media)
    return [_association(one, uri) for one, uri in found if uri]


def _address(url: str, base: str | None) -> str | None:
    try:
        uri = links.valid_uri(urljoin(base, url) if base else url)
    except ValueError:  # brackets that hold no address
        return None
    return uri if uri and uri.lower().startswith(("http://", "https://")) else None


def _association(media: Media, uri: str) -> dict[str, Any]:
    kind = _TYPES.get(media.medium or "") or _TYPES.get((media.content_type or "").partition("/")[0])
    file = uri.partition("?")[0].rstrip("/").rpartition("/")[2]
    rendition = {
        "name": "thumbnail" if media.thumbnail else "original",
        "href": uri,
        "contentType": media.content_type,
        "width": media.width,
        "height": media.height,
        "sizeInBytes": media.size,
        "duration": media.duration,
    }
    return {
        "name": (text.fold(media.title or "") or file or "media")[:_LONGEST_NAME],
        "uri": uri,
        **({"type": kind} if kind else {}),
        "renditions": [{name: member for name, member in rendition.items() if member}],
    }
