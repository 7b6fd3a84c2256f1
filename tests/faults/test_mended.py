"""What the operator has to mend while a replay on Kafka runs: it says exactly what, rejects nothing, and goes on by itself."""

import pytest
from faults.faults import not_allowed, set_otherwise, there_is
from faults.going_on import goes_on
from faults.planted import planted
from faults.secured import needed, secured_place
from kafka.acls import May, allow
from kafka.clients import administering

from worker.model import Topic


async def test_a_clock_that_is_wrong_so_that_the_broker_refuses_the_time_of_observation(on_kafka, offered, tmp_path):
    mark = tmp_path / "wrong"
    says = "refuses the time of observation: is this machine's clock right?"
    said = await goes_on(on_kafka, offered, there_is(mark), says, program=planted(f"ahead:{mark}"))
    assert "article.refused" not in said


async def test_a_topic_of_state_that_refuses_records_costs_no_article(kafka, on_kafka, offered):
    fault = set_otherwise(on_kafka, kafka.admin, Topic.REPLAYS, max_message_bytes="100")
    said = await goes_on(on_kafka, offered, fault, f"{on_kafka.prefix}news.replays.v1: MessageSizeTooLarge")
    assert "article.refused" not in said


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
