"""The feed that the demo polls: a paper that was never printed, before and after an evening's changes, served on loopback.

Whatever its publisher does to an entry stands beside it, so that the demo can set what became of it against that.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from aiohttp import web

_FEED: Final = 'xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0"'
_SITE: Final = "https://halfway.example"
_EVENING: Final = "2026-03-03T18:30:00Z"  # when the publisher changes what is changed


@dataclass(frozen=True, slots=True)
class Sample:
    """An entry of the feed. `change`: what its publisher does to it in the evening; "": nothing."""

    guid: str
    slug: str
    language: str
    title: str
    text: str
    published: str
    updated: str = ""
    change: str = ""


_FIRST: Final = (
    Sample(
        "tag:halfway.example,2026:ferry",
        "ferry",
        "en",
        "The night ferry will stop for anyone who waves",
        "From Monday the night ferry calls at every jetty on the Ember where somebody stands and waves. The timetable stays"
        " as it is; the captain says that nobody has ever kept to it.",
        "2026-03-03T07:00:00Z",
    ),
    Sample(
        "tag:halfway.example,2026:bibliotheek",
        "bibliotheek",
        "nl",
        "Bibliotheek leent voortaan ook gereedschap uit",
        "Wie een ladder of een boormachine nodig heeft, kan daarvoor naar de bibliotheek. De eerste week was de waterpas het"
        " vaakst uitgeleend, en hij kwam elke keer recht terug.",
        "2026-03-03T08:15:00Z",
        change="edited",
    ),
    Sample(
        "tag:halfway.example,2026:glocke",
        "glocke",
        "de",
        "Die Rathausglocke schlägt wieder zwölf",
        "Vierzig Jahre lang schlug die Glocke elfmal zu Mittag, weil ein Zahn im Räderwerk fehlte. Eine Schlosserin aus dem"
        " Unterdorf hat ihn nun ersetzt, ohne eine Rechnung zu schreiben.",
        "2026-03-03T09:40:00Z",
    ),
    Sample(
        "tag:halfway.example,2026:pont",
        "pont",
        "fr",
        "Le pont tournant tourne de nouveau",
        "Bloqué depuis la grande crue, le pont tournant a fait un tour complet ce matin. Trois cyclistes qui s’y trouvaient"
        " ont demandé à recommencer.",
        "2026-03-03T10:05:00Z",
        change="withdrawn (at:deleted-entry)",
    ),
    Sample(
        "tag:halfway.example,2026:tram",
        "tram",
        "uk",
        "Трамвай номер сім знайшли в депо",
        "Вагон, який двадцять років вважали проданим, стояв за дошками в кінці депо. Двері відчинилися з першого разу, і"
        " навіть лампа над сьомим місцем засвітилася.",
        "2026-03-03T11:20:00Z",
        change="its guid drifted",
    ),
    Sample(
        "tag:halfway.example,2026:todai",
        "todai",
        "ja",
        "灯台の猫に新しい首輪",
        "灯台に住む猫に、夜でも光る首輪が贈られた。沖の船からは、灯りが一つ増えたように見えるという。",
        "2026-03-03T12:00:00Z",
    ),
    Sample(
        "tag:halfway.example,2026:seeds",
        "seeds",
        "en",
        "Seed exchange runs out of everything but turnips",
        "By noon the tables in the market hall were empty except for eleven kinds of turnip. The organisers will publish a"
        " book of recipes.",
        "2026-03-03T13:10:00Z",
    ),
)
_NEW: Final = Sample(
    "tag:halfway.example,2026:eclipse",
    "eclipse",
    "en",
    "Clouds promised for the eclipse, and an orchestra",
    "If nothing is to be seen on Thursday, the town orchestra will play what it would have looked like. Rehearsals are open.",
    _EVENING,
    change="new",
)
_CORRECTION: Final = " Correctie: het was de winkelhaak die recht terugkwam; de waterpas is nog uitgeleend."


def samples() -> tuple[Sample, ...]:
    """Every entry that the feed ever shows, as it is first shown."""
    return (*_FIRST, _NEW)


def document(*, changed: bool) -> bytes:
    """The feed, as in the morning or with the evening's changes, in Atom with RFC 6721's deletions."""
    shown = [entry for entry in map(_changed, samples()) if entry] if changed else list(_FIRST)
    gone = [entry for entry in _FIRST if changed and entry.change.startswith("withdrawn")]
    deleted = "".join(f'<at:deleted-entry ref="{entry.guid}" when="{_EVENING}"/>\n' for entry in gone)
    updated = _EVENING if changed else _FIRST[-1].published
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<feed {_FEED}>\n<title>The Halfway Post</title>'
        f"<id>tag:halfway.example,2026:feed</id><updated>{updated}</updated>\n"
        f"{deleted}{''.join(_entry(entry) for entry in reversed(shown))}</feed>\n"
    ).encode()


def _changed(entry: Sample) -> Sample | None:
    match entry.change:
        case "edited":
            return replace(entry, text=entry.text + _CORRECTION, updated=_EVENING)
        case "its guid drifted":
            return replace(entry, guid=f"{_SITE}/?p=1207")
        case change if change.startswith("withdrawn"):
            return None
        case _:
            return entry


def _entry(entry: Sample) -> str:
    return (
        f'<entry xml:lang="{entry.language}"><title>{escape(entry.title)}</title>'
        f'<link href="{_SITE}/{entry.slug}"/><id>{escape(entry.guid)}</id>'
        f"<published>{entry.published}</published><updated>{entry.updated or entry.published}</updated>"
        f'<content type="text">{escape(entry.text)}</content></entry>\n'
    )


class Served:
    """The feed while it is served."""

    def __init__(self, *, changed: bool) -> None:
        self.changed = changed
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        """304 to who has it already."""
        from aiohttp import web

        body = document(changed=self.changed)
        headers = {"ETag": f'"{hashlib.sha256(body).hexdigest()[:16]}"'}
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, headers=headers, content_type="application/atom+xml")


@asynccontextmanager
async def served(*, changed: bool) -> AsyncIterator[Served]:
    """Serve it at a free port of 127.0.0.1; `changed` may be set meanwhile."""
    from aiohttp import web

    feed = Served(changed=changed)
    application = web.Application()
    application.router.add_get("/feed.atom", feed.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0]
        feed.url = f"http://{host}:{port}/feed.atom"
        yield feed
    finally:
        await runner.cleanup()
