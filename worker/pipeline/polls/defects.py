"""What a defect of the worker's own comes to: it costs the source that it was met with, and nobody else.

The one decision: it would be met again by each next owner of the shard, so it must not end the worker; nor may what it left half
done be committed, so whoever decided has the shard restored first (`owned.py`).
"""

from __future__ import annotations

import traceback

import structlog

from worker.model import Fault, FaultKind

log = structlog.get_logger()


def fault_of(error: Exception, source: str, before: Fault | None) -> Fault:
    """As a fault of that source. Its traceback is logged, unless it was met `before`."""
    fault = Fault(FaultKind.INTERNAL, sentence(error))
    if fault != before:
        log.error("source.defect", source=source, exc_info=_met(error))
    return fault


def sentence(error: Exception) -> str:
    """For people; nothing of what was being read or decided is in it."""
    met = _met(error)
    last = traceback.extract_tb(met.__traceback__)[-1:]
    at = f" in {last[0].name}, line {last[0].lineno}" if last else ""
    return f"news-worker itself failed at it ({type(met).__name__}{at}): its log has the traceback, please report that"


def _met(error: Exception) -> BaseException:
    return error.__cause__ or error
