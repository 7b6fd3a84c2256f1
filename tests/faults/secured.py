"""A place on the secured cluster: the test goes there as the administrator, the worker as a user."""

from faults.conftest import made
from kafka.acls import Acl, May, Named, On
from kafka.secured import ADMIN, PASSWORDS

from worker.kafka.options import KafkaOptions
from worker.model import Topic

USER = "worker"


def needed(prefix: str) -> list[Acl]:
    return [
        *(Acl(USER, May.WRITE, On.TOPIC, prefix + topic.value) for topic in Topic),
        *(Acl(USER, may, On.TOPIC, prefix, Named.FROM) for may in (May.READ, May.DESCRIBE_CONFIGS)),
        Acl(USER, May.WRITE, On.TRANSACTIONAL_ID, prefix, Named.FROM),
        Acl(USER, May.READ, On.GROUP, prefix, Named.FROM),
        Acl(USER, May.DESCRIBE, On.CLUSTER, "kafka-cluster"),
    ]


async def secured_place(secured, folder, **named):
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
        **named,
    )
