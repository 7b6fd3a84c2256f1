"""What applying lists of sources would change, entry by entry, before anything is written.

What a list doesn't say of a source stays as it is when the list gives but URLs, titles and folders; a source with options of
ours is stated whole: what is left out is then as by default.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

from worker.core.sources import stored, topics
from worker.core.sources.options import OPTIONS, check_kind
from worker.core.sources.urls import is_topic, same_form, site_of, source_id
from worker.model import Definition, Record


@dataclass(frozen=True, slots=True)
class Wanted:
    """A source as a list, or a person, has it."""

    url: str  # as `urls.checked` leaves it
    where: str  # file and line, for people
    id: str | None = None  # None: it follows from the URL
    given: Mapping[str, Any] | None = None  # options by their fields of a definition, checked
    whole: bool = False  # what is not given is as by default; else as it was


@dataclass(frozen=True, slots=True)
class Wrong:
    """What can't be applied, and why."""

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


class Kind(StrEnum):
    """What becomes of a source."""

    ADDED = "added"
    CHANGED = "changed"
    SAME = "same"
    MISSING = "missing"  # defined, but in none of the lists


@dataclass(frozen=True, slots=True)
class Difference:
    """Of one source. `definition`: as it will be; of a missing one, as it is."""

    kind: Kind
    definition: Definition
    changes: tuple[str, ...] = ()  # a phrase each: "interval 30m → 10m"


@dataclass(frozen=True, slots=True)
class Plan:
    """Of all of them: those of the lists in their order, then the missing ones."""

    differences: tuple[Difference, ...]
    wrong: tuple[Wrong, ...]

    def of(self, kind: Kind) -> list[Difference]:
        """Those of one kind."""
        return [one for one in self.differences if one.kind is kind]

    def records(self, at: int, *, prune: bool = False) -> list[Record]:
        """What is to be written, at a time in ms; with `prune` what is missing in the lists is removed."""
        written = [
            stored.record(one.definition, at) for one in self.differences if one.kind in (Kind.ADDED, Kind.CHANGED)
        ]
        return written + [stored.tombstone(one.definition, at) for one in self.of(Kind.MISSING) if prune]


def compare(
    wanted: Iterable[Wanted],
    known: Sequence[Definition],
    now: int,
    added: Mapping[str, Any] | None = None,
    own: Collection[str] = (),
) -> Plan:
    """What applying would change of the definitions that count. An entry that comes twice alike is one.

    `added`: options of the feeds that are added, whatever the lists say. `own`: topics that can't be sources, HOST:PORT/TOPIC.
    """
    by_id = {one.id: one for one in known}
    by_url = {same_form(one.url): topics.whole_id(one) for one in known}
    done: dict[str, tuple[Wanted, Difference]] = {}
    wrong = []
    for one in wanted:
        try:
            source = _id_of(one, by_url, by_id)
            found = _compared(one, source, by_id.get(source), now, added or {})
            if source in done:
                _check_alike(*done[source], found)
            elif found.definition.kind == "topic":
                topics.check_beside(found.definition, [*known, *(made.definition for _, made in done.values())], own)
        except ValueError as error:
            wrong.append(Wrong(one.where, str(error)))
        else:
            done.setdefault(source, (one, found))
            by_url.setdefault(same_form(one.url), topics.whole_id(found.definition))
    missing = [Difference(Kind.MISSING, one) for one in known if one.id not in done]
    return Plan((*(found for _, found in done.values()), *missing), tuple(wrong))


def _id_of(wanted: Wanted, by_url: Mapping[str, str], by_id: Mapping[str, Definition]) -> str:
    source = wanted.id or by_url.get(same_form(wanted.url)) or source_id(wanted.url)
    share = (wanted.given or {}).get("share")
    if share is None or not is_topic(wanted.url):
        return source
    known = by_id.get(source)
    if known and known.share not in (None, share):
        raise ValueError(f"source {source} is the share {'{}/{}'.format(*known.share)}: give the id without its share")
    return topics.named(wanted.url, source, share)[0]


def _check_alike(first: Wanted, made: Difference, again: Difference) -> None:
    """A feed that stands in two folders is one; two that are told apart by nothing but their options are a mistake."""
    if replace(again.definition, title=made.definition.title, folder=made.definition.folder) != made.definition:
        raise ValueError(f"source {made.definition.id} stands at {first.where} already, otherwise: leave one of them")


def _compared(wanted: Wanted, source: str, known: Definition | None, now: int, added: Mapping[str, Any]) -> Difference:
    given = dict(wanted.given or {})
    kind = "topic" if is_topic(wanted.url) else "feed"
    check_kind(kind, given)
    if known is None and kind == "topic":
        site = topics.named(wanted.url, source, given.get("share"))[1]
        return Difference(Kind.ADDED, Definition(source, wanted.url, site, now, kind, **given))
    if known is None:
        return Difference(Kind.ADDED, Definition(source, wanted.url, site_of(wanted.url), now, **{**given, **added}))
    base = Definition(known.id, known.url, known.site, known.added_at, known.kind) if wanted.whole else known
    if known.share:  # what it is, as its id says, and no option that may be left out
        given["share"] = known.share
    if same_form(wanted.url) != same_form(known.url):
        _check_site(wanted.url, known)
        given["url"] = wanted.url
    made = replace(base, **given)
    changes = tuple(_changes(known, made))
    return Difference(Kind.CHANGED if changes else Kind.SAME, made, changes)


def _check_site(url: str, known: Definition) -> None:
    """An article's id may hold its site, and the site tells which worker polls it."""
    if known.kind == "topic" or is_topic(url):
        topics.check_moved(url, known)
        return
    site = site_of(url)
    if site not in (known.site, site_of(known.url)):
        raise ValueError(
            f"source {known.id} is on the site {known.site}, and this URL on {site}: a source is not moved to another site."
            f" `news-worker sources remove {known.id}`, then add the URL under another id, or none, with `--initial skip`, so that"
            " what it shows already isn't published again"
        )


def _changes(before: Definition, after: Definition) -> Iterable[str]:
    written = {option.field: (name, option.text) for name, option in OPTIONS.items()}
    for field in fields(Definition):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if old == new:
            continue
        name, text = written.get(field.name, (field.name, str))
        yield f"{name} {text(old) if old else '(none)'} → {text(new) if new else '(none)'}"
