"""A broker that shares the sources among workers as the test tells it."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

from worker.broker.port import Share, shard_of_sources

SHARE = Share(frozenset({shard_of_sources(0)}))


class Group:
    """A broker whose member is told by the test how it stands; claims are counted."""

    quiet_seconds = 0.0

    def __init__(self, broker, share=SHARE):
        self.broker = broker
        self.share = share
        self.claims = 0
        self._news = asyncio.Condition()

    def __getattr__(self, name):
        return getattr(self.broker, name)

    @asynccontextmanager
    async def membership(self):
        yield self

    async def say(self, **changes):
        async with self._news:
            self.share = replace(self.share, **changes)
            self._news.notify_all()

    async def changed(self, share):
        async with self._news:
            await self._news.wait_for(lambda: self.share != share)
        return self.share

    async def confirmed(self):
        pass

    async def claim(self, shard):
        self.claims += 1
        return await self.broker.claim(shard)
