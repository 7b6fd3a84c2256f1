"""Stands for an upstream topic of two records, "one" and "two" by id and headline."""

import asyncio
import json
from contextlib import asynccontextmanager

from worker.model import UpstreamRecord
from worker.sources.topic import Taken


class Upstream:
    """A topic of two records in one partition, of which no more come."""

    identity, answers = "cluster/t", True
    once = False

    async def begin(self, positions):
        self.next = positions.get(0, 0)

    async def at(self, _partition, _offset):
        return None

    async def take(self):
        records = tuple(
            UpstreamRecord(0, offset, 1, json.dumps({"id": title, "headline": title, "body": title * 9}).encode(), ())
            for offset, title in enumerate(["one", "two"])
            if offset >= self.next
        )
        if not records:
            await asyncio.Event().wait()
        self.next = 2
        return [Taken(0, records, 2)]

    async def end_here(self):
        self.once = True

    async def ended(self):
        return self.once and self.next == 2

    async def behind(self):
        return 0


@asynccontextmanager
async def upstream(_options):
    yield Upstream()
