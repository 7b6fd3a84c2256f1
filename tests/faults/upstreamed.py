"""An upstream topic on a real Kafka: filled, defined as a source of a place, and judged by what workers made of each record."""

import json
import random
import re
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from aiokafka import AIOKafkaProducer
from contract.oracle import Verdict, judge
from faults.running import Place
from kafka.clients import create
from kafka.cluster import Cluster

from worker.core.sources import stored, topics
from worker.model import Definition, Topic

PARTITION = re.compile(r"[?]partition=(\d+)&")
BESIDE = ("first", "large", "last")  # entries of the record that holds a feed
STORIES = 40  # articles that the records of a partition tell of, again and again
SOURCE = "up"
TEXT = "{} tells of a river that rose for six days and of a bridge that nobody crossed."


@dataclass
class Upstream:
    """A topic of another system. `offered`: by partition, what each record must come to, in order."""

    cluster: Cluster
    topic: str
    partitions: int
    stories: int = STORIES
    offered: list[tuple[int, bytes]] = field(default_factory=list)
    told: list[str | None] = field(default_factory=list)  # of each, the id of its article; None: of none, or several

    async def send(
        self, records: int, *, broken_every: int = 0, transaction: int = 0, large: int | None = None
    ) -> None:
        """So many more, over all partitions. `transaction`: records of one; 0: there are none.

        `large`: the one that holds a feed, and one of its entries 100 kB that no compression makes small.
        """
        named = {"transactional_id": f"{self.topic}-{uuid.uuid4()}"} if transaction else {}
        async with AIOKafkaProducer(**self.cluster.admin, linger_ms=5, **named) as producer:
            for start in range(0, records, transaction or records):
                some = range(start, min(start + (transaction or records), records))
                if transaction:
                    async with producer.transaction():
                        await self._send(producer, some, broken_every, large)
                else:
                    await self._send(producer, some, broken_every, large)

    async def _send(self, producer: AIOKafkaProducer, numbers: range, broken_every: int, large: int | None) -> None:
        sent = []
        for _ in numbers:
            number = len(self.offered)
            partition = number % self.partitions
            title = f"{self.topic} record {number}"
            story = f"{partition}-{number % self.stories}"
            value = json.dumps({"id": story, **_article(title)}).encode()
            if number == large:
                story, value = None, _feed(title)
            if broken_every and number % broken_every == 0:
                story, value = None, title.encode()
            self.offered.append((partition, title.encode()))
            self.told.append(story)
            sent.append(await producer.send(self.topic, value, partition=partition))
        for one in sent:
            await one

    async def define(self, place: Place, source: str = SOURCE, servers: str | None = None, **options) -> Definition:
        """As `sources add` would."""
        now = time.time_ns() // 1_000_000
        url = f"kafka://{servers or self.cluster.bootstrap}/{self.topic}"
        name, site = topics.named(url, source, options.get("share"))
        definition = Definition(name, url, site, now, "topic", **options)
        async with place.connect() as broker:
            await broker.append([stored.record(definition, now)])
        return definition


def _article(title: str) -> dict[str, str]:
    return {"headline": title, "text": TEXT.format(title)}


def _feed(title: str) -> bytes:
    items = [
        {"id": f"{title} {name}", "title": f"{title} {name}", "content_text": TEXT.format(title)} for name in BESIDE
    ]
    items[1]["content_text"] += " " + random.Random(title).randbytes(50_000).hex()
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "t", "items": items}).encode()


async def judged(place: Place, *upstreams: Upstream) -> Verdict:
    """What was offered against what is in the topics: each once, and in order within each partition, theirs and ours."""
    got = [one async for one in published(place)]
    ours = {title: where for where, _, title in got}
    offered = (
        (((upstream.topic, partition), ours.get(title)), title)
        for upstream in upstreams
        for partition, title in upstream.offered
    )
    return judge(offered, ((((title.decode().split()[0], partition), where), title) for where, partition, title in got))


async def made(cluster: Cluster, partitions: int = 3, **named) -> Upstream:
    """A new one, empty, with as many copies as there are brokers."""
    name = f"upstream-{uuid.uuid4().hex[:8]}"
    await create(cluster.admin, name, partitions, max(1, len(cluster.brokers)))
    return Upstream(cluster, name, partitions, **named)


def partition_in(url: str) -> int:
    """The upstream partition that an event's documentUrl tells."""
    return int(PARTITION.search(url)[1])


async def published(place: Place) -> AsyncIterator[tuple[tuple[str, int], int, bytes]]:
    """Of each event and rejection: our topic and partition, the upstream partition, and what it says."""
    async with place.connect() as broker:
        async for record in broker.read(Topic.ARTICLES):
            event = json.loads(record.value)
            title = event["item"]["headlines"][0]["value"].encode()
            yield (record.topic, record.partition), partition_in(event["provenance"]["documentUrl"]), title
        async for record in broker.read(Topic.REJECTS):
            headers = dict(record.headers)
            if headers["reject_code"] != b"refused":  # of those the bytes are not the record's
                _, partition, _ = json.loads(headers["reject_entry_key"])
                yield (record.topic, record.partition), partition, record.value
