"""replay() of standard input: what it holds in hand gets it through a fault, and through an article that is refused."""

import asyncio
import io
import json

import pytest

from worker.broker.connect import connect
from worker.errors import BrokerAway, RecordRefused, Unsure
from worker.model import Code, Topic
from worker.pipeline.replays.job import Options, from_stream
from worker.pipeline.replays.replay import replay
from worker.pipeline.replays.summary import Summary

NAMES = [f"article {number}" for number in range(60)]
BAD = NAMES[23]
RECORDS = [json.dumps({"headline": name, "text": "rain"}) for name in NAMES]
LINES = "".join(f"{record}\n" for record in RECORDS).encode()
ARRAY = f"[{','.join(RECORDS)}]".encode()
ITEMS = "".join(f"<item><title>{name}</title><description>rain</description></item>" for name in NAMES)
FEED = f'<rss version="2.0"><channel><title>t</title>{ITEMS}</channel></rss>'.encode()

pytestmark = pytest.mark.usefixtures("no_pauses")


class Refusing:
    """An embedded broker that refuses one article, and whose commits follow a script of errors: before, after or None."""

    def __init__(self, broker, bad=None):
        self.broker, self.bad, self.before, self.after = broker, bad, [], []

    def __getattr__(self, name):
        return getattr(self.broker, name)

    async def claim(self, shard):
        return RefusingClaim(await self.broker.claim(shard), self)


class RefusingClaim:
    def __init__(self, claim, broker):
        self.claim, self.broker = claim, broker

    def __getattr__(self, name):
        return getattr(self.claim, name)

    async def commit(self, records):
        broker = self.broker
        if any(record.topic is Topic.ARTICLES and broker.bad and broker.bad in record.value for record in records):
            raise RecordRefused("no")
        if broker.before and (error := broker.before.pop(0)):
            raise error
        await self.claim.commit(records)
        if broker.after and (error := broker.after.pop(0)):
            raise error


@pytest.fixture
async def broker(tmp_path):
    async with connect(f"sqlite:///{tmp_path}/news.db", create=True) as opened:
        yield Refusing(opened)


@pytest.fixture
def run(broker, pool):
    async def ran(stream, **options):
        summary = Summary()
        await replay(broker, pool, from_stream(stream, "piped", Options(**options)), summary, asyncio.Event())
        return summary

    return ran


async def names(broker):
    found = [json.loads(record.value)["item"] async for record in broker.read(Topic.ARTICLES)]
    return [item["headlines"][0]["value"] for item in found]


@pytest.mark.parametrize("data", [LINES, ARRAY, FEED], ids=["lines", "array", "feed"])
@pytest.mark.parametrize("bad", [NAMES[0], BAD, NAMES[-1]])
async def test_a_refused_article_is_found_and_rejected_and_all_others_are_published(broker, run, data, bad):
    broker.bad = b'"%b"' % bad.encode()
    summary = await run(io.BytesIO(data))
    assert await names(broker) == [name for name in NAMES if name != bad]
    assert summary.rejected == {Code.REFUSED: 1}
    (reject,) = [record async for record in broker.read(Topic.REJECTS)]
    assert bad.encode() in reject.value


@pytest.mark.parametrize("data", [LINES, ARRAY, FEED], ids=["lines", "array", "feed"])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_an_answer_that_was_lost_loses_and_doubles_nothing(broker, run, data, when):
    getattr(broker, when).extend([None, Unsure("no answer"), None, Unsure("no answer"), BrokerAway("down")])
    assert (await run(io.BytesIO(data), rate=5_000)).published <= len(NAMES)
    assert await names(broker) == NAMES


async def test_a_later_stream_of_the_same_data_set_is_published_whole(broker, run):
    for _ in range(2):
        assert (await run(io.BytesIO(LINES))).published == len(NAMES)
    assert await names(broker) == NAMES * 2
