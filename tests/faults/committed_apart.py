"""A planted bug: events and what is remembered of them go in a transaction each, and the process dies between the two.

`committed_apart.py FIRST replay …`: FIRST is what goes first, `events` or `state`.
"""

import os
import signal
import sys

from worker.cli.main import run
from worker.model import Topic
from worker.pipeline.shard import OwnedShard

BEFORE_IT_DIES = 3  # transactions that go well


def plant(first: str) -> None:
    begun = 0

    async def commit(self, decisions):
        nonlocal begun
        begun += 1
        records = [record for decision in decisions for record in decision.records]
        states = self._remember(decisions)
        assert {record.topic for record in states} <= {Topic.REPLAYS}
        early, late = (records, states) if first == "events" else (states, records)
        await self._claim.commit(early)
        if begun > BEFORE_IT_DIES:
            os.kill(os.getpid(), signal.SIGKILL)
        await self._claim.commit(late)

    OwnedShard._commit = commit


if __name__ == "__main__":
    plant(sys.argv[1])
    sys.exit(run(sys.argv[2:]))
