"""Who is let into a secured cluster, and who isn't: what the tests of the worker's own security build on."""

import ssl
import uuid

import pytest
from aiokafka.errors import KafkaConnectionError, TopicAuthorizationFailedError
from kafka.acls import Acl, May, Named, On, allow, forbid
from kafka.clients import administering, create, send
from kafka.secured import ADMIN, PASSWORDS, Authority, Papers


@pytest.fixture
async def admin(kafka_secured):
    async with administering(kafka_secured.cluster.admin) as opened:
        yield opened


@pytest.fixture
async def topic(kafka_secured):
    name = f"secured.{uuid.uuid4()}"
    await create(kafka_secured.cluster.admin, name)
    return name


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "PLAIN"])
async def test_a_password_lets_in_and_a_wrong_one_does_not(kafka_secured, admin, topic, mechanism):
    may_write = Acl("worker", May.WRITE, On.TOPIC, topic)
    await allow(admin, may_write)
    await send(kafka_secured.by_password("worker", PASSWORDS["worker"], mechanism), topic, b"a record")
    with pytest.raises(KafkaConnectionError):
        await send(kafka_secured.by_password("worker", "another", mechanism), topic, b"a record")


async def test_a_certificate_lets_in_and_one_of_another_authority_does_not(kafka_secured, admin, topic, tmp_path):
    await allow(admin, Acl("writer", May.WRITE, On.TOPIC, topic))
    await send(kafka_secured.by_certificate(kafka_secured.authority.certify("writer")), topic, b"a record")
    forged = Authority(tmp_path / "other").certify(ADMIN)
    forged = Papers(kafka_secured.authority.ca, forged.certificate, forged.key)
    with pytest.raises(KafkaConnectionError):
        await send(kafka_secured.by_certificate(forged), topic, b"a record")


async def test_no_certificate_does_not_let_in(kafka_secured, topic):
    context = ssl.create_default_context(cafile=kafka_secured.authority.ca)
    door = {"bootstrap_servers": kafka_secured.cluster.bootstrap, "security_protocol": "SSL", "ssl_context": context}
    with pytest.raises(KafkaConnectionError):
        await send(door, topic, b"a record")


async def test_what_is_not_allowed_is_denied_and_what_was_can_be_taken_back(kafka_secured, admin, topic):
    client = kafka_secured.by_certificate(kafka_secured.authority.certify("somebody"))
    acl = Acl("somebody", May.WRITE, On.TOPIC, "secured.", Named.FROM)
    with pytest.raises(TopicAuthorizationFailedError):
        await send(client, topic, b"a record")
    await allow(admin, acl)
    await send(client, topic, b"a record")
    await forbid(admin, acl)
    with pytest.raises(TopicAuthorizationFailedError):
        await send(client, topic, b"a record")
