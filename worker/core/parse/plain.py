"""Plain text: one file is one article, perhaps behind a marker `date YYYY[-MM[-DD]]` at the very start."""

from __future__ import annotations

import re
from collections.abc import Iterator

import worker.core.normalise.text as forms
from worker.core.normalise import dates
from worker.core.parse.entry import Entry, Unreadable
from worker.model import Code, Document

# A token of another form (`date 20230101x`, "date palms grow …") is no marker but the article's own words.
_MARKER = re.compile(r"\s*date\s+([0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?)(?=\s|\Z)")

_OTHER_MARKER = re.compile(r"\s*date\s+([0-9]\S*)")


def entries(document: Document) -> Iterator[Entry | Unreadable]:
    """The article that a text file is. Its headline is absent: the file names none, and none is invented."""
    place = (document.start, document.end, document.ordinal, document.data)
    decoded = forms.decode(document.data)
    if decoded is None:
        yield Unreadable(*place, Code.UNDECODABLE, "neither UTF-8 nor plausibly Windows-1252; convert it to UTF-8")
        return
    body, guessed = decoded
    marker = _MARKER.match(body)
    published = None
    if marker:
        published = marker[1]
        body = body[marker.end() :]
    elif other := _OTHER_MARKER.match(body):
        published = other[1]
        if dates.parse(published).basis == "declared":
            body = body[
                other.end() :
            ]  # else it is said, and stays among the words: nobody knows that it is none of them
    yield Entry(*place, text=body, markup=False, published=published, guessed=guessed)
