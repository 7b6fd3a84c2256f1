"""Polled feeds decided: what is new, changed or gone, against what a shard remembers of its sources.

`ShardMemory` remembers; `decide`, `unchanged`, `faulted` and `removed` change it and say what is to be committed: parts, each to be
published as it comes, with the checkpoints that `ShardMemory.records` gives when the transaction is put together.
"""

from worker.core.feeds.answered import Answered
from worker.core.feeds.consumed import Where, consumed, placed, positions, recovered
from worker.core.feeds.decide import MOST_RECORDS, decide
from worker.core.feeds.head import loaded as loaded_head
from worker.core.feeds.memory import Asked, ShardMemory
from worker.core.feeds.outcomes import faulted, is_known, removed, unchanged
from worker.core.feeds.pausing import polled as answered
from worker.core.feeds.report import loaded_report, report_record, silent

__all__ = [
    "MOST_RECORDS",
    "Answered",
    "Asked",
    "ShardMemory",
    "Where",
    "answered",
    "consumed",
    "decide",
    "faulted",
    "is_known",
    "loaded_head",
    "loaded_report",
    "placed",
    "positions",
    "recovered",
    "removed",
    "report_record",
    "silent",
    "unchanged",
]
