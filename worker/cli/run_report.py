"""The closing lines of a run: how many sources were polled, what became of their entries, which could not be read and why."""

from __future__ import annotations

from collections.abc import Iterator

from worker.model import Fate, FaultKind, Totals
from worker.shown import on_one_line, without_secrets

_SHOWN = 20
_SAID = {
    Fate.CREATED: "created",
    Fate.UPDATED: "updated",
    Fate.WITHDRAWN: "withdrawn",
    Fate.UNCHANGED: "unchanged",
    Fate.SKIPPED: "skipped, as the source is set",
    Fate.REJECTED: "rejected",
    Fate.RETRIED: "left to the next poll",
    Fate.CAPPED: "over the day's cap of updates",
}


def lines(totals: Totals, *, where: str) -> Iterator[str]:
    """One thing a line; counts first, then single cases. `where`: as `options.where` gives it."""
    polled = sum(totals.polls.values())
    if not polled and not totals.left and not totals.interrupted:
        if totals.settled:  # else it ended before it knew
            yield f"no sources are defined: news-worker sources add URL{where}"
        return
    same = totals.polls["not_modified"] + totals.polls["same"]
    yield f"{_count(polled, 'poll')}: {totals.polls['read']:,} read, {same:,} had nothing new, {totals.polls['fault']:,} failed"
    ended = [f"{totals.fates[fate]:,} {said}" for fate, said in _SAID.items() if totals.fates[fate]]
    yield f"entries: {', '.join(ended) or 'none'}"
    if totals.rejected:
        codes = ", ".join(f"{code} {count:,}" for code, count in totals.rejected.most_common())
        yield f"rejected: {codes}; see them with: news-worker rejects list{where}"
    more = f"news-worker sources list --failing{where}"
    gone = _faults(totals, gone=True)
    yield from _listed(f"{_count(len(gone), 'source')} gone, and not asked again:", gone, more)
    faults = _faults(totals, gone=False)
    yield from _listed(
        f"{_count(len(faults), 'source')} could not be read, and will be asked again later:", faults, more
    )
    left = [f"{_called(totals, source)}: {why}" for source, why in totals.left.items()]
    yield from _listed(f"{_count(len(left), 'source')} not asked:", left, more)
    if totals.unusable:
        yield f"{_count(totals.unusable, 'entry', 'entries')} of the lists could not be used, see above"
    if totals.interrupted:
        yield "interrupted: call it again, it goes on where it was"


def _faults(totals: Totals, *, gone: bool) -> list[str]:
    return [
        f"{_called(totals, source)}: {fault.message}"
        for source, fault in totals.faults.items()
        if (fault.kind is FaultKind.GONE) is gone
    ]


def _called(totals: Totals, source: str) -> str:
    """An id that follows from its URL says nothing to a person."""
    return f"{source} ({totals.urls[source]})" if source in totals.urls else source


def _listed(title: str, found: list[str], more: str) -> Iterator[str]:
    if not found:
        return
    yield title
    for text in found[:_SHOWN]:
        yield f"  {on_one_line(without_secrets(text))}"
    if len(found) > _SHOWN:
        yield f"  … and {len(found) - _SHOWN:,} more: {more}"


def _count(number: int, noun: str, nouns: str = "") -> str:
    return f"{number:,} {noun if number == 1 else nouns or f'{noun}s'}"
