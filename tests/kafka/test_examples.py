"""The examples of deploy/examples, run as a user would run them on what a replay left, and on what readers may meet besides."""

import json
import subprocess
import sys
import uuid

import pytest
from aiokafka import AIOKafkaProducer
from kafka.commands import TREE, news_worker
from kafka.java import java

EXAMPLES = TREE / "deploy" / "examples"
HANGS = 60  # seconds
FERRY = {"id": "story-000117", "headline": "Ferry free", "text": "Walkers take the ferry and pay nothing until spring."}
BRIDGE = {"id": "story-000118", "headline": "Bridge closed", "text": "The old bridge is closed until the spring."}
BAD = '{"id": "story-000119", "headline": "Broken'


@pytest.fixture
def prefix():
    return f"examples-{uuid.uuid4().hex[:8]}."


@pytest.fixture
def replay(kafka, prefix, committed, tmp_path):
    """Write files of lines, and replay their folder."""
    settings = {"broker": f"kafka://{kafka.bootstrap}", "prefix": prefix, "kafka_partitions": 3}
    assert news_worker("topics", "create", **settings).code == 0
    folder = tmp_path / "articles"
    folder.mkdir()

    def replay(**files):
        for name, lines in files.items():
            texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
            (folder / f"{name}.jsonl").write_text("".join(f"{text}\n" for text in texts))
        outcome = news_worker("replay", folder, **settings)
        assert outcome.code in (0, 1), outcome.said
        return committed()

    return replay


@pytest.fixture
def committed(kafka, prefix):
    """The events, once all transactions are seen to be at their end: a broker says so before its markers are written."""

    def committed():
        way = {"broker": f"kafka://{kafka.bootstrap}", "prefix": prefix, "kafka_partitions": 3}
        news_worker("tail", "rejects", **way)
        return [json.loads(line) for line in news_worker("tail", "articles", **way).out.splitlines()]

    return committed


@pytest.fixture(params=["python", "java"])
def reader(request, kafka, prefix, tmp_path):
    """Read to the end: the lines written, sorted but for the last, as partitions are read in any order."""

    def python():
        program = [
            EXAMPLES / "news_reader.py",
            kafka.bootstrap,
            "--once",
            "--prefix",
            prefix,
            "--store",
            tmp_path / "store",
        ]
        command = [sys.executable, *map(str, program)]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=HANGS, check=False)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def in_java():
        kafka_found = request.getfixturevalue("kafka_found")
        return java(kafka_found, EXAMPLES / "NewsReader.java", kafka.bootstrap, prefix, "--once")

    def read():
        lines = [line.rstrip() for line in (python() if request.param == "python" else in_java()).splitlines()]
        return sorted(lines[:-1]), lines[-1]

    read.remembers = request.param == "python"
    return read


async def produced(kafka, prefix, *records, commit=True):
    """Records by the article they are of: type and value, or None for a tombstone; in a transaction."""
    name = f"{prefix}by-hand"
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, transactional_id=name) as producer:
        await producer.begin_transaction()
        for article, kind, value in records:
            headers = [("ce_id", uuid.uuid4().bytes.hex().encode()), ("ce_subject", article.encode())]
            headers += [("ce_type", f"news.article.{kind}.v1".encode())] if kind else []
            raw = None if value is None else json.dumps({"articleId": article, **value}).encode()
            await producer.send_and_wait(f"{prefix}news.articles.v1", raw, key=article.encode(), headers=headers)
        await (producer.commit_transaction() if commit else producer.abort_transaction())


def of(events, headline):
    return next(one["key"] for one in events if one["value"]["item"]["headlines"][0]["value"] == headline)


async def test_a_reader_keeps_what_was_committed_and_each_event_once(kafka, prefix, replay, committed, reader):
    events = replay(one=[FERRY, BAD], two=[BRIDGE, FERRY])
    assert len(events) == 3
    ferry, bridge = of(events, "Ferry free"), of(events, "Bridge closed")
    aborted = {"version": 2, "item": {"uri": f"urn:uuid:{ferry}", "headlines": [{"value": "never was"}]}}
    await produced(kafka, prefix, (ferry, "updated", aborted), commit=False)
    committed()

    lines, last = reader()
    assert lines == sorted(
        [
            f"created {ferry} v1 Ferry free",
            f"created {bridge} v1 Bridge closed",
            f"repeated {ferry}",
            f'rejected invalid_json ["one.jsonl",1] {len(BAD)} bytes',
        ]
    )
    assert last == "2 articles"


async def test_a_reader_takes_back_what_is_withdrawn_and_forgets_what_is_forgotten(
    kafka, prefix, replay, committed, reader
):
    events = replay(one=[FERRY, BRIDGE])
    ferry, bridge = of(events, "Ferry free"), of(events, "Bridge closed")
    first, last = reader()
    assert (len(first), last) == (2, "2 articles")

    withdrawn = {"version": 2, "item": {"uri": f"urn:uuid:{ferry}", "pubStatus": "canceled"}}
    unmet = str(uuid.uuid4())
    await produced(kafka, prefix, (ferry, "withdrawn", withdrawn), (bridge, None, None), (unmet, "updated", withdrawn))
    committed()
    lines, last = reader()
    news = sorted([f"withdrawn {ferry} v2", f"forgotten {bridge}", f"updated {unmet} v2"])
    assert lines == (news if reader.remembers else sorted(news + first))
    assert last == "2 articles"
    assert reader() == (([], last) if reader.remembers else (lines, last))
