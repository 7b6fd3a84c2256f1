"""The ACLs that docs/kafka.md lists: with exactly these all works, and without any one of them something says which is missing."""

import re
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError
from kafka.acls import Acl, May, Named, On, allow, forbid
from kafka.clients import administering
from kafka.commands import TREE, news_worker
from kafka.secured import ADMIN

from worker.broker.connect import administer
from worker.kafka.options import KafkaOptions

ROW = re.compile(r"\| (topics create|worker|reader) \| ([A-Za-z, ]+) \| (topic|transactional id|group) \| (\S+) \|")
ROWS = ROW.findall((TREE / "docs" / "kafka.md").read_text())
ENDED = re.compile(r'error: |.*"worker.ended"')  # of `run` it is a line of its log
KINDS = {"topic": On.TOPIC, "transactional id": On.TRANSACTIONAL_ID, "group": On.GROUP}
MAY = {"".join(part.capitalize() for part in may.name.split("_")): may for may in May}


def listed(who):
    """What the table gives: may, kind, name (`…*`: whatever begins so)."""
    return [(may, kind, name) for role, mays, kind, name in ROWS if role == who for may in mays.split(", ")]


def acl(user, prefix, row):
    may, kind, name = row
    return Acl(
        user, MAY[may], KINDS[kind], prefix + name.rstrip("*"), Named.FROM if name.endswith("*") else Named.EXACTLY
    )


@pytest.fixture(scope="module")
def prefix():
    return f"acls-{uuid.uuid4().hex[:8]}."


@pytest.fixture(scope="module")
def user(prefix):
    """Known to nobody yet."""
    return f"user-{prefix.rstrip('.')}"


@pytest.fixture(scope="module")
def way(kafka_secured, user, prefix):
    papers = kafka_secured.authority.certify(user)
    return {
        "broker": f"kafka://{kafka_secured.cluster.by('MUTUAL')}",
        "kafka_security_protocol": "SSL",
        "kafka_ssl_cafile": papers.ca,
        "kafka_ssl_certfile": papers.certificate,
        "kafka_ssl_keyfile": papers.key,
        "kafka_partitions": 1,
        "kafka_transaction_timeout_s": 2,  # what one test leaves open, another has to wait for
        "give_up_after_s": 0,
        "prefix": prefix,
    }


@pytest.fixture
async def admin(kafka_secured):
    async with administering(kafka_secured.cluster.admin) as opened:
        yield opened


@pytest.fixture
async def made(admin, prefix, kafka_secured):
    """The topics, made by somebody who may do everything."""
    papers = kafka_secured.authority.certify(ADMIN)
    options = KafkaOptions(
        security_protocol="SSL",
        ssl_cafile=papers.ca,
        ssl_certfile=papers.certificate,
        ssl_keyfile=papers.key,
        partitions=1,
    )
    async with administer(f"kafka://{kafka_secured.cluster.bootstrap}", prefix=prefix, kafka=options) as administration:
        there = await administration.found()
        await administration.create(
            [layout for topic, layout in (await administration.layouts()).items() if topic not in there]
        )


@pytest.fixture
def articles(tmp_path):
    folder = tmp_path / uuid.uuid4().hex
    folder.mkdir()
    (folder / "some.jsonl").write_text('{"headline": "Ferry free", "text": "Walkers take the ferry."}\n{"broken\n')
    return folder


def works(way, articles):
    """Everything that a worker does, most of it side by side; one thing that fails, or None."""
    sources = articles.with_suffix(".txt")
    sources.write_text(
        f"http://127.0.0.1:9/{articles.name}"
    )  # not polled, for its address: a fault, which is remembered
    checked = news_worker("check", **way)
    if checked.code:
        return checked
    every = (
        ["run", "--once", "--feeds", sources],
        ["replay", articles],
        ["tail", "articles"],
        ["rejects", "list"],
    )
    with ThreadPoolExecutor(len(every)) as side_by_side:
        outcomes = list(side_by_side.map(lambda arguments: news_worker(*arguments, **way), every))
    return next((outcome for outcome in outcomes if outcome.code not in (0, 1)), None)


def refusal(outcome, prefix, row):
    may, kind, name = row
    said = f"This user lacks the ACL for {may} on the {kind} {prefix}{name.rstrip('*')}"
    return [line for line in outcome.said.splitlines() if ENDED.match(line) and said in line]


@pytest.mark.usefixtures("made")
async def test_a_worker_needs_no_more_than_is_listed(admin, way, user, prefix, articles):
    await allow(admin, *(acl(user, prefix, row) for row in listed("worker")))
    assert works(way, articles) is None
    assert works(way, articles) is None  # restored from what it wrote
    assert "Ferry free" in news_worker("tail", "articles", **way).out
    assert "invalid_json" in news_worker("rejects", "list", **way).out


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize("row", listed("worker"), ids=" ".join)
async def test_a_worker_says_which_of_them_is_missing(admin, way, user, prefix, articles, row):
    await allow(admin, *(acl(user, prefix, each) for each in listed("worker")))
    await forbid(admin, acl(user, prefix, row))
    failed = works(way, articles)
    assert failed, "it is not needed"
    assert refusal(failed, prefix, row), failed.said


async def test_topics_are_created_with_no_more_than_is_listed(admin, way, user):
    prefix = f"acls-{uuid.uuid4().hex[:8]}."
    rows = listed("topics create")
    for row in rows:
        await allow(admin, *(acl(user, prefix, each) for each in rows if each != row))
        outcome = news_worker("topics", "create", **{**way, "prefix": prefix})
        assert outcome.code == 2
        assert refusal(outcome, prefix, row), outcome.said
        await forbid(admin, *(acl(user, prefix, each) for each in rows if each != row))
    await allow(admin, *(acl(user, prefix, each) for each in rows))
    for command in ("create", "check", "describe"):
        assert news_worker("topics", command, **{**way, "prefix": prefix}).code == 0


@pytest.mark.usefixtures("made")
async def test_a_reader_needs_no_more_than_is_listed(kafka_secured, admin, prefix):
    reader, rows = f"reader-{prefix}", listed("reader")
    client = kafka_secured.by_certificate(kafka_secured.authority.certify(reader))

    async def read():
        topics = [f"{prefix}news.articles.v1", f"{prefix}news.rejects.v1"]
        consumer = AIOKafkaConsumer(*topics, **client, group_id=f"{prefix}GROUP", isolation_level="read_committed")
        try:
            await consumer.start()
            while {one.topic for one in consumer.assignment()} != set(topics):
                await consumer.getmany(timeout_ms=100)
            await consumer.getmany(timeout_ms=100)
            await consumer.commit()
        finally:
            await consumer.stop()

    for row in rows:
        held = [acl(reader, prefix, each) for each in rows if each != row]
        await allow(admin, *held)
        with pytest.raises((TopicAuthorizationFailedError, GroupAuthorizationFailedError)) as refused:
            await read()
        assert prefix + row[2] in str(refused.value)
        await forbid(admin, *held)
    await allow(admin, *(acl(reader, prefix, each) for each in rows))
    await read()
