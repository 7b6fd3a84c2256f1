"""The other system's programs: they write in transactions, which may be aborted; what they wrote is the book to judge by."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass

from contract.oracle import judge
from simulation import clock
from simulation.log import Transaction

from worker.model import Record, Topic

APART = 3600.0  # seconds between two transactions of theirs, on average
MARK = re.compile(r"record (\w+)/(\d+)/(\d+)/(\d+)")  # a record's topic, partition and offset, and an entry of it
_MOST = 16  # records of a transaction
_STORIES = 40  # articles that the records of a topic tell of, again and again
_POISONED = 31  # of so many places in a partition the broker refuses what stands at one
_TEXT = "The river rose for six days, and a bridge that nobody crossed was closed by the town in the end."
_ARTICLE, _FEED, _EVENT, _BROKEN, _NULL = range(5)
_KINDS = {_ARTICLE: 12, _FEED: 2, _EVENT: 2, _BROKEN: 1, _NULL: 1}


@dataclass(eq=False)
class Written:
    """A record of theirs. `entries`: how many articles or rejections it comes to; `excused`: it was deleted before it came out."""

    place: tuple[str, int, int]
    entries: int
    story: tuple[str, str] | None  # the article that it tells of, where others tell of that too
    transaction: Transaction | None
    excused: bool = False

    @property
    def marks(self):
        return [(*self.place, entry) for entry in range(self.entries)]


def poisonous(value, mended):
    """Whether the broker refuses an event of one of their records; some of what it refused it does no more."""
    found = MARK.search(value)
    return found is not None and (int(found[3]) + int(found[4])) % _POISONED == 1 and _mark(found) not in mended


def _mark(found):
    topic, *numbers = found.groups()
    return (topic, *map(int, numbers))


class Writers:
    """See above. `came`: what has come out by now, as marks."""

    def __init__(self, upstream, came):
        self._upstream, self._came = upstream, came
        self._chosen = upstream.chosen
        self.written: list[Written] = []
        self.over = False  # nothing is begun any more

    async def go_on(self, fury):
        """Write until it is `over`. `fury`: how many times as often as usual."""
        while not self.over:
            await self._write()
            await asyncio.sleep(self._chosen.expovariate(fury / APART))

    async def _write(self):
        partitions = self._chosen.choice(list(self._upstream.topics.values()))
        transaction = Transaction("a writer") if self._chosen.random() < 0.7 else None
        for _ in range(self._chosen.randint(1, _MOST)):
            self._add(self._chosen.choice(partitions), transaction)
            if self._chosen.random() < 0.2:
                self._upstream.ring()
                await asyncio.sleep(self._chosen.expovariate(0.2))
        if transaction is not None:
            transaction.end(committed=self._chosen.random() < 0.7)
        if self._chosen.random() < 0.1:
            self.delete()  # before anybody was told
        self._upstream.ring()

    def _add(self, partition, transaction):
        place = (partition.topic, partition.number, partition.next)
        (kind,) = self._chosen.choices(list(_KINDS), list(_KINDS.values()))
        story = (partition.topic, f"story-{partition.next % _STORIES}") if kind in {_ARTICLE, _EVENT} else None
        written = Written(place, 3 if kind == _FEED else 1, story, transaction)
        self.written.append(written)
        value, headers = _value(kind, written)
        at = clock.right(self._upstream.loop)
        partition.add(Record(Topic.ARTICLES, b"", value, headers, at, partition.number), transaction, 0)

    def delete(self):
        """Retention passes some of the records of a partition, be they read or not."""
        partition = self._chosen.choice([one for some in self._upstream.topics.values() for one in some])
        start = self._chosen.choice((self._chosen.randint(partition.start, partition.stable), partition.stable))
        self._upstream.trace.fault("deleted", topic=partition.topic, partition=partition.number, start=start)
        partition.records = [entry for entry in partition.records if entry[0].offset >= start]
        came = self._came()
        for one in self.written:
            if one.place[:2] == (partition.topic, partition.number) and one.place[2] < start:
                one.excused |= not came.issuperset(one.marks)
        self._upstream.ring()


def _value(kind, written):
    topic, *_ = written.place
    titles = ["record {}/{}/{}/{}".format(*mark) for mark in written.marks]
    article = {"id": written.story and written.story[1], "headline": titles[0], "text": _TEXT}
    if kind == _FEED:
        items = [{"id": title, "title": title, "content_text": _TEXT} for title in titles]
        feed = {"version": "https://jsonfeed.org/version/1.1", "title": topic, "items": items}
        return json.dumps(feed).encode(), ()
    if kind == _EVENT:
        event = {"specversion": "1.0", "id": titles[0], "source": "/made/up", "type": "told", "data": article}
        return json.dumps(event).encode(), (("content-type", b"application/cloudevents+json"),)
    if kind == _BROKEN:
        return titles[0].encode(), ()
    return (None if kind == _NULL else json.dumps(article).encode()), ()


def marks_of(articles, rejects):
    """What came out of their records, in the order of the topics: each as its mark and the partition it is in."""
    came = [(_mark(MARK.search(stored.value.decode())), (stored.topic, stored.partition)) for stored in articles]
    for stored in rejects:
        found = MARK.search((stored.value or b"").decode())
        if found:
            mark = _mark(found)
        else:  # a record without a value: its place is its key
            url, *numbers = json.loads(dict(stored.headers)["reject_entry_key"])
            mark = (url.rpartition("/")[2], *numbers, 0)
        came.append((mark, (stored.topic, stored.partition)))
    return came


def verdict(written, came, ended, *, rested):
    """What is wrong, as `contract.oracle` judges. `ended`: stories of which no more need come; `rested`: all else must have."""
    where = dict(came)
    wanted = [
        mark
        for one in written
        if one.transaction is None or one.transaction.committed
        for mark in one.marks
        if mark in where or (rested and not one.excused and one.story not in ended)
    ]
    wanted.sort()  # within a partition as they were written
    found = judge(
        (((mark[:2], where.get(mark)), mark) for mark in wanted), (((mark[:2], place), mark) for mark, place in came)
    )
    kinds = ("lost", "twice", "invented", "out_of_order")
    return [f"upstream, {kind}: {one}" for kind in kinds for one in getattr(found, kind)]
