"""Where the CPU time of one article goes: `read` + `decide` on one core, JSON line of 2 kB to validated event."""

from __future__ import annotations

import cProfile
import pstats
import sys
import time

from bench.corpus import lines

from worker.core.decide import decide
from worker.core.read import read
from worker.model import Document, Format, Source

SOURCE = Source("dataset:bench", "dataset", "dataset:bench")
COUNT = 4000


def documents() -> list[Document]:
    """Documents of 500 lines, as the pool gets them."""
    made = list(lines(COUNT))
    return [_document(made[first : first + 500], first) for first in range(0, COUNT, 500)]


def _document(part: list[bytes], first: int) -> Document:
    data = b"".join(part)
    return Document(SOURCE, "bench.jsonl", Format.JSONL, data, 0, len(data), first, 1_760_000_000_000)


def cpu_microseconds() -> float:
    """CPU time an article, in microseconds: of the quietest of several passes over each document."""
    made = documents()
    read(made[0], 1_048_588)  # the model and the schema are loaded once a process
    return sum(min(_timed(document) for _ in range(5)) for document in made) / COUNT * 1e6


def _timed(document: Document) -> float:
    begun = time.process_time()
    decide(read(document, 1_048_588), SOURCE, "bench.jsonl", run=None, state=None)
    return time.process_time() - begun


if __name__ == "__main__":
    print(f"{cpu_microseconds():.1f} µs CPU an article")
    if "--profile" in sys.argv:
        made = documents()
        with cProfile.Profile() as profile:
            for document in made:
                decide(read(document, 1_048_588), SOURCE, "bench.jsonl", run=None, state=None)
        pstats.Stats(profile).sort_stats("tottime").print_stats(30)
