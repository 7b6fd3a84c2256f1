"""What the operator has to mend while a replay on Kafka runs: it says exactly what, rejects nothing, and goes on by itself."""

import pytest
from faults.conftest import made
from faults.faults import not_allowed, set_otherwise, there_is
from faults.going_on import goes_on
from faults.planted import planted
from kafka.acls import Acl, May, Named, On, allow
from kafka.clients import administering
from kafka.secured import ADMIN, PASSWORDS

from worker.broker.kafka.options import KafkaOptions
from worker.model import Topic

USER = "worker"


async def test_a_clock_that_is_wrong_so_that_the_broker_refuses_the_time_of_observation(on_kafka, offered, tmp_path):
    mark = tmp_path / "wrong"
    says = "refuses the time of observation: is this machine's clock right?"
    said = await goes_on(on_kafka, offered, there_is(mark), says, program=planted(f"ahead:{mark}"))
    assert "replay.article_refused" not in said


async def test_a_topic_of_state_that_refuses_records_costs_no_article(kafka, on_kafka, offered):
    fault = set_otherwise(on_kafka, kafka.admin, Topic.REPLAYS, max_message_bytes="100")
    said = await goes_on(on_kafka, offered, fault, f"{on_kafka.prefix}news.replays.v1: MessageSizeTooLarge")
    assert "replay.article_refused" not in said


@pytest.mark.parametrize("topic", [Topic.ARTICLES, Topic.REPLAYS])
async def test_a_right_that_is_taken_back(kafka_secured, tmp_path, offered, topic):
    place = await secured_place(kafka_secured, tmp_path)
    rights = needed(place.prefix)
    client = kafka_secured.cluster.admin
    async with administering(client) as admin:
        await allow(admin, *rights)
    taken = next(right for right in rights if right.may is May.WRITE and right.name == place.prefix + topic.value)
    lacks = f"lacks the ACL for Write on the topic {taken.name}: "
    said = await goes_on(place, offered, not_allowed(client, taken), lacks)
    assert all(lacks in line for line in said.splitlines() if "broker.away" in line)


def needed(prefix: str) -> list[Acl]:
    return [
        *(Acl(USER, May.WRITE, On.TOPIC, prefix + topic.value) for topic in Topic),
        *(Acl(USER, may, On.TOPIC, prefix, Named.FROM) for may in (May.READ, May.DESCRIBE_CONFIGS)),
        Acl(USER, May.WRITE, On.TRANSACTIONAL_ID, prefix, Named.FROM),
        Acl(USER, May.DESCRIBE, On.CLUSTER, "kafka-cluster"),
    ]


async def secured_place(secured, folder):
    """The test goes there as the administrator, the replay as a user."""
    papers = secured.authority.certify(ADMIN)
    shown = KafkaOptions(
        security_protocol="SSL", ssl_cafile=papers.ca, ssl_certfile=papers.certificate, ssl_keyfile=papers.key
    )
    return await made(
        folder,
        f"kafka://{secured.cluster.by('MUTUAL')}",
        options=shown,
        broker=f"kafka://{secured.cluster.by('PASSWORD')}",
        kafka_security_protocol="SASL_SSL",
        kafka_sasl_username=USER,
        kafka_sasl_password=PASSWORDS[USER],
        kafka_ssl_cafile=papers.ca,
    )
