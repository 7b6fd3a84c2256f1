"""All that the topic of sources holds, and which of it counts.

A definition counts in the partition of its site only; of an id that counts in several, the one that was added first, then
that in the lowest partition. What doesn't count is shown, never polled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from worker.core.normalise.links import without_secrets
from worker.core.sources.stored import definition_of
from worker.core.sources.topics import whole_site
from worker.errors import BrokerRefused
from worker.model import Definition, Source

_KINDS = ("feed", "topic")


@dataclass(frozen=True, slots=True)
class Found:
    """A definition where it stands. `passed_over`: why it is not polled; None: it is."""

    definition: Definition
    partition: int
    passed_over: str | None


def source_of(definition: Definition) -> Source:
    """A source as documents and events name it, secrets out."""
    scope, url = f"source:{definition.id}", without_secrets(definition.url)
    if definition.kind == "topic":
        scope = whole_site(definition)
    return Source(definition.id, definition.kind, scope, definition.site, url)


class Definitions:
    """Built by `absorb` from records in the order of their partitions. `partition_of`: where what a site partitions belongs.

    `unreadable`: by id, why its newest record can't be understood; such a source is neither there nor removed.
    """

    def __init__(self, partition_of: Callable[[bytes], int]) -> None:
        self._partition_of = partition_of
        self._by_id: dict[str, dict[int, Definition]] = {}
        self.unreadable: dict[str, str] = {}

    def absorb(self, partition: int, key: bytes, value: bytes | None) -> str:
        """Take in one record; the id that it is about. BrokerRefused: it can't be understood; what was known before stays."""
        source = key.decode(errors="backslashreplace")
        try:
            definition = None if value is None else definition_of(key, value)
        except BrokerRefused as error:
            self.unreadable[source] = str(error)
            raise
        self.unreadable.pop(source, None)
        places = self._by_id.setdefault(source, {})
        if definition is None:
            places.pop(partition, None)
        else:
            places[partition] = definition
        if not places:
            del self._by_id[source]
        return source

    def polled(self, source: str) -> Found | None:
        """The definition of the id that counts."""
        return next((one for one in self.of(source) if one.passed_over is None), None)

    def of(self, source: str) -> list[Found]:
        """All definitions of the id."""
        places = self._by_id.get(source, {})
        right = {partition: one for partition, one in places.items() if self._right(partition, one)}
        counts = min(right, key=lambda partition: (right[partition].added_at, partition), default=None)
        return [
            Found(one, partition, self._why_not(one, partition, counts)) for partition, one in sorted(places.items())
        ]

    def __iter__(self) -> Iterator[Found]:
        for source in self._by_id:
            yield from self.of(source)

    def _right(self, partition: int, definition: Definition) -> bool:
        return definition.kind in _KINDS and self._partition_of(definition.site.encode()) == partition

    def _why_not(self, definition: Definition, partition: int, counts: int | None) -> str | None:
        if partition == counts:
            return None
        if definition.kind not in _KINDS:
            return f"this news-worker knows no sources of the kind {definition.kind}"
        if not self._right(partition, definition):
            right = self._partition_of(definition.site.encode())
            return f"in partition {partition}, but its site belongs into {right}: whoever wrote it hashes otherwise"
        return f"defined twice: the one in partition {counts} was added first"
