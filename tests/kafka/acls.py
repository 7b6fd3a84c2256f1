"""Who may do what on a secured cluster, given and taken through aiokafka's requests: its admin client has no call for it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import IntEnum

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest
from kafka.cluster import HANGS

ANYWHERE, ALLOW = "*", 3


class On(IntEnum):
    """Kafka's numbers for what an ACL is on."""

    TOPIC = 2
    GROUP = 3
    CLUSTER = 4
    TRANSACTIONAL_ID = 5


class May(IntEnum):
    """Kafka's numbers for what may be done. Whoever may read, write, delete or alter may describe; a denied client sees nothing."""

    READ = 3
    WRITE = 4
    CREATE = 5
    DELETE = 6
    ALTER = 7
    DESCRIBE = 8
    DESCRIBE_CONFIGS = 10
    ALTER_CONFIGS = 11
    IDEMPOTENT_WRITE = 12


class Named(IntEnum):
    """Kafka's numbers for how an ACL's name is meant."""

    EXACTLY = 3
    FROM = 4


@dataclass(frozen=True, slots=True)
class Acl:
    """That a user may do something on what is called, or begins with, a name. The one cluster is called kafka-cluster."""

    user: str
    may: May
    on: On
    name: str
    named: Named = Named.EXACTLY

    @property
    def fields(self) -> tuple[int, str, int, str, str, int, int]:
        return self.on, self.name, self.named, f"User:{self.user}", ANYWHERE, self.may, ALLOW


async def allow(admin: AIOKafkaAdminClient, *acls: Acl) -> None:
    """Returns once the broker goes by them."""
    for acl in acls:
        ((code, why),) = (await admin._send_request(CreateAclsRequest(*acl.fields))).creation_responses
        _raise(code, why)
        await _until(admin, acl, held=True)


async def forbid(admin: AIOKafkaAdminClient, *acls: Acl) -> None:
    """Take back what was allowed; returns once the broker goes by it."""
    for acl in acls:
        ((code, why, taken),) = (await admin._send_request(DeleteAclsRequest(*acl.fields))).filter_responses
        _raise(code, why)
        if not taken:
            raise LookupError(f"was never allowed: {acl}")
        await _until(admin, acl, held=False)


async def _until(admin: AIOKafkaAdminClient, acl: Acl, *, held: bool) -> None:
    async with asyncio.timeout(HANGS):
        while await _held(admin, acl) != held:  # noqa: ASYNC110 - a broker has no event to wait for
            await asyncio.sleep(0.02)


async def _held(admin: AIOKafkaAdminClient, acl: Acl) -> bool:
    found = await admin._send_request(DescribeAclsRequest(*acl.fields))
    _raise(found.error_code, found.error_message)
    return bool(found.resources)


def _raise(code: int, why: str) -> None:
    if code:
        raise for_code(code)(why)
