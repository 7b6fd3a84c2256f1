"""Topics made by a cluster that has just stood still: it takes its brokers for lost, for a moment, and then knows none of them."""

import asyncio
from uuid import uuid4

from worker.broker.connect import administer, connect
from worker.kafka.options import KafkaOptions

OPTIONS = KafkaOptions(partitions=2)
LOST = 4.0  # seconds, in which a broker of the tests doesn't answer its controller for long enough (properties.py)


async def test_topics_are_made_and_known_however_the_brokers_stood_still(kafka_to_kill):
    url = f"kafka://{kafka_to_kill.bootstrap}"
    for _ in range(2):  # what it has forgotten, where to put them or that it has brokers, is a matter of moments
        prefix = f"still-{uuid4().hex[:8]}."
        async with administer(url, prefix=prefix, kafka=OPTIONS) as administration:
            layouts = await administration.layouts()
            kafka_to_kill.freeze()
            making = asyncio.create_task(administration.create(layouts.values()))
            await asyncio.sleep(LOST)
            kafka_to_kill.thaw()
            await making
        async with connect(url, prefix=prefix, create=False, kafka=OPTIONS):
            pass
