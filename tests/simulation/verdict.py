"""Whether what came out is right: the books of the network against the topics, as `feeds.oracle` judges, and the counts."""

from __future__ import annotations

import json
from collections import Counter

from feeds.oracle import MARK, events, judged, shown
from simulation import takedowns, writers

from worker.model import Fate, FaultKind, Topic

_WITH_MARKS = (Topic.ARTICLES, Topic.REJECTS)
_OF_FEED = 3  # members of a mark; another system's have four
_EVENTS = (Fate.CREATED, Fate.UPDATED, Fate.WITHDRAWN)


def judge(world):
    """What is wrong, a sentence each."""
    every, rejections = _committed(world, Topic.ARTICLES), _committed(world, Topic.REJECTS)
    wrong = takedowns.judge(every, rejections, world.answers.forgetting)
    every = [(serial, stored) for serial, stored in every if not takedowns.is_takedown(stored)]
    articles = [(serial, stored) for serial, stored in every if not _of_topic(world, stored)]
    got, misnumbered = events(stored for _, stored in articles)
    told = shown(world.network.ledger)
    for (_, stored), (article, _) in zip(articles, got, strict=True):
        if stored.key.decode() in world.answers.forgetting:
            told[article].proven.clear()  # of that no more need come
    for article in told.keys() - {article for article, _ in got}:  # what was never published need not be withdrawn
        one = told[article]
        one.proven = {place for place in one.proven if one.states[place] != "withdrawn"}
    wrong += misnumbered
    verdict = judged(told, _with_rejected(world, articles, got))
    for name in ("lost", "twice", "invented", "out_of_order"):
        wrong += [f"{name}: {one}" for one in getattr(verdict, name)]
    wrong += _by_source(world, articles)
    wrong += of_upstream(world, rested=world.rested)
    return [*wrong, *_counts(world, len(every)), *world.network.rude, *world.answers.wrong, *world.wrong]


def of_upstream(world, *, rested):
    """What is wrong with what came of the other system's records. `rested`: all of them must have come by now."""
    return writers.verdict(world.writers.written, of_topics(world), _ended(world), rested=rested)


def _ended(world):
    """The stories of articles that were to be taken down."""
    told = [one for one in _of_topics(world, Topic.ARTICLES) if one.key.decode() in world.answers.forgetting]
    places = {mark[:3] for mark, _ in writers.marks_of(told, ())}
    return {one.story for one in world.writers.written if one.place in places} - {None}


def of_topics(world):
    """What came of them, see `writers.marks_of`; of what was rejected and then redriven not what that has brought."""
    articles, rejects = (_of_topics(world, topic) for topic in _WITH_MARKS)
    rejected, redriven = writers.marks_of((), rejects), Counter(world.answers.redriven)
    again = {mark for mark, _ in rejected} & redriven.keys()
    came = []
    for mark, where in writers.marks_of(articles, ()):
        if mark in again and redriven[mark]:
            redriven[mark] -= 1
        else:
            came.append((mark, where))
    return came + rejected


def _of_topics(world, topic):
    return [one for _, one in _committed(world, topic) if _of_topic(world, one)]


def _of_topic(world, stored):
    if stored.topic == Topic.ARTICLES.value:
        return b'"kind":"topic"' in (stored.value or b"") and not takedowns.is_takedown(stored)
    return world.definitions[dict(stored.headers)["reject_source_id"].decode()].kind == "topic"


def _committed(world, topic):
    """With the number by which the broker has taken each in, in that order."""
    return sorted(
        (
            (serial, stored)
            for partition in world.cluster.topics[topic]
            for stored, transaction, serial in partition.records
            if transaction is None or transaction.committed
        ),
        key=lambda pair: pair[0],
    )


def _with_rejected(world, articles, got):
    """What the broker refuses comes out as a rejection: it is got too, where it stands in the order.

    Redriven, it may come as an event after that, once.
    """
    told = [(serial, one) for (serial, _), one in zip(articles, got, strict=True)]
    seen = set()
    for serial, stored in _committed(world, Topic.REJECTS):
        if _of_topic(world, stored):
            continue
        digest = dict(stored.headers)["reject_digest"]
        found = MARK.search((stored.value or b"").decode())
        assert found, stored
        mark = found["feed"], found["number"], found["revision"]
        if mark in {one[:3] for one in seen} and (*mark, digest) not in seen:
            continue  # it says the same otherwise: under another guid
        seen.add((*mark, digest))
        told.append((serial, ((mark[0], mark[1]), mark[2])))
    came, before, redriven = [], set(), {mark for mark in world.answers.redriven if len(mark) == _OF_FEED}
    for _, one in sorted(told, key=lambda pair: pair[0]):
        mark = (*one[0], one[1])
        if one in before and mark in redriven:
            redriven.remove(mark)
        else:
            before.add(one)
            came.append(one)
    return came


def _by_source(world, articles):
    """In a partition a source's events follow its documents in the order in which they were shown."""
    served = {name: place.served for name, place in world.network.places.items()}
    digests = {}
    at = Counter()
    wrong = []
    for _, stored in articles:
        event = json.loads(stored.value)
        source, digest = event["source"]["id"], event["provenance"]["documentDigest"]
        etag = digests.setdefault(digest, f'"{digest.removeprefix("sha256:")[:16]}"')
        try:
            at[source] = served[source].index(etag, at[source])
        except ValueError:
            wrong.append(f"{source}: event of document {etag} after one of a later document")
    return wrong


def _counts(world, articles):
    cluster = world.cluster
    totals = [worker.run.totals for worker in (*world.workers, *world.ended, *world.strangers)]
    wrong = [f"{one.entries} entries, {one.fates} fates" for one in totals if one.entries != sum(one.fates.values())]
    wrong += [f"{of_one} defects of the worker's" for one in totals if (of_one := one.poll_faults[FaultKind.INTERNAL])]
    counted = sum(one.fates[fate] for one in totals for fate in _EVENTS)
    if counted != cluster.heard:
        wrong.append(f"{counted} events counted by workers that were told of {cluster.heard}")
    if articles != cluster.heard + cluster.unheard:
        wrong.append(f"{articles} events in the topic, {cluster.heard} and {cluster.unheard} were committed")
    return wrong
