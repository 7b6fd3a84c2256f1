"""A data set on disk, and what a replay that publishes record by record would make of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from worker.core.parse.split import elements
from worker.model import Document, FileState, Format, Source
from worker.sources.files import Found, Said, Wanted, documents

NOW = 1_700_000_000_000


def records_of(document: Document) -> Iterator[tuple[bytes, int]]:
    """Each record and the position just after it, as a reader that knows only the document would tell."""
    data, start = document.data, document.start
    if document.refused:
        yield data, document.end
    elif document.format is Format.JSON:
        for begin, end in elements(data):
            yield data[begin:end], start + end
    elif document.format is Format.JSONL:
        position = start
        for line in data.split(b"\n"):
            position = min(position + len(line) + 1, document.end)
            if line and not line.isspace():
                yield line, position
    elif document.format is Format.FEED:
        for ordinal in range(document.start, data.count(b"<item")):
            yield b"%d" % ordinal, ordinal + 1
    else:
        yield data, document.end


@dataclass
class Replay:
    """Replays the folder again and again, remembering what a broker would."""

    root: Path
    remembered: dict[str, FileState] = field(default_factory=dict)
    source: Source = field(default_factory=lambda: Source("dataset:x", "dataset", "dataset:x"))

    def all(self, wanted: Wanted | None = None, *, roots=None, **options) -> list[Found | Said]:
        return list(self.iterate(wanted, roots=roots, **options))

    def iterate(self, wanted: Wanted | None = None, *, roots=None, **options) -> Iterator[Found | Said]:
        roots = [self.root] if roots is None else roots
        return documents(roots, self.source, dict(self.remembered), wanted or Wanted(), lambda: NOW, **options)

    def publish(self, wanted: Wanted | None = None, *, most: int | None = None, **options) -> list[bytes]:
        """The records published, at most so many; what is remembered then is what came with the last of them."""
        published: list[bytes] = []
        for one in self.all(wanted, **options):
            if isinstance(one, Said):
                if one.state:
                    self.remembered[one.path] = one.state
                continue
            document = one.document
            found = list(records_of(document))
            for index, (record, end) in enumerate(found, 1):
                if len(published) == most:
                    return published
                published.append(record)
                position = document.end if index == len(found) and document.format.counts_bytes else end
                done = one.last and index == len(found)
                self.remembered[document.path] = one.state_at(position, document.ordinal + index, done=done)
            if not found:
                end = document.end if document.format.counts_bytes else document.start
                self.remembered[document.path] = one.state_at(end, document.ordinal, done=one.last)
        return published

    def outcomes(self, wanted: Wanted | None = None) -> dict[str, str]:
        """What is said, by path."""
        return {one.path: one.outcome.name for one in self.all(wanted) if isinstance(one, Said)}

    def refusals(self) -> list[str]:
        """The codes of what is refused."""
        found = [one.document for one in self.all() if isinstance(one, Found)]
        return [document.refused.code.name for document in found if document.refused]


@pytest.fixture
def replay(tmp_path):
    root = tmp_path / "articles"
    root.mkdir()
    return Replay(root)
