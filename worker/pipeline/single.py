"""One transaction under a claim, as a command makes it that no worker makes for it.

Whoever is fenced meanwhile, or can't tell whether it was committed, claims anew and decides by what it then finds: so it is
done once however often that happens.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from worker.broker.port import Broker, Shard
from worker.errors import ClaimLost, Unsure
from worker.model import Record

_T = TypeVar("_T")
_TRIES: Final = 5
_LONGEST_PAUSE: Final = 1.0  # seconds; a worker that was fenced owns its shard again within less


async def commit_once(broker: Broker, shard: Shard, decide: Callable[[], Awaitable[tuple[Sequence[Record], _T]]]) -> _T:
    """What `decide` made of the shard when its records were committed, or when there was nothing to commit.

    `decide`: called once the shard is claimed; restores, and says what is to be committed and what comes of it. BrokerError: as
    `port.Broker` tells; it may be called again.
    """
    for left in reversed(range(_TRIES)):
        claim = await broker.claim(shard)
        try:
            records, came = await decide()
            if records:
                await claim.commit(records)
        except (ClaimLost, Unsure):
            if not left:
                raise
            await asyncio.sleep(random.uniform(0, _LONGEST_PAUSE))  # noqa: S311 (a pause, no secret)
        else:
            return came
        finally:
            await claim.release()
    raise AssertionError
