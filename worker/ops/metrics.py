"""The numbers of a run in Prometheus' text form: one table says which there are, and docs/metrics.md repeats it.

No label has a URL or an id of a source: each has a closed list of values, so that no feed can make the numbers grow.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from worker import __version__
from worker.model import Code, Fate, FaultKind, Histogram, Totals
from worker.ops.health import unready

PREFIX: Final = "news_worker_"
_KEPT_SECONDS: Final = 1.0
_OUTCOMES: Final = ("read", "same", "not_modified", "fault")


@dataclass(frozen=True, slots=True)
class Described:
    """A metric as the table has it. `most`: how many series it can have."""

    name: str  # without the prefix, and a counter's without _total
    kind: str  # counter | gauge | histogram
    labels: tuple[str, ...]
    most: int
    meaning: str


@dataclass(frozen=True, slots=True)
class Readers:
    """The processes that read documents, as they are now."""

    running: int
    idle: int
    killed: int  # since the start: took too long, too much memory, or crashed
    bytes: int  # resident memory of all of them


TABLE: Final = (
    Described("info", "gauge", ("version",), 1, "1; the version of the worker"),
    Described("ready", "gauge", (), 1, "1 while /readyz answers 200, else 0"),
    Described("polls", "counter", ("outcome",), 4, "polls by what they came to: read, same, not_modified, fault"),
    Described("poll_faults", "counter", ("kind",), len(FaultKind), "polls that brought no document, by why"),
    Described("entries", "counter", (), 1, "entries and deletions in the documents that were decided"),
    Described("entry_fates", "counter", ("fate",), len(Fate), "how they ended; all but `capped` add up to entries"),
    Described("rejections", "counter", ("code",), len(Code), "entries that could not become an article, by why"),
    Described("commits", "counter", (), 1, "transactions committed"),
    Described("commit_seconds", "histogram", (), 15, "how long a commit takes"),
    Described("poll_lateness_seconds", "histogram", (), 12, "from when a source is due to when it is asked"),
    Described(
        "publication_to_commit_seconds", "histogram", (), 11, "from the date of a new article to its commit, if dated"
    ),
    Described("shards", "gauge", ("state",), 2, "shards that fall to this worker: owned, waiting"),
    Described("restores", "counter", (), 1, "shards restored"),
    Described("fences", "counter", (), 1, "shards lost to another owner, or taken back by the broker after a pause"),
    Described("sources", "gauge", ("state",), 4, "sources: all, due, failing, refused; as of the last half minute"),
    Described("lateness_seconds", "gauge", (), 1, "by how much the source that is latest is late, likewise"),
    Described(
        "upstream_behind", "gauge", (), 1, "records of upstream topics that are not decided yet, all topics together"
    ),
    Described(
        "upstream_lost", "counter", (), 1, "records that upstream topics no longer held when they were to be read"
    ),
    Described("readers", "gauge", ("state",), 2, "processes that read documents: busy, idle"),
    Described("readers_killed", "counter", (), 1, "of them, those that were killed by a document"),
    Described("memory_bytes", "gauge", ("process",), 2, "resident memory: worker, readers"),
)
_BY_NAME: Final = {described.name: described for described in TABLE}


class Metrics(Collector):
    """`readers`: the processes as they are now; `monotonic`: seconds."""

    def __init__(self, totals: Totals, readers: Callable[[], Readers], monotonic: Callable[[], float]) -> None:
        self._totals = totals
        self._readers = readers
        self._monotonic = monotonic
        self._text, self._until = b"", -math.inf
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def text(self) -> bytes:
        """All of them, as Prometheus scrapes them, at most a second old: to make it takes 2 ms, in which nothing is polled."""
        now = self._monotonic()
        if now >= self._until:
            self._text, self._until = generate_latest(self._registry), now + _KEPT_SECONDS
        return self._text

    def collect(self) -> Iterator[Metric]:
        """See `prometheus_client.registry.Collector`."""
        totals, readers = self._totals, self._readers()
        standing = list(totals.standing.values())
        owned = sum(one.waits_for is None for one in standing)
        yield _gauge("info", {__version__: 1})
        yield _gauge("ready", not unready(totals))
        yield _counter("polls", {outcome: totals.polls[outcome] for outcome in _OUTCOMES})
        yield _counter("poll_faults", {kind.value: totals.poll_faults[kind] for kind in FaultKind})
        yield _counter("entries", totals.entries)
        yield _counter("entry_fates", {fate.value: totals.fates[fate] for fate in Fate})
        yield _counter("rejections", {code.value: totals.rejected[code] for code in Code})
        yield _counter("commits", totals.commits)
        yield _histogram("commit_seconds", totals.commit_seconds)
        yield _histogram("poll_lateness_seconds", totals.late_seconds)
        yield _histogram("publication_to_commit_seconds", totals.fresh_seconds)
        yield _gauge("shards", {"owned": owned, "waiting": len(standing) - owned})
        yield _counter("restores", totals.restores)
        yield _counter("fences", totals.fences)
        yield _gauge(
            "sources",
            {
                "all": sum(one.sources for one in standing),
                "due": sum(one.due for one in standing),
                "failing": sum(one.failing for one in standing),
                "refused": sum(one.refused for one in standing),
            },
        )
        yield _gauge("lateness_seconds", max((one.late for one in standing), default=0) / 1000)
        yield _gauge("upstream_behind", sum(totals.behind.values()))
        yield _counter("upstream_lost", totals.lost)
        yield _gauge("readers", {"busy": readers.running - readers.idle, "idle": readers.idle})
        yield _counter("readers_killed", readers.killed)
        yield _gauge("memory_bytes", {"worker": resident(os.getpid()), "readers": readers.bytes})


def resident(pid: int) -> int:
    """Bytes of memory that a process has resident; 0 where that can't be told, or it is no more."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:  # noqa: PTH123 (no path is built a scrape)
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")
    except (OSError, IndexError, ValueError):
        return 0


def _counter(name: str, value: float | dict[str, int]) -> Metric:
    described = _BY_NAME[name]
    family = CounterMetricFamily(PREFIX + name, described.meaning, labels=described.labels)
    return _filled(family, value)


def _gauge(name: str, value: float | dict[str, int]) -> Metric:
    described = _BY_NAME[name]
    family = GaugeMetricFamily(PREFIX + name, described.meaning, labels=described.labels)
    return _filled(family, value)


def _filled(family: CounterMetricFamily | GaugeMetricFamily, value: float | dict[str, int]) -> Metric:
    for label, one in value.items() if isinstance(value, dict) else [(None, value)]:
        family.add_metric([] if label is None else [label], one)
    return family


def _histogram(name: str, found: Histogram) -> Metric:
    described = _BY_NAME[name]
    bounds = [*map(str, map(float, found.bounds)), "+Inf"]
    buckets = list(zip(bounds, accumulate(found.counts), strict=True))
    family = HistogramMetricFamily(PREFIX + name, described.meaning, labels=described.labels)
    family.add_metric([], buckets, found.sum)
    return family
