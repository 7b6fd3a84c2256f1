"""Bugs to be planted, each by its name: what the worker must not do, as context managers; the oracle must turn red under each."""

from __future__ import annotations

from contextlib import contextmanager
from unittest.mock import patch

from simulation import broker, claim, cluster

from worker.core.feeds.answered import BODY
from worker.errors import Unsure
from worker.pipeline.polls import owned, poll, under_way
from worker.pipeline.polls.agenda import Agenda
from worker.pipeline.polls.ownership import Ownership
from worker.pipeline.shard import OwnedShard


@contextmanager
def events_first():
    """Events and what is remembered of them go in a transaction each."""

    async def commit(self, parts):
        await self._claim.commit([record for part in parts for record in part.records])
        await self._claim.commit(self._remember(parts))

    with patch.object(OwnedShard, "_commit", commit):
        yield


@contextmanager
def state_first():
    """Likewise, the other way round."""

    async def commit(self, parts):
        await self._claim.commit(self._remember(parts))
        await self._claim.commit([record for part in parts for record in part.records])

    with patch.object(OwnedShard, "_commit", commit):
        yield


@contextmanager
def validators_first():
    """What says that a document is done is committed with its first part already."""
    made = poll.decide

    def decide(reading, definition, memory, answered, now, **named):
        for part in made(reading, definition, memory, answered, now, **named):
            head = memory.head(definition.id)
            head.validators, head.body = answered.validators, answered.digest[:BODY]
            yield part

    with patch.object(poll, "decide", decide):
        yield


@contextmanager
def unfenced():
    """A name of its own for each claim, so that no owner fences the one before."""
    with patch.object(
        cluster.Cluster, "producer_of", lambda self, shard: cluster.Producer(shard.name, self.state_of(shard))
    ):
        yield


@contextmanager
def short_restore():
    """A restore reads to the read_committed end only."""
    with patch.object(broker.Broker, "end", lambda _self, partition: partition.stable):
        yield


@contextmanager
def sent_again():
    """A commit of which nobody knows whether it happened is taken for one that did not, and sent again."""
    made = claim.Claim.commit

    async def commit(self, records):
        try:
            await made(self, records)
        except Unsure:
            self._epoch = self._producer.fence()
            self._spent = False
            await made(self, records)

    with patch.object(claim.Claim, "commit", commit):
        yield


@contextmanager
def adopted_early():
    """What is decided counts before it is committed."""
    made = OwnedShard._commit

    async def commit(self, parts):
        adopt, self._adopt = self._adopt, lambda _parts, _seconds: None
        adopt(parts, 0.0)
        await made(self, parts)
        self._adopt = adopt

    with patch.object(OwnedShard, "_commit", commit):
        yield


@contextmanager
def memory_kept():
    """After a fault memory stays what it was, with what was decided and never committed."""
    made, kept = owned._restored, {}

    async def restored(run, shards):
        memories, refused = await made(run, shards)
        for shard in memories:
            memories[shard] = kept.setdefault((run.token, shard), memories[shard])
        return memories, refused

    with patch.object(owned, "_restored", restored):
        yield


@contextmanager
def token_ignored():
    """What was fetched under another head than the restored one is decided all the same."""
    with patch.object(under_way, "lawful", lambda *_: True):
        yield


@contextmanager
def site_ignored():
    """A source is polled when it is due, whoever asks its site just now."""
    made = Agenda.take

    def take(self, now, site_of):
        self._busy.clear()
        return made(self, now, site_of)

    with patch.object(Agenda, "take", take), patch.object(Agenda, "free", lambda self, _site: self.wake()):
        yield


@contextmanager
def share_ignored():
    """Who was frozen, or cut off, asks without finding out first whether the shard is still its own."""

    async def certain(self):
        return await self.present()

    with patch.object(Ownership, "certain", certain):
        yield


BUGS = {
    bug.__name__: bug
    for bug in (
        events_first,
        state_first,
        validators_first,
        unfenced,
        short_restore,
        sent_again,
        adopted_early,
        memory_kept,
        token_ignored,
        site_ignored,
        share_ignored,
    )
}
