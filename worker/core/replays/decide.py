"""decide: which records a reading becomes. Serial per shard, microseconds an article, no clock and no await.

A replay remembers files, not articles: each record is `created`, version 1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Set as AbstractSet

from worker.core import event
from worker.model import Article, Code, Decision, FileState, Reading, Rejection, Source, Stage, Withdrawal


def decide(  # noqa: PLR0913 (a reading and what is known besides)
    reading: Reading,
    source: Source,
    path: str,
    *,
    run: str | None,
    state: FileState | None,
    refused: AbstractSet[int] = frozenset(),
) -> Decision:
    """The events and rejections of a replay's reading, in its order.

    `state`: what is remembered of the file once these are committed. `refused`: positions (ends) of articles that the
    broker has been seen to refuse; they become rejections.
    """
    records = []
    rejected = []
    withdrawals = 0
    for found in reading.items:
        if isinstance(found, Withdrawal):
            withdrawals += 1
            continue
        item = refused_by_broker(found) if isinstance(found, Article) and found.end in refused else found
        if isinstance(item, Article):
            records.append(event.created(item, source, reading.observed_at, run))
        else:
            records.append(event.rejected(item, source, reading.observed_at))
            rejected.append(item)
    published = len(records) - len(rejected)
    return Decision(path, tuple(records), published, tuple(rejected), reading.notes, withdrawals, state)


def refused_by_broker(article: Article) -> Rejection:
    """What an article becomes that the broker was seen to refuse."""
    raw = article.item + b"}"
    return Rejection(
        Code.REFUSED,
        Stage.PUBLISH,
        "the broker refused the event although it was checked; kept is its item",
        article.entry_key,
        raw,
        hashlib.sha256(raw).hexdigest(),
        len(raw),
        article.end,
    )
