"""An article of a topic in shares is taken down while a worker runs; no share brings it back, nor one of another number."""

import json

from aiokafka import AIOKafkaProducer
from faults.upstreamed import made

from worker.core.sources.stored import tombstone
from worker.model import Topic


async def told(place):
    """What came of it: whether each record is an event, or its tombstone."""
    async with place.connect() as broker:
        return [record.value is not None async for record in broker.read(Topic.ARTICLES)]


async def test_neither_another_share_nor_the_shares_of_another_number_bring_back_what_was_taken_down(place, kafka):
    upstream = await made(kafka, 2)

    async def sent(partition):
        value = json.dumps({"id": "7", "title": f"A heron, from {partition}", "text": "It stood there."}).encode()
        async with AIOKafkaProducer(**kafka.admin) as producer:
            await producer.send_and_wait(upstream.topic, value, partition=partition)

    shares = [await upstream.define(place, share=(index, 2)) for index in range(2)]
    await sent(0)
    async with place.running("run", "--jobs", "1") as process:
        await place.events_in_all(1)
        async with place.connect() as broker:
            article = (await anext(broker.read(Topic.ARTICLES))).key.decode()
        code, said = await place.run("forget", article, "--wait")
        assert code == 0, said
        process.terminate()
        await process.communicate()
    assert await told(place) == [True, True, False]
    await sent(1)
    assert (await place.run("run", "--once", "--jobs", "1"))[0] == 0
    async with place.connect() as broker:
        await broker.append([tombstone(one, one.added_at) for one in shares])
    for index in range(3):
        await upstream.define(place, share=(index, 3))
    code, said = await place.run("run", "--once", "--jobs", "1")
    assert "2 skipped" in said, said
    assert await told(place) == [True, True, False]
