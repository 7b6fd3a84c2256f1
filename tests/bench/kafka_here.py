"""Kafka for a bench: what is here, or an end that says how to get one."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kafka.cluster import JVM, Cluster, start
from kafka.found import Kafka, NotFound, find


def found_or_end() -> Kafka:
    """Ends the process, well, where there is none."""
    try:
        return find()
    except NotFound as reason:
        print(f"skipped: {reason}")
        sys.exit()


@contextmanager
def one_broker(folder: Path) -> Iterator[Cluster]:
    """A cluster of one, ready. Ends the process, well, where there is no Kafka."""
    cluster = start(found_or_end(), folder / "kafka", jvm=JVM)
    try:
        asyncio.run(cluster.ready())
        yield cluster
    finally:
        cluster.close()
