"""Workers that consume an upstream topic, killed at any moment: each record comes to what it must once, and in order.

`NEWS_KILLS` sets how many kills, `NEWS_SEED` which moments; a failure names the seed.
"""

import asyncio
import os
import random
from contextlib import suppress

import pytest
from faults.faults import set_otherwise
from faults.running import until
from faults.upstreamed import Upstream, judged, made
from kafka.clients import administering, create

from worker.model import Topic

KILLS = int(os.environ.get("NEWS_KILLS", "0")) or 3
SEED = int(os.environ.get("NEWS_SEED", "1"))
BETWEEN = 600  # records from one kill to the next, at most
TRANSACTION = 0.03  # seconds, about: so that the kill falls anywhere within one


@pytest.fixture
async def upstream(kafka):
    return await made(kafka)


async def test_once_all_is_published_that_there_was_and_then_nothing_more(place, upstream):
    await upstream.send(500, broken_every=50, transaction=100)
    await upstream.define(place)
    code, said = await place.run("run", "--once", "--jobs", "1")
    assert code == 1, said  # some were rejected
    assert (await judged(place, upstream)).clean
    code, said = await place.run("run", "--once", "--jobs", "1")
    assert code == 0, said
    assert (await judged(place, upstream)).clean
    await upstream.send(10)
    code, said = await place.run("run", "--once", "--jobs", "1")
    assert "10 created" in said
    assert (await judged(place, upstream)).clean


async def test_a_topic_that_was_missing_and_has_grown_past_the_positions_is_said_to_be_there_again(on_kafka, kafka):
    upstream = await made(kafka)
    await upstream.send(20)
    await upstream.define(on_kafka)
    assert (await on_kafka.run("run", "--once", "--jobs", "1"))[0] == 0
    async with administering(kafka.admin) as admin:
        await admin.delete_topics([upstream.topic])
    code, said = await on_kafka.run("run", "--once", "--jobs", "1")
    assert (code, "topic.there_again" in said) == (1, False), said
    await create(kafka.admin, upstream.topic, upstream.partitions)
    await upstream.send(200)
    code, said = await on_kafka.run("run", "--once", "--jobs", "1")
    assert code == 0, said
    assert "topic.there_again" in said


async def test_sigkill_at_random_moments_loses_nothing_and_doubles_nothing(place, upstream):
    chosen = random.Random(SEED)
    await upstream.send(KILLS * BETWEEN + 1000, broken_every=50)
    await upstream.define(place)
    killed = 0
    for _ in range(KILLS):
        async with place.running("run", "--jobs", "1") as process:
            await place.events_or_end(chosen.randint(1, BETWEEN), process)
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), chosen.uniform(0, TRANSACTION))
            killed += process.returncode is None
    assert killed == KILLS, f"some ended by themselves (NEWS_SEED={SEED})"
    code, said = await place.run("run", "--once", "--jobs", "1")
    assert code == 1, said  # some were rejected
    verdict = await judged(place, upstream)
    assert verdict.clean, f"NEWS_SEED={SEED}: {verdict}"


async def test_the_network_to_its_cluster_cut_it_waits_and_goes_on_and_meanwhile_others_do(
    embedded, kafka, upstream, proxy
):
    beside = await made(kafka)
    await upstream.define(embedded, servers=kafka.by("PROXIED"))
    await beside.define(embedded, "beside")
    await upstream.send(100)
    async with embedded.running("run", "--jobs", "1") as process:
        await embedded.events(100)
        async with proxy.refusing():
            await until(process, "topic.fault")
            await beside.send(50)
            await embedded.events_in_all(150)
            await upstream.send(50)
        await embedded.events_in_all(200)
        process.terminate()
        _, said = await process.communicate()
    assert process.returncode == 0, said
    assert b"Traceback" not in said
    assert b"never retrieved" not in said
    assert (await judged(embedded, upstream, beside)).clean


async def test_an_article_that_our_broker_refuses_although_checked_is_rejected_alone_be_it_in_a_feed(
    on_kafka, kafka, upstream
):
    await upstream.define(on_kafka)
    await upstream.send(40)
    async with on_kafka.running("run", "--jobs", "1") as process:
        await on_kafka.events(40)
        async with set_otherwise(on_kafka, kafka.admin, Topic.ARTICLES, max_message_bytes="50000"):
            await upstream.send(60, large=70)
            await until(process, '"which":2,')
        await on_kafka.events_in_all(101)
    async with on_kafka.connect() as broker:
        rejected = [record async for record in broker.read(Topic.REJECTS)]
    assert [dict(record.headers)["reject_code"] for record in rejected] == [b"refused"]
    assert b"large" in rejected[0].value
    verdict = await judged(on_kafka, upstream)
    title = f"{upstream.topic} record 70"
    assert [lost for _, lost in verdict.lost] == [title.encode()]  # it has others in its place
    assert sorted(found for _, found in verdict.invented) == [f"{title} {name}".encode() for name in ("first", "last")]
    assert not verdict.twice
    assert not verdict.out_of_order


async def test_one_of_our_own_topics_is_not_consumed_whatever_its_definition_says(on_kafka, kafka):
    ours = Upstream(kafka, on_kafka.prefix + Topic.REJECTS.value, 3)
    await ours.define(on_kafka)
    code, said = await on_kafka.run("run", "--once", "--jobs", "1")
    assert code == 1, said
    assert "of this worker's own" in said
