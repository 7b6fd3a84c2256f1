"""What commands come to, noted as it is committed: each ends once, with its effect; and what is paused from then on.

The one decision: it is told of each commit at the instant at which others can see it, so that nothing depends on who reads when.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

from simulation.takedowns import is_takedown

from worker.core.feeds.inbox import SHARD_KEY, Command, Outcome, State, loaded_inbox
from worker.errors import BrokerRefused
from worker.model import Topic

_DOUBT_SECONDS = 3600.0  # after a source was added again, in which nobody can say whether it is paused
_DEFECT = "itself failed"
_NEVER_REFUSED = ("forget", "keep_out")


@dataclass(eq=False)
class Asked:
    """A command that was put. `about`: the article, or the mark of what was rejected; `outcome`: its last one."""

    command: Command
    at: float  # by the loop's clock, before it was put
    about: object
    outcome: Outcome | None = None

    @property
    def ended(self):
        return self.outcome is not None and self.outcome.state is not State.PENDING


@dataclass(eq=False)
class _Pause:
    """Of a source: by which owner, and since when that owner knows that it is committed."""

    producer: object
    epoch: int
    known: float | None = None


class Answers:
    """See above. `last_asked`: when a source's server was asked last, by the loop's clock."""

    def __init__(self, loop, last_asked):
        self._loop = loop
        self._last_asked = last_asked
        self.asked: dict[str, Asked] = {}  # by the command's id
        self.forgetting: set[str] = set()  # articles that were to be taken down
        self.redriven: Counter[object] = Counter()  # how often each rejection was, by its mark
        self.wrong: list[str] = []
        self._paused: dict[str, _Pause] = {}
        self._doubtful: dict[str, float] = {}  # until when
        self._tombstones: Counter[str] = Counter()

    def asks(self, command, about):
        self.asked[command.id] = Asked(command, self._loop.time(), about)

    @property
    def left(self):
        """The commands that have not ended."""
        return [f"{one.command.name} {one.command.id}" for one in self.asked.values() if not one.ended]

    @property
    def counts(self):
        return Counter(f"{one.command.name} {one.outcome.state}" for one in self.asked.values() if one.ended)

    def removed(self, source):
        """It is to be added again, and then no more paused."""
        self._paused.pop(source, None)
        self._doubtful[source] = float("inf")

    def added(self, source):
        self._paused.pop(source, None)
        self._doubtful[source] = self._loop.time() + _DOUBT_SECONDS

    def committed(self, producer, epoch, records):
        """A transaction is seen by all from now on."""
        new = [outcome for record in records for outcome in self._new(record)]
        redriven = {self._source(one) for one in new if self._name(one) == "redrive"}
        for record in records:
            if record.topic is Topic.ARTICLES and record.value is None:
                self._tombstones[record.key.decode()] += 1
            source = _source_of(record)
            if source in self._paused and source not in redriven:
                self.wrong.append(f"{source} is paused, and of it came {record.headers}")
        for outcome in new:
            self._came(outcome, producer, epoch)

    def heard(self, producer, epoch):
        """Its owner was told so."""
        for pause in self._paused.values():
            if pause.known is None and (pause.producer, pause.epoch) == (producer, epoch):
                pause.known = self._loop.time()

    def must_not_ask(self, process, source):
        """Whether the source is paused, and that process has to know."""
        pause, now = self._paused.get(source), self._loop.time()
        if pause is None or pause.producer.holder is not process:
            return False
        known = pause.known is not None and max(pause.known, process.thawed) < now
        return known or pause.epoch < pause.producer.epoch

    def _new(self, record):
        if record.topic is not Topic.CHECKPOINTS or record.key != SHARD_KEY:
            return
        with suppress(BrokerRefused):
            for outcome in loaded_inbox(record.value).outcomes.values():
                asked = self.asked.get(outcome.id)
                if asked is None:
                    self.wrong.append(f"nobody has asked for {outcome}")
                elif asked.outcome != outcome:
                    yield outcome

    def _name(self, outcome):
        return self.asked[outcome.id].command.name

    def _source(self, outcome):
        return self.asked[outcome.id].command.source

    def _came(self, outcome, producer, epoch):
        asked = self.asked[outcome.id]
        name, source = asked.command.name, asked.command.source
        if asked.ended:
            self.wrong.append(f"{name} of {source} ended twice: {asked.outcome}, then {outcome}")
        asked.outcome = outcome
        if _DEFECT in outcome.message or (name in _NEVER_REFUSED and outcome.state is not State.DONE):
            self.wrong.append(f"{name} of {source} came to {outcome}")
        if outcome.state is not State.DONE:
            return
        if name == "forget" and self._tombstones[asked.about] != 1:
            self.wrong.append(f"{asked.about} is said to be forgotten; tombstones: {self._tombstones[asked.about]}")
        elif name == "pause" and self._doubtful.get(source, 0) < self._loop.time():
            self._paused.setdefault(source, _Pause(producer, epoch))
        elif name == "resume":
            self._paused.pop(source, None)
        elif name == "redrive":
            self.redriven[asked.about] += 1
        elif name == "poll" and self._last_asked.get(source, -1) < asked.at:
            self.wrong.append(f"{source} is said to be polled, and was not asked")


def _source_of(record):
    """Of what is published of a source, not taken down; None: it is none of that."""
    if record.topic is Topic.ARTICLES and not is_takedown(record):
        return dict(record.headers)["ce_source"].decode().rpartition(":")[2]
    return dict(record.headers)["reject_source_id"].decode() if record.topic is Topic.REJECTS else None
