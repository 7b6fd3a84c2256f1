"""An upstream cluster that lets nobody in unknown: a definition says how to get in, and a fault says what is wrong with that."""

import uuid

import pytest
from kafka.acls import Acl, May, On, allow
from kafka.clients import administering, create, send
from kafka.secured import PASSWORDS

from worker.kafka.options import KafkaOptions
from worker.model import Definition, FaultKind
from worker.sources.topic import Own, TopicFault, consuming, options_of

SECRETS = {"reader": f"reader:{PASSWORDS['reader']}", "wrong": "reader:another", "nobody": "reader"}
NO_BROKER = Own(None, lambda _cluster, _topic: False)


@pytest.fixture
async def topic(kafka_secured):
    name = f"upstream-{uuid.uuid4().hex[:8]}"
    await create(kafka_secured.cluster.admin, name)
    await send(kafka_secured.cluster.admin, name, b"a record")
    return name


@pytest.fixture
async def may_read(kafka_secured, topic):
    async with administering(kafka_secured.cluster.admin) as admin:
        for user in ("reader", "certified"):
            await allow(admin, Acl(user, May.READ, On.TOPIC, topic))


@pytest.fixture
def by_password(kafka_secured):
    return {
        "servers": kafka_secured.cluster.by("PASSWORD"),
        "security": "sasl_ssl",
        "ca_file": str(kafka_secured.authority.ca),
    }


async def first(topic, servers, own=NO_BROKER, **options):
    """The first record, as a definition with these options has it consumed."""
    definition = Definition("up", f"kafka://{servers}/{topic}", "topic:up", 0, "topic", **options)
    async with consuming(options_of(definition, SECRETS.get, own)) as reader:
        await reader.begin({})
        while not (taken := await reader.take()):
            pass
        return taken[0].records[0].value


async def fault(topic, servers, own=NO_BROKER, **options):
    with pytest.raises(TopicFault) as raised:
        await first(topic, servers, own, **options)
    return raised.value.fault


@pytest.mark.usefixtures("may_read")
async def test_a_password_that_a_secret_holds_and_read_on_the_topic_are_enough(topic, by_password):
    assert await first(topic, **by_password, credentials="reader") == b"a record"
    assert await first(topic, **by_password, credentials="reader", sasl_mechanism="PLAIN") == b"a record"


@pytest.mark.usefixtures("may_read")
async def test_so_is_a_certificate(kafka_secured, topic, by_password):
    papers = kafka_secured.authority.certify("certified")
    shown = {"certificate_file": str(papers.certificate), "key_file": str(papers.key)}
    mutual = {**by_password, "servers": kafka_secured.cluster.by("MUTUAL"), "security": "ssl"}
    assert await first(topic, **mutual, **shown) == b"a record"


async def test_what_is_wrong_is_said_in_the_words_of_the_definition(topic, by_password):
    denied = await fault(topic, **by_password, credentials="wrong")
    assert (denied.kind, "see credentials" in denied.message) == (FaultKind.DENIED, True)
    missing = await fault(topic, **by_password, credentials="unknown")
    assert (missing.kind, "'unknown' is missing" in missing.message) == (FaultKind.UNCONFIGURED, True)
    plain = await fault(topic, by_password["servers"])
    assert "set security to SSL or SASL_SSL" in plain.message
    no_password = await fault(topic, **by_password, credentials="nobody")
    assert (no_password.kind, "credentials" in no_password.message) == (FaultKind.UNCONFIGURED, True)
    unknown_authority = await fault(topic, **{**by_password, "ca_file": None}, credentials="reader")
    assert (unknown_authority.kind, "set ca_file" in unknown_authority.message) == (FaultKind.TLS, True)


async def test_a_topic_that_may_not_be_read_is_denied_or_not_even_known(topic, by_password, kafka_secured):
    assert (await fault(topic, **by_password, credentials="reader")).kind is FaultKind.DENIED
    async with administering(kafka_secured.cluster.admin) as admin:
        await allow(admin, Acl("reader", May.DESCRIBE, On.TOPIC, topic))
    assert (await fault(topic, **by_password, credentials="reader")).kind is FaultKind.DENIED


@pytest.mark.usefixtures("may_read")
async def test_the_worker_s_own_user_is_for_its_own_brokers_alone(topic, by_password, kafka_secured):
    ours = KafkaOptions(
        security_protocol="SASL_SSL",
        sasl_username="reader",
        sasl_password=PASSWORDS["reader"],
        ssl_cafile=kafka_secured.authority.ca,
    )
    own = Own((f"kafka://{by_password['servers']}", ours), lambda _cluster, _topic: False)
    assert await first(topic, by_password["servers"], own) == b"a record"
    assert (await fault(topic, kafka_secured.cluster.by("MUTUAL"), own)).kind is not None
