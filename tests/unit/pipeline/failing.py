"""A broker that fails as it is told to."""

from collections import deque


class Failing:
    """An embedded broker whose claims and commits follow a script: an error before or after, None for as it is."""

    def __init__(self, broker):
        self.broker = broker
        self.claims, self.before, self.after = deque(), deque(), deque()
        self.claimed = 0

    def __getattr__(self, name):
        return getattr(self.broker, name)

    async def claim(self, shard):
        self.claimed += 1
        _follow(self.claims)
        return FailingClaim(await self.broker.claim(shard), self)


class FailingClaim:
    def __init__(self, claim, broker):
        self.claim, self.broker = claim, broker

    def __getattr__(self, name):
        return getattr(self.claim, name)

    async def commit(self, records):
        _follow(self.broker.before)
        await self.claim.commit(records)
        _follow(self.broker.after)


def _follow(script):
    if script and (error := script.popleft()):
        raise error
