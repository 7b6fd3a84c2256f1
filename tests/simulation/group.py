"""The workers' group as Kafka's coordinator keeps it: who is silent for a session is out, and each change is a rebalance.

The one decision: heartbeats are not sent but known; a process that is frozen or cut off has none, and hears of nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from simulation.process import State

from worker.broker.port import NONE_YET, Share, shard_of_sources

SESSION = 10.0  # seconds
BEAT = SESSION / 20
QUIET = 2.0  # that a new owner lets pass
CERTAIN = 0.5  # of a session: for which the last answer is taken to hold


class Member:
    """See `port.Member`."""

    quiet_seconds = QUIET

    def __init__(self, group, process):
        self._group = group
        self.process = process
        self.silent_since: float | None = None
        self.watched = False  # the coordinator counts how long it is silent
        self.generation = 0  # that it has heard of
        self._told = NONE_YET
        self._stay = 0
        self._waiting: list[asyncio.Future] = []

    @property
    def share(self):
        if self.silent_since is None or self._group.loop.time() - self.silent_since < SESSION * CERTAIN:
            return self._told
        return replace(self._told, settled=False)

    async def changed(self, share):
        while self.share == share:
            waiting = self._group.loop.create_future()
            self._waiting.append(waiting)
            await waiting
        return self.share

    async def confirmed(self):
        while True:
            await asyncio.sleep(2 * BEAT)
            if self.silent_since is None and self in self._group.members:
                return

    def unsettle(self, generation):
        """A rebalance has begun."""
        self.generation = generation
        self._told = replace(self._told, settled=False)
        self.tell()
        self._group.rejoined(self, generation)

    def assign(self, generation, shards):
        if generation == self.generation:
            self._told = Share(frozenset(shard_of_sources(number) for number in shards), stay=self._stay)
            self.tell()

    def thrown_out(self):
        """It hears so by the answer to a heartbeat, and joins anew."""
        self._stay += 1
        self.generation = -1  # what it was given before is void
        self._told = replace(self._told, settled=False)
        self.tell()

    def tell(self):
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            if not one.done():
                one.set_result(None)


class Group:
    """The coordinator."""

    def __init__(self, loop, chosen, trace, partitions):
        self.loop, self._chosen, self._trace = loop, chosen, trace
        self._partitions = partitions
        self.members: list[Member] = []
        self._all: list[Member] = []  # those too that it has thrown out
        self._has: dict[int, Member] = {}
        self._since: dict[int, float] = {}  # when each was given to who has it
        self._generation = 0
        self._joining: set[Member] | None = None  # whom a rebalance waits for
        self.away = False

    def long_another(self, number, process):
        """Whether a shard was given to another process so long ago that this one must know."""
        owner = self._has.get(number)
        return owner is not None and owner.process is not process and self.loop.time() - self._since[number] > QUIET

    def join(self, process):
        member = Member(self, process)
        self._all.append(member)
        self._enter(member)
        return member

    def _enter(self, member):
        self.members.append(member)
        self._rebalance()

    def leave(self, member):
        if member in self._all:
            self._all.remove(member)
        if member in self.members and not member.process.dead:
            self.members.remove(member)
            self._rebalance()

    def hear(self):
        """Look anew at who can be heard."""
        for member in self._all:
            process = member.process
            heard = process.state is State.RUNS and not process.cut_off and not self.away
            if heard and member.silent_since is not None:
                self._deliver(member, self._soon(), self._beat, member)
            if not heard and member.silent_since is None:
                member.silent_since = self.loop.time()
                self._deliver(member, SESSION * CERTAIN, member.tell)
            if not heard and not member.watched and not self.away:  # a broker that comes back begins to count anew
                member.watched = True
                self.loop.outside(SESSION, self._given_up, member, member.silent_since)
        self._all = [member for member in self._all if not member.process.dead or member in self.members]

    def _beat(self, member):
        """The first heartbeat for some time is answered."""
        process = member.process
        if process.cut_off or self.away or member.silent_since is None:
            return
        member.silent_since = None
        if member not in self.members and member in self._all:
            member.thrown_out()
            self._enter(member)
        else:
            member.tell()

    def _given_up(self, member, since):
        member.watched = False
        if member not in self.members or member.silent_since is None:
            return
        if member.silent_since != since or self.away:
            self.hear()
            return
        self._trace.say("member.given_up", member=member.process.name)
        self.members.remove(member)
        self._rebalance()

    def _rebalance(self):
        self._generation += 1
        self._joining = set(self.members)
        for member in self.members:
            self._deliver(member, self._soon(), self._call_in, member, self._generation)
        self._assign_if_complete(self._generation)

    def _call_in(self, member, generation):
        """It hears of the rebalance by a heartbeat's answer; who is silent just now hears by a later one."""
        if generation != self._generation or member not in self.members:
            return
        if member.silent_since is None:
            member.unsettle(generation)
        else:
            self._deliver(member, BEAT, self._call_in, member, generation)

    def rejoined(self, member, generation):
        if generation == self._generation and self._joining is not None:
            self._joining.discard(member)
            self._assign_if_complete(generation)

    def _assign_if_complete(self, generation):
        if self._joining is None or self._joining & set(self.members):
            return
        self._joining = None
        self.loop.outside(self._soon(), self._assign, generation)

    def _assign(self, generation):
        if generation != self._generation or not self.members:
            return
        most = -(-self._partitions // len(self.members))
        counts = dict.fromkeys(self.members, 0)
        given: dict[int, Member] = {}
        for number in range(self._partitions):
            owner = self._has.get(number)
            if owner in counts and counts[owner] < most:
                given[number] = owner
                counts[owner] += 1
        for number in range(self._partitions):
            if number not in given:
                given[number] = min(self.members, key=counts.__getitem__)
                counts[given[number]] += 1
        for number, owner in given.items():
            if owner is not self._has.get(number):
                self._since[number] = self.loop.time()
        self._has = given
        self._trace.say("assigned", shares={one.process.name: count for one, count in counts.items()})
        for member in self.members:
            shards = [number for number, owner in sorted(given.items()) if owner is member]
            self._deliver(member, self._soon(), member.assign, generation, shards)

    def _soon(self):
        return self._chosen.uniform(0.01, BEAT)

    def _deliver(self, member, delay, callback, *arguments):
        """To the process: what is frozen hears it later, what is dead never."""
        self.loop.call_later(delay, callback, *arguments, context=member.process.context)
