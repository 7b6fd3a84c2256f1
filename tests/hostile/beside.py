"""A process of its own that asks one good feed after another while all the hostile ones are asked for, over and over.

Says in JSON how that went: what came of the good ones and of the hostile ones, and by how much its memory grew.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from collections import Counter
from ipaddress import ip_network

from hostile.asking import fetched

from worker.model import Fault
from worker.sources.feed import Client, ClientOptions, Request

GOOD = 30
AT_ONCE = 4  # of each hostile kind


async def insist(client, url, faults, settled):
    while True:
        answered = await fetched(client, Request(url))
        faults[answered.kind if isinstance(answered, Fault) else "answered"] += 1
        settled.set()


async def main(good, stalled, hostile):
    faults, answers = Counter(), Counter()
    async with Client(ClientOptions(allowed=(ip_network("127.0.0.0/8"),))) as client:
        await fetched(client, Request(good))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        settled = {url: asyncio.Event() for url in hostile + stalled}
        asking = [
            asyncio.create_task(insist(client, url, faults, event))
            for url, event in settled.items()
            for _ in range(AT_ONCE)
        ]
        ended = asyncio.gather(*(settled[url].wait() for url in hostile))
        while answers.total() < GOOD or not ended.done():
            answered = await fetched(client, Request(good))
            answers[answered.kind if isinstance(answered, Fault) else len(answered.body)] += 1
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    sys.stdout.write(json.dumps({"answers": answers, "faults": faults, "grown_kb": grown}))


asyncio.run(main(sys.argv[1], sys.argv[2:4], sys.argv[4:]))
