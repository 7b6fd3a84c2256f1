"""What is stuck, of what the broker holds of the shards, and what a person can do about it: a sentence each, for `status`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import orjson

from worker.cli.records import timestamp
from worker.core.feeds import loaded_head
from worker.core.feeds.inbox import SHARD_KEY, loaded_inbox
from worker.core.feeds.restore import wrong_with
from worker.model import FaultKind
from worker.shown import on_one_line, without_secrets

if TYPE_CHECKING:
    from worker.broker.port import Stored, TopicInfo
    from worker.model import Head

_MOST: Final = 5  # of a kind that are named
_DAY_MS: Final = 86_400_000  # what fails so long is not mended by waiting, whatever it is
_BY_A_PERSON: Final = frozenset(
    (
        FaultKind.ADDRESS,
        FaultKind.TLS,
        FaultKind.REDIRECT,
        FaultKind.GONE,
        FaultKind.TOO_LARGE,
        FaultKind.ENCODING,
        FaultKind.UNCONFIGURED,
        FaultKind.NOT_A_FEED,
        FaultKind.MISSING,
        FaultKind.DENIED,
    )
)
_SERVERS_OWN: Final = 500  # from here on a status is the server's trouble, below it is what it is asked
_ASK_LATER: Final = (408, 425)  # RFC 9110, section 15.5.9; RFC 8470, section 5.2


class Stuck:
    """Records of news.checkpoints.v1, absorbed in their order."""

    def __init__(self) -> None:
        self._heads: dict[tuple[int, str], Head] = {}
        self._wrong: dict[tuple[int, bytes], tuple[str | None, str]] = {}
        self._positions: dict[int, int] = {}

    def absorb(self, stored: Stored) -> None:
        """The last of a key counts."""
        source = _head_of(stored.key)
        self._wrong.pop((stored.partition, stored.key), None)
        if source is not None:
            self._heads.pop((stored.partition, source), None)
        if wrong := wrong_with(stored.key, stored.value):
            self._wrong[stored.partition, stored.key] = wrong
        elif stored.key == SHARD_KEY:
            self._positions[stored.partition] = loaded_inbox(stored.value).position if stored.value else 0
        elif source is not None and stored.value is not None:
            self._heads[stored.partition, source] = loaded_head(stored.value)[0]

    def shards(self) -> dict[int, str]:
        """Those that nobody can own, as a record of no source can't be read, and why: the first such record of each."""
        found: dict[int, str] = {}
        for (shard, _), (source, why) in self._wrong.items():
            if source is None:
                found.setdefault(shard, why)
        return found

    def for_a_person(self, refused: Mapping[int, int], now: int) -> bool:
        """Whether anything of it stays as it is until a person mends it. `refused`: as below; `now`: ms since the epoch."""
        return (
            bool(self._wrong)
            or any(refused.values())
            or any(_for_a_person(head, now) for head in self._there().values())
        )

    def waiting(self, inbox: TopicInfo) -> dict[int, int]:
        """By shard, how many commands in its inbox are not carried out, where there are any. `inbox`: of news.inbox.v1."""
        found = {
            shard: span.end - max(self._positions.get(shard, 0), span.start)
            for shard, span in enumerate(inbox.partitions)
        }
        return {shard: count for shard, count in found.items() if count > 0}

    def said(self, waiting: Mapping[int, int], refused: Mapping[int, int], now: int) -> list[str]:
        """For people. `waiting`: as above; `refused`: by shard, how many sources its owner leaves alone."""
        lines = [
            f"shard {shard} can't be read: {on_one_line(why)}; `news-worker repair --shard {shard}`"
            for shard, why in sorted(self.shards().items())
        ]
        lines += [
            f"shard {shard}: {count} in its inbox not carried out: its owner does so, if there is one"
            for shard, count in waiting.items()
        ]
        unreadable = {(shard, source): why for (shard, _), (source, why) in self._wrong.items() if source is not None}
        lines += [
            f"source {on_one_line(source)} can't be read: {on_one_line(why)}; `news-worker repair --shard {shard}` mends it"
            for (shard, source), why in sorted(unreadable.items())
        ]
        named = Counter(shard for shard, _ in unreadable)
        lines += [
            f"shard {shard}: {count} of its sources can't be read: `news-worker repair --shard {shard}` tells which, and mends it"
            for shard, count in sorted(refused.items())
            if count > named[shard]
        ]
        there = self._there()
        failing = sorted(
            (not _for_a_person(head, now), head.fault_since, source)
            for source, head in there.items()
            if head.faults and not head.gone
        )
        lines += [_failing(source, there[source]) for *_, source in failing[:_MOST]]
        if len(failing) > _MOST:
            lines.append(f"{len(failing) - _MOST} more fail: `news-worker sources list --failing`")
        lines += _named(
            "asked to be polled and not yet through", [one for one, head in there.items() if head.polls_asked]
        )
        lines += _named(
            "with rejected records to be consumed again and not yet through",
            [one for one, head in there.items() if head.redrives],
        )
        lines += _named("gone (410), to be removed or defined anew", [one for one, head in there.items() if head.gone])
        lines += _named("paused, until `sources resume`", [one for one, head in there.items() if head.paused])
        return lines

    def _there(self) -> dict[str, Head]:
        return {source: head for (_, source), head in self._heads.items() if not head.removed_at}


def _head_of(key: bytes) -> str | None:
    """The source whose head that is the key of."""
    try:
        kind, source, *_ = orjson.loads(key)
    except (ValueError, TypeError):
        return None
    return str(source) if kind == "head" else None


def _for_a_person(head: Head, now: int) -> bool:
    if head.paused or not (head.faults or head.gone):
        return False
    fault = head.fault
    asked_wrongly = fault is not None and fault.kind is FaultKind.STATUS and _is_of_the_request(fault.status)
    lasting = fault is not None and fault.kind in _BY_A_PERSON
    return head.gone or lasting or asked_wrongly or now - head.fault_since > _DAY_MS


def _is_of_the_request(status: int | None) -> bool:
    return status is not None and status < _SERVERS_OWN and status not in _ASK_LATER


def _failing(source: str, head: Head) -> str:
    why = f"{head.fault.kind}: {without_secrets(head.fault.message)}" if head.fault else "it is not known why"
    return f"source {on_one_line(source)} fails since {timestamp(head.fault_since)}, {head.faults} in a row: {on_one_line(why)}"


def _named(what: str, sources: list[str]) -> list[str]:
    if not sources:
        return []
    more = f", and {len(sources) - _MOST} more" if len(sources) > _MOST else ""
    return [f"{len(sources)} {what}: {', '.join(map(on_one_line, sorted(sources)[:_MOST]))}{more}"]
