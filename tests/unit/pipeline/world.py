"""A small world to poll: a broker that fails as it is told to, and servers that have feeds."""

import asyncio
import json
from collections import Counter, defaultdict
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from worker.core.read import read
from worker.core.sources import stored
from worker.model import Definition, Fault, Topic, Totals, Validators
from worker.pipeline.polls.poll import Tools
from worker.pipeline.polls.run import Run
from worker.pipeline.polls.worker import poll_sources
from worker.sources.feed import Answer

HANGS = 60.0


def feed(*titles):
    """A feed of one entry a title."""
    items = "".join(
        f"<item><guid isPermaLink='false'>guid of {title.split('|')[0]}</guid><title>{title.split('|')[0]}</title>"
        f"<description>{title.split('|')[-1]}, told at some length.</description></item>"
        for title in titles
    )
    return f'<rss version="2.0"><channel><title>t</title>{items}</channel></rss>'.encode()


class Servers:
    """Stands for the network: what each URL says, and who was asked when."""

    def __init__(self):
        self.says = {}
        self.asked = []
        self.under_way = Counter()
        self.most_at_once = 0
        self.hang = defaultdict(asyncio.Event)  # by URL
        self.hanging = set()

    async def fetch(self, request, room):
        self.asked.append((request.url, request.validators))
        site = request.url.split("/")[2]
        self.under_way[site] += 1
        self.most_at_once = max(self.most_at_once, self.under_way[site])
        try:
            if request.url in self.hanging:
                await self.hang[request.url].wait()
            await asyncio.sleep(0)
        finally:
            self.under_way[site] -= 1
        said = self.says[request.url]
        if isinstance(said, Fault):
            return said
        tag = f'"{hash(said)}"'
        if request.validators and request.validators.etag == tag:
            return Answer(304, request.url, None, request.validators, None, None)
        return Answer(200, request.url, said, Validators(request.url, tag), "application/xml", None)

    def times(self, url):
        return sum(asked == url for asked, _ in self.asked)


class Readers:
    """Reads here instead of in a process; a source's documents not before the test lets it."""

    jobs = 1

    def __init__(self):
        self.let = {}  # by source: an event

    async def read(self, documents, limit):
        if event := self.let.get(documents[0].source.id):
            await event.wait()
        return [[read(document, limit)] for document in documents]


@dataclass
class World:
    """A broker with sources, and servers that have feeds."""

    broker: object
    servers: Servers = field(default_factory=Servers)
    readers: Readers = field(default_factory=Readers)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    totals: Totals = field(default_factory=Totals)
    token: str = "this process"
    runs: int = 0
    grace: float = 10.0
    record_bytes: int = 1_000_000

    async def add(self, name, said=None, **options):
        definition = Definition(name, f"http://{name}.example/feed", f"{name}.example", 1, **options)
        if said is not None:
            self.servers.says[definition.url] = said
        await self.broker.append([stored.record(definition, 1)])
        return definition

    async def remove(self, definition):
        await self.broker.append([stored.tombstone(definition, 1)])

    def prepared(self, *, once=True, give_up_after=60.0):
        self.totals = Totals()
        self.runs += 1
        tools = Tools(self.servers, self.readers, lambda _name: None, self.record_bytes)
        return Run(
            broker=self.broker,
            tools=tools,
            slots=asyncio.Semaphore(50),
            totals=self.totals,
            worker=f"host:{self.runs}",
            token=f"{self.token} {self.runs}",
            give_up_after=give_up_after,
            grace=self.grace,
            once=once,
            stop=self.stop,
        )

    async def run(self, *, once=True, give_up_after=60.0):
        async with asyncio.timeout(HANGS):
            await poll_sources(self.prepared(once=once, give_up_after=give_up_after))
        return self.totals

    @asynccontextmanager
    async def running(self):
        """Runs until the block ends, then is stopped."""
        task = asyncio.create_task(self.run(once=False))
        try:
            yield task
        finally:
            self.stop.set()
            await task

    async def events(self):
        found = []
        async for record in self.broker.read(Topic.ARTICLES):
            value = json.loads(record.value)
            title = value["item"]["headlines"][0]["value"] if "headlines" in value["item"] else ""
            found.append((title, value["version"]))
        return found

    async def rejected(self):
        return [dict(record.headers)["reject_code"].decode() async for record in self.broker.read(Topic.REJECTS)]

    async def until(self, condition):
        async with asyncio.timeout(HANGS):
            while not await condition():
                pass


async def asked(world, definition, times):
    await asyncio.sleep(0)
    return world.servers.times(definition.url) >= times
