"""The head of a source in stored form: a byte that says version 1, then JSON.

Members that say nothing are absent; members that a later release added are skipped; another version is refused.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Final

import orjson

from worker.errors import BrokerRefused
from worker.model import Extent, Fault, FaultKind, Head, Redrive, Validators

VERSION: Final = 1
_OWN_FORM: Final = ("validators", "body", "moving", "fault", "positions", "redrives")
_PLAIN: Final = tuple(member.name for member in fields(Head) if member.name not in _OWN_FORM)
_EMPTY: Final = Head()
# Of what type each is, as its value in a new head shows; None where it is text.
_KINDS: Final[dict[str, Any]] = {
    name: str if (empty := getattr(_EMPTY, name)) is None and name != "ttl_s" else type(empty) for name in _PLAIN
} | {"ttl_s": int}


def dumped(head: Head, site: str, entries: int) -> bytes:
    """The head as a record's value. `site`: of the source, which may be defined no more; `entries`: how many its pages hold."""
    members: dict[str, Any] = {"site": site, "entries": entries}
    for name in _PLAIN:
        value = getattr(head, name)
        if value != getattr(_EMPTY, name):
            members[name] = value
    if head.body:
        members["body"] = head.body.hex()
    if head.validators:
        members["validators"] = [head.validators.url, head.validators.etag, head.validators.modified]
    if head.moving:
        members["moving"] = head.moving
    if head.positions:
        members["positions"] = {str(partition): offset for partition, offset in head.positions.items()}
    if head.redrives:
        members["redrives"] = [[one.command, one.partition, one.offset, one.extent, one.name] for one in head.redrives]
    if head.fault:
        fault = head.fault
        members["fault"] = [fault.kind, fault.message, fault.status, fault.retry_after_s]
    return bytes((VERSION,)) + orjson.dumps(members)


def loaded(value: bytes) -> tuple[Head, str, int]:
    """A head with its site and how many entries belong to it. BrokerRefused: a newer form, or damaged."""
    if value[:1] != bytes((VERSION,)):
        raise BrokerRefused(
            f"written by a newer news-worker (form {value[0]}, known is {VERSION}); use that one"
            if value
            else "damaged: empty"
        )
    try:
        members = orjson.loads(memoryview(value)[1:])
        head = Head()
        for name, found in members.items():
            if found is not None and (kind := _KINDS.get(name)):
                setattr(head, name, kind(found))
        head.body = bytes.fromhex(members.get("body", ""))
        if found := members.get("validators"):
            head.validators = Validators(*found[:3])
        head.positions = {int(partition): int(offset) for partition, offset in members.get("positions", {}).items()}
        head.redrives = tuple(
            Redrive(one[0], one[1], one[2], Extent(one[3]), one[4]) for one in members.get("redrives", ())
        )
        if found := members.get("moving"):
            head.moving = (str(found[0]), int(found[1]))
        if (found := members.get("fault")) and found[0] in list(FaultKind):  # a later release may know more of them
            head.fault = Fault(FaultKind(found[0]), *found[1:4])
        return head, str(members["site"]), int(members["entries"])
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise BrokerRefused(f"damaged ({len(value)} bytes that are no head)") from error
