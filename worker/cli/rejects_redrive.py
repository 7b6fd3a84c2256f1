"""What `rejects redrive` is asked for: which rejections, whose they are, and what is to be done about each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from worker.cli.records import headers_of
from worker.cli.rejects import run_again
from worker.errors import UsageError
from worker.shown import on_one_line, visible

if TYPE_CHECKING:
    from worker.broker.port import Stored


@dataclass(frozen=True, slots=True)
class Wish:
    """Which rejections: those at these places, and of these the ones with that code, of that source, not older than that time."""

    places: frozenset[tuple[int, int]]  # empty: any
    code: str | None
    source: str | None
    since: int | None  # ms

    def __post_init__(self) -> None:
        if not (self.places or self.code or self.source or self.since is not None):
            raise UsageError("which rejections? Give their places, or --code, --source or --since")

    def wants(self, stored: Stored) -> bool:
        """Whether it is one of them."""
        headers = headers_of(stored)
        return (
            (not self.places or (stored.partition, stored.offset) in self.places)
            and self.code in {None, headers.get("reject_code")}
            and self.source in {None, headers.get("reject_source_id")}
            and (self.since is None or stored.timestamp >= self.since)
        )


@dataclass(frozen=True, slots=True)
class Chosen:
    """Of them: those that a source's owner is asked about, the newest of each, and the commands by which data sets are replayed."""

    of_sources: Sequence[Stored]
    replays: Sequence[str]
    of_datasets: int


def chosen(found: Iterable[Stored], where: str) -> Chosen:
    """Share them out. `where`: the options that name the broker."""
    newest: dict[tuple[str, ...], Stored] = {}
    replays: Counter[str] = Counter()
    for stored in found:
        headers = headers_of(stored)
        source, entry = headers.get("reject_source_id", ""), headers.get("reject_entry_key", "")
        if again := run_again(source, entry, where):
            replays[f"{again} --again"] += 1
        else:
            newest[source, entry, headers.get("reject_digest", "")] = stored
    return Chosen(tuple(newest.values()), tuple(replays), replays.total())


def tell(found: Chosen) -> None:
    """How many there are, whose, and what a person has to do about those of data sets."""
    count = len(found.of_sources) + found.of_datasets
    by_source = Counter(headers_of(stored).get("reject_source_id", "") for stored in found.of_sources)
    owners = "".join(f", {number} of source {on_one_line(source)}" for source, number in sorted(by_source.items()))
    datasets = f", {found.of_datasets} of data sets" if found.of_datasets else ""
    click.echo(f"{count} rejection{'' if count == 1 else 's'}{owners}{datasets}", err=True)
    if found.replays:
        click.echo(
            "nobody owns a data set; to publish what was rejected of it, with the whole file, as new events:", err=True
        )
        for again in found.replays:
            click.echo(visible(again))
