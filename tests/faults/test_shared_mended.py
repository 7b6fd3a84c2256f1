"""What the operator has to mend while three workers share feeds: said exactly, nothing rejected, gone on by themselves."""

import pytest
from faults.conftest import made
from faults.crew import PARTITIONS, crew, restless
from faults.faults import deleted, not_allowed
from faults.planted_polls import planted
from faults.polled import Polled
from faults.secured import needed, secured_place
from feeds.serving import serving
from kafka.acls import May, On, allow
from kafka.clients import administering

from worker.model import Topic

FEW = 10  # events, so that they are in the middle


@pytest.fixture
def served(tmp_path):
    with serving(tmp_path / "feeds", restless()) as server:
        yield server


@pytest.fixture
async def shared(kafka, tmp_path, served):
    polled = Polled(await made(tmp_path, f"kafka://{kafka.bootstrap}", partitions=PARTITIONS, hangs=10**6), served)
    await polled.define(interval_s=1)
    return polled


async def test_the_topic_of_the_articles_deleted(kafka, shared):
    async with crew(shared, 3) as workers:
        await workers.events(FEW)
        await workers.at_rest()
        before = await shared.records()
        async with deleted(shared.place, kafka.admin, Topic.ARTICLES):
            for feed in shared.server.plans:
                shared.server.change("add", feed)
            for one in workers.all:
                await one.says(f"there is no {shared.place.prefix}news.articles.v1")
        await workers.proven(before=before)


async def test_rights_that_are_taken_back(kafka_secured, tmp_path, served):
    place = await secured_place(kafka_secured, tmp_path, partitions=PARTITIONS, hangs=10**6)
    rights = needed(place.prefix)
    client = kafka_secured.cluster.admin
    async with administering(client) as admin:
        await allow(admin, *rights)
    polled = Polled(place, served)
    await polled.define(interval_s=1)
    articles = place.prefix + Topic.ARTICLES.value
    taken = next(right for right in rights if right.may is May.WRITE and right.name == articles)
    async with crew(polled, 3) as workers:
        await workers.events(FEW)
        async with not_allowed(client, taken):
            for one in workers.all:
                await one.says(f"lacks the ACL for Write on the topic {articles}: ")
        await workers.events(3 * FEW)
        async with not_allowed(client, next(right for right in rights if right.on is On.GROUP)):
            for one in workers.all:
                await one.says("lacks the ACL for Read on the group ")
        await workers.events(3 * FEW)
        await workers.proven()


async def test_clocks_that_jump_by_two_days_either_way(shared, tmp_path):
    """Back, they make nothing wait for two days. Ahead, nothing is due at once; the broker refuses them, and nobody is rejected."""
    mark = tmp_path / "days"
    async with crew(shared, 3, program=planted(f"clock:{mark}")) as workers:
        await workers.events(FEW)
        mark.write_text("-2")
        await workers.events(5 * FEW)
        mark.unlink()
        await workers.events(5 * FEW)
        mark.write_text("2")
        for one in workers.all:
            await one.says("is this machine's clock right?")
        mark.unlink()
        await workers.events(5 * FEW)
        await workers.proven()
        async with shared.place.connect() as broker:
            assert [record async for record in broker.read(Topic.REJECTS)] == []
