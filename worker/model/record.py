"""What a broker stores: topics and records."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Topic(StrEnum):
    """The topics of the contract, without the installation's prefix (a broker adds it)."""

    ARTICLES = "news.articles.v1"
    REJECTS = "news.rejects.v1"
    SOURCES = "news.sources.v1"
    CHECKPOINTS = "news.checkpoints.v1"
    INBOX = "news.inbox.v1"
    REPLAYS = "news.replays.v1"


@dataclass(frozen=True, slots=True)
class Record:
    """What a broker stores: everything is bytes but the topic. A value of None is a tombstone; b"" is none."""

    topic: Topic
    key: bytes
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    timestamp: int
    # Records of a topic with the same bytes share a partition and keep their order; a number is that of a partition.
    partition_by: bytes | int
