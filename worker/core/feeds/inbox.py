"""What others ask of a shard's owner, and what became of it: commands in news.inbox.v1, outcomes in the shard's own record.

The record's value is a byte that says version 1, then JSON; a command's is JSON. Members that a later release added are
skipped. The position goes on with the transaction of what a command comes to, so each is carried out once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import orjson

from worker.core.identity import canonical
from worker.errors import BrokerRefused
from worker.model import Record, Topic

_VERSION: Final = 1
_KEPT: Final = 100  # outcomes
SHARD_KEY: Final = canonical(["shard"])


class State(StrEnum):
    """What became of a command."""

    DONE = "done"
    REFUSED = "refused"
    SUPERSEDED = "superseded"
    PENDING = "pending"  # it is carried out; another outcome follows


@dataclass(frozen=True, slots=True)
class Command:
    """What is asked. `id`: random, by which its outcome is found; `said`: what it takes besides, as JSON."""

    id: str
    name: str
    source: str
    said: Mapping[str, Any]
    by: str = ""  # who asked, for people


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the command of that id. `at`: ms."""

    id: str
    state: State
    message: str
    at: int


@dataclass(slots=True)
class Inbox:
    """How far a shard has read its inbox: the offset that is next, and the newest outcomes, the oldest first."""

    position: int = 0
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    def answered(self, offset: int, outcome: Outcome | None) -> None:
        """The command at that offset is through."""
        self.position = offset + 1
        if outcome is not None:
            self.came_to(outcome)

    def came_to(self, outcome: Outcome) -> None:
        """Of one that is pending this is what it came to in the end."""
        self.outcomes.pop(outcome.id, None)
        self.outcomes[outcome.id] = outcome
        while len(self.outcomes) > _KEPT:
            del self.outcomes[next(iter(self.outcomes))]

    def dumped(self) -> bytes:
        """As the shard's record."""
        return bytes((_VERSION,)) + orjson.dumps({"inbox": self.position, "outcomes": list(self.outcomes.values())})


def loaded_inbox(value: bytes) -> Inbox:
    """From the shard's record. BrokerRefused: a newer form, or damaged."""
    if value[:1] != bytes((_VERSION,)):
        raise BrokerRefused("damaged, or written by a newer news-worker; use that one")
    try:
        members = orjson.loads(memoryview(value)[1:])
        outcomes = [Outcome(one["id"], State(one["state"]), one["message"], one["at"]) for one in members["outcomes"]]
        return Inbox(int(members["inbox"]), {outcome.id: outcome for outcome in outcomes})
    except (ValueError, KeyError, TypeError) as error:
        raise BrokerRefused(f"damaged ({len(value)} bytes that are no shard's record)") from error


def command_record(command: Command, site: str | int, at: int) -> Record:
    """As it is put into the inbox of the shard that has the sources of that site, or has that number. `at`: ms."""
    members = {"v": _VERSION, "id": command.id, "command": command.name, "by": command.by, **command.said}
    return Record(
        Topic.INBOX,
        command.source.encode(),
        orjson.dumps(members),
        (),
        at,
        site.encode() if isinstance(site, str) else site,
    )


def loaded_command(key: bytes, value: bytes | None) -> Command | None:
    """What is asked by a record of news.inbox.v1; None: nothing that could be answered."""
    try:
        members = orjson.loads(value or b"")
        name = members.pop("command") if members.pop("v") == _VERSION else "of a newer form"
        return Command(str(members.pop("id")), str(name), key.decode(), members, str(members.pop("by", "")))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
