"""An entry's texts and date in the form that is published: one line, or a body with its paragraphs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from worker.core.normalise import dates, html, text
from worker.core.normalise.dates import Published
from worker.core.parse import Entry


# Frozen, these two would take three times as long to make, and there is one of each to every article.
@dataclass(slots=True)
class Body:
    """A body as plain text, with paragraphs and folded, and, where it was markup, sanitised.

    `teaser`: that is all there is of it.
    """

    plain: str
    folded: str
    markup: str
    teaser: bool


@dataclass(slots=True)
class Draft:
    """An entry with its texts and date in the form that is published: all that it is named and compared by."""

    entry: Entry
    headline: str
    body: Body
    published: Published


# How a text ends that goes on elsewhere, as the common publishing systems write it.
_GOES_ON = re.compile(
    r"(?:\[(?:…|\.\.\.)\]|(?:read more|continue reading|read the full (?:story|article))\W{0,5})\Z", re.IGNORECASE
)


def is_partial(entry: Entry, body: Body) -> bool:
    """Whether the body is but a teaser: it was declared as one, or a feed's text says at its end that it goes on elsewhere."""
    return body.teaser or (
        entry.element is not None and _GOES_ON.search(body.folded, max(0, len(body.folded) - 80)) is not None
    )


def draft_of(entry: Entry, zone: str | None = None) -> Draft:
    """What an entry says, normalised. It may be empty. `zone`: the source's setting, for times that say none."""
    return Draft(entry, line_of(entry.headline, entry), body_of(entry), _published(entry, zone))


def _published(entry: Entry, zone: str | None) -> Published:
    if entry.updated is None or isinstance(entry.published, int | float):
        return dates.parse(entry.published, zone)
    return dates.chosen(entry.published, entry.updated, zone)


def line_of(found: str | None, entry: Entry) -> str:
    """A headline, a name: folded, tags out and references decoded once where they mean something; "" when there is none."""
    if not found:
        return ""
    if not entry.markup or ("&" not in found and "<" not in found):
        return text.fold(found)
    return text.fold(html.text_of(found) if html.looks_like_html(found) else text.unescape(found))


def body_of(entry: Entry) -> Body:
    """The body, or the teaser where that stands for it."""
    teaser = bool(entry.teaser) and not (entry.text or entry.html)
    plain, markup = (entry.teaser, None) if teaser else (entry.text, entry.html)
    if entry.markup and plain and not markup and html.looks_like_html(plain):
        plain, markup = None, plain
    cleaned = html.sanitise(markup, entry.base) if markup else ""
    if plain:
        return Body(*text.both(text.unescape(plain) if entry.markup else plain), cleaned, teaser)
    return Body(*text.both(html.words_of(cleaned)), cleaned, teaser) if cleaned else Body("", "", "", teaser)
