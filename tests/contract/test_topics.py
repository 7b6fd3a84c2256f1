"""Topics as a whole: made once, compared one by one, and refused at opening in the words of `news-worker topics check`."""

import asyncio

import pytest
from aiokafka.admin import NewPartitions
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from contract.conftest import KAFKA, Place
from kafka.clients import administering
from kafka.cluster import HANGS
from kafka.commands import news_worker

from worker.broker.connect import administer, connect
from worker.broker.topics import differences
from worker.errors import BrokerRefused
from worker.kafka.options import KafkaOptions
from worker.model import Topic

ARTICLES, REPLAYS = Topic.ARTICLES, Topic.REPLAYS
TO_MAKE = "`news-worker topics create` makes the missing ones."


@pytest.fixture(params=["embedded", "kafka"])
def bare(request, tmp_path):
    """A broker without topics."""
    if request.param == "embedded":
        return Place(f"sqlite:///{tmp_path}/news.db")
    return Place(f"kafka://{request.getfixturevalue('kafka').bootstrap}")


@pytest.fixture
async def made(kafka):
    place = Place(f"kafka://{kafka.bootstrap}")
    await place.make()
    return place


def topics(command, place, **settings):
    settings = {"kafka_partitions": KAFKA.partitions, "kafka_replication": KAFKA.replication, **settings}
    return news_worker("topics", command, broker=place.url, prefix=place.prefix, **settings)


async def compared(place, options=KAFKA):
    async with administer(place.url, prefix=place.prefix, kafka=options) as administration:
        return differences(await administration.layouts(), await administration.found())


async def refused(place, options=KAFKA):
    """What opening says, sentence by sentence. It asks any of the brokers, and each hears of a change in its own time."""
    async with asyncio.timeout(HANGS):
        while True:
            try:
                async with connect(place.url, prefix=place.prefix, create=False, kafka=options):
                    pass
            except BrokerRefused as error:
                return str(error).splitlines()


async def shown(place, condition):
    """Wait until the broker, which answered before, goes by it."""
    async with administer(place.url, prefix=place.prefix, kafka=KAFKA) as administration, asyncio.timeout(HANGS):
        while not condition(await administration.found()):
            pass


async def alter(cluster, place, topic, options=KAFKA, **settings):
    """Kafka's call sets all of a topic's settings, so those that stay are said too."""
    changed = {name.replace("_", "."): value for name, value in settings.items()}
    async with (
        administer(place.url, prefix=place.prefix, kafka=options) as administration,
        administering(cluster.admin) as admin,
    ):
        layout = (await administration.layouts())[topic]
        wanted = {**layout.settings, **changed}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, layout.name, wanted)])
    await shown(place, lambda found: changed.items() <= found[topic].settings.items())


def test_topics_are_made_once_and_the_second_call_says_that_they_were_there(bare):
    partitions = "3 partitions" if bare.url.startswith("kafka") else "1 partition"
    first = topics("create", bare)
    assert (first.code, first.said) == (0, "")
    assert first.out.splitlines() == [f"{bare.prefix}{topic}: made, {partitions}" for topic in Topic]
    second = topics("create", bare)
    assert (second.code, second.out) == (0, "6 of 6 topics were there already\n")
    assert topics("check", bare).out == "all 6 topics are as they should be\n"


def test_each_missing_topic_is_named_and_what_makes_it(bare):
    outcome = topics("check", bare)
    assert outcome.code == 2
    assert outcome.out.splitlines() == [*(f"{bare.prefix}{topic} is missing" for topic in Topic), TO_MAKE]
    described = topics("describe", bare)
    assert f"{bare.prefix}{ARTICLES}\tcleanup.policy\tmissing\tcompact,delete" in described.out.splitlines()


async def test_those_that_are_missing_are_made_beside_those_that_are_there(kafka, made):
    async with administering(kafka.admin) as admin:
        await admin.delete_topics([made.prefix + REPLAYS])
    await shown(made, lambda found: REPLAYS not in found)
    expected = [f"{made.prefix}{REPLAYS} is missing", TO_MAKE]
    assert await compared(made) == expected
    assert await refused(made) == expected
    outcome = topics("create", made)
    assert outcome.out.splitlines() == [
        f"{made.prefix}{REPLAYS}: made, 3 partitions",
        "5 of 6 topics were there already",
    ]


@pytest.mark.parametrize(
    ("topic", "setting", "value", "expected"),
    [
        (REPLAYS, "cleanup_policy", "delete", "compact"),
        (ARTICLES, "cleanup_policy", "compact", "compact,delete"),
        (ARTICLES, "message_timestamp_type", "LogAppendTime", "CreateTime"),
        (ARTICLES, "min_compaction_lag_ms", "0", "at least 604800000"),
        (Topic.REJECTS, "max_message_bytes", "1000", "at least 1048588"),
    ],
)
async def test_a_setting_that_breaks_the_contract_is_named_and_refused(kafka, made, topic, setting, value, expected):
    await alter(kafka, made, topic, **{setting: value})
    name = setting.replace("_", ".")
    sentences = [f"{made.prefix}{topic} has {name}={value}, expected is {expected}: alter it in Kafka"]
    assert await compared(made) == sentences
    assert await refused(made) == sentences
    outcome = topics("create", made)
    assert (outcome.code, outcome.said) == (2, f"error: {sentences[0]}\n")


async def test_more_partitions_or_too_few_copies_are_named_and_refused(kafka, made):
    async with administering(kafka.admin) as admin:
        await admin.create_partitions({made.prefix + ARTICLES: NewPartitions(5)})
    await shown(made, lambda found: found[ARTICLES].partitions == 5)
    (sentence,) = await compared(made)
    assert sentence.startswith(f"{made.prefix}{ARTICLES} has 5 partitions, expected are 3: ")
    assert await refused(made) == [sentence]
    doubled = KafkaOptions(partitions=3, replication=2)
    copies = await refused(made, doubled)
    assert f"{made.prefix}{REPLAYS} has copies: 1, expected are 2: " in "\n".join(copies)


async def test_commits_that_one_copy_would_do_for_are_refused_where_there_are_to_be_three(kafka_trio):
    place, options = Place(f"kafka://{kafka_trio.bootstrap}"), KafkaOptions(partitions=1)
    async with administer(place.url, prefix=place.prefix, kafka=options) as administration:
        layouts = await administration.layouts()
        await administration.create(layouts.values())
    assert {layout.replication for layout in layouts.values()} == {3}
    assert await compared(place, options) == []
    await alter(kafka_trio, place, ARTICLES, options, min_insync_replicas="1")
    sentence = f"{place.prefix}{ARTICLES} has min.insync.replicas=1, expected is at least 2: alter it in Kafka"
    assert await refused(place, options) == [sentence]


async def test_how_long_and_in_what_pieces_a_topic_is_kept_is_for_the_operator_to_say(kafka, made):
    await alter(kafka, made, ARTICLES, retention_ms="3600000", segment_bytes="1048576", segment_ms="600000")
    await alter(kafka, made, REPLAYS, min_cleanable_dirty_ratio="0.5", delete_retention_ms="1000")
    assert await compared(made) == []
    async with made.connect() as broker:
        described = await broker.describe(ARTICLES)
    assert described.layout.settings["retention.ms"] == "3600000"
    shown = topics("describe", made).out.splitlines()
    assert f"{made.prefix}{ARTICLES}\tretention.ms\t3600000\t7776000000" in shown


async def test_more_than_is_needed_will_do(kafka, made):
    await alter(kafka, made, ARTICLES, max_message_bytes="2000000", min_compaction_lag_ms="1209600000")
    assert await compared(made) == []


def test_more_copies_than_there_are_brokers_cannot_be_made(kafka):
    outcome = topics("create", Place(f"kafka://{kafka.bootstrap}"), kafka_replication=4)
    assert outcome.code == 2
    assert "could not be made: Unable to replicate the partition 4 time(s)" in outcome.said
