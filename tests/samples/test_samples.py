"""What each release stored and published, kept as files: it is read, gone on with, and if newer never taken for empty."""

import base64
import gzip
import json
import shutil
import sqlite3
from collections import defaultdict
from contextlib import closing
from pathlib import Path

import jsonschema_rs
import pytest
from kafka.commands import news_worker
from samples.make import stored
from samples.stories import LAST, NEXT
from samples.told import DATASET, missing, told
from unit.pipeline.test_polling import World

from worker import __version__, contract
from worker.broker.connect import connect
from worker.broker.port import Stored, shard_of_sources
from worker.core.feeds.restore import Restoring
from worker.core.replays.memory import ReplayMemory
from worker.core.sources.stored import definition_of
from worker.errors import BrokerRefused
from worker.model import Fate, Record, Topic

RELEASES = sorted(path.parent for path in Path(__file__).parent.glob("*/told.json"))
STATE = (Topic.SOURCES, Topic.CHECKPOINTS, Topic.REPLAYS)


@pytest.fixture(params=RELEASES, ids=lambda path: path.name)
def release(request):
    return request.param


@pytest.fixture
def url(release, tmp_path):
    """Of the release's file, to be changed."""
    (tmp_path / "news.db").write_bytes(gzip.decompress((release / "news.db.gz").read_bytes()))
    return f"sqlite:///{tmp_path}/news.db"


def records_of(release):
    records = defaultdict(list)
    for line in (release / "records.jsonl").read_text().splitlines():
        found = json.loads(line)
        value = None if found["value"] is None else base64.b64decode(found["value"])
        headers = tuple((name, base64.b64decode(text)) for name, text in found["headers"])
        records[Topic(found["topic"])].append(
            Stored(found["topic"], 0, 0, 0, base64.b64decode(found["key"]), value, headers)
        )
    return records


def then(release):
    return json.loads((release / "told.json").read_text())


def test_this_release_has_samples():
    assert __version__ in {release.name for release in RELEASES}


def test_records_say_what_they_said(release):
    assert missing(told(records_of(release)), then(release)) == []


async def test_a_file_of_the_embedded_broker_says_what_it_said(release, url):
    assert missing(told(await stored(url)), then(release)) == []


def test_events_and_rejections_fit_the_schema_that_they_name(release):
    records = records_of(release)
    for record in records[Topic.ARTICLES]:
        name, _, version = (
            dict(record.headers)["ce_dataschema"].decode().removeprefix("urn:news-worker:schema:").partition(":")
        )
        jsonschema_rs.validate(contract.load(name, version), json.loads(record.value))
    for record in records[Topic.REJECTS]:
        headers = {name: value.decode() for name, value in record.headers}
        jsonschema_rs.validate(
            contract.load("rejection"), {name: headers[name] for name in headers if name != "content-type"}
        )


async def test_polls_go_on_where_they_were(url):
    async with connect(url, create=True) as broker:
        world = World(broker)
        world.servers.says = {f"http://{name}.example/feed": said for name, said in LAST.items()}
        before = await world.events()
        assert (await world.run()).fates.keys() <= {Fate.UNCHANGED}
        assert await world.events() == before
        world.servers.says["http://ferry.example/feed"] = NEXT["ferry"]
        await world.run()
        assert (await world.events())[len(before) :] == [("Fog, so no ferry", 2)]


def newer(value):
    """The same in the form after the one it is in."""
    if value[:1] == b"{":
        found = json.loads(value)
        return json.dumps(found | {"v": found["v"] + 1}).encode()
    return bytes([value[0] + 1]) + value[1:]


async def test_a_source_that_a_newer_release_wrote_is_left_alone_and_the_others_are_polled(url):
    """As while workers of two releases run side by side, and a shard goes from the newer to the older."""
    async with connect(url, create=True) as broker:
        key = b'["head","ferry"]'
        *_, ferry = [one async for one in broker.read(Topic.CHECKPOINTS) if one.key == key]
        claim = await broker.claim(shard_of_sources(0))
        await claim.commit([Record(Topic.CHECKPOINTS, ferry.key, newer(ferry.value), (), ferry.timestamp, 0)])
        await claim.release()
        world = World(broker)
        world.servers.says = {f"http://{name}.example/feed": said for name, said in NEXT.items()}
        before = await world.events()
        totals = await world.run()
        assert [(one, "newer news-worker" in why) for one, why in totals.left.items()] == [("ferry", True)]
        assert world.servers.times("http://ferry.example/feed") == 0
        assert {"tide", "new"} <= totals.asked
        assert await world.events() == before
        kept = [one.value async for one in broker.read(Topic.CHECKPOINTS) if one.key == key]
        assert kept[-1] == newer(ferry.value)


def test_a_replay_goes_on_where_it_was(release, url, tmp_path):
    shutil.copytree(release / DATASET, tmp_path / DATASET)
    outcome = news_worker("replay", tmp_path / DATASET, broker=url)
    assert "all of it was already there: nothing was published" in outcome.said, outcome.said


def understand(topic, record):
    if topic is Topic.SOURCES:
        definition_of(record.key, record.value)
    elif topic is Topic.REPLAYS:
        ReplayMemory(DATASET).absorb(record.key, record.value)
    else:
        restoring = Restoring()
        restoring.absorb(record.key, record.value)
        list(restoring.sources())
        for why in restoring.refused.values():
            raise BrokerRefused(why)


def test_what_a_newer_release_wrote_is_refused_record_by_record(release):
    records = records_of(release)
    kinds = set()
    for topic in STATE:
        for record in records[topic]:
            kind = None if topic is Topic.SOURCES else json.loads(record.key)[0]
            if kind == "report" or record.value is None:  # a report is for people alone; what was removed has no form
                continue
            kinds.add(kind)
            told_newer = Stored(record.topic, 0, 0, 0, record.key, newer(record.value), ())
            with pytest.raises(BrokerRefused, match="newer news-worker"):
                understand(topic, told_newer)
    assert kinds >= {None, "head", "page", "file", "claim", "done"}


def test_a_file_of_a_newer_release_is_refused_and_left_as_it_is(url, tmp_path):
    file = tmp_path / "news.db"
    with closing(sqlite3.connect(file)) as opened:
        opened.execute("PRAGMA user_version = 2")
    before = file.read_bytes()
    outcome = news_worker("run", "--once", broker=url)
    assert (outcome.code, "made by a newer news-worker" in outcome.said) == (2, True), outcome.said
    assert file.read_bytes() == before
