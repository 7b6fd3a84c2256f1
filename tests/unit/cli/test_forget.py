"""`forget`: which article it is, that it is gone, and what that leaves."""

import asyncio
import uuid

import orjson
import pytest

from worker.broker.connect import connect
from worker.cli import asked, forget
from worker.cli.exits import Exit
from worker.cli.waiting import Waiting
from worker.core import identity
from worker.core.takedown import Published
from worker.model import Mode, Topic

ARTICLE = identity.article_id("dataset:news", "path", '["a.jsonl",0]')


@pytest.fixture
def url(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path}/news.db"
    monkeypatch.setenv("NEWS_WORKER_BROKER", url)
    return url


@pytest.fixture
def replayed(url, tmp_path, call):
    (tmp_path / "news").mkdir()
    (tmp_path / "news" / "a.jsonl").write_text(
        '{"title":"Ferry\\u001b delayed","text":"By fog.","url":"https://example.org/f"}\n'
    )
    assert call("replay", str(tmp_path / "news")).code == 0


def records(url):
    async def read():
        async with connect(url, create=False) as broker:
            return [record async for record in broker.read(Topic.ARTICLES)]

    return asyncio.run(read())


def test_an_article_of_a_data_set_is_withdrawn_and_gone_and_it_is_said_that_it_may_come_back(replayed, url, call):
    outcome = call("forget", ARTICLE)
    assert outcome.code == 0
    assert "withdrawn, and its tombstone is published" in outcome.out
    assert "a replay of data set news with --again" in outcome.error
    assert "stays in news.rejects.v1" in outcome.error
    _, withdrawn, stone = records(url)
    assert orjson.loads(withdrawn.value)["item"]["pubStatus"] == "canceled"
    assert stone.value is None


def test_a_dry_run_shows_headline_source_and_versions_and_changes_nothing(replayed, url, call):
    outcome = call("forget", f"urn:uuid:{ARTICLE}", "--dry-run")
    assert outcome.code == 0
    facts = [line.split(maxsplit=1) for line in outcome.out.splitlines()]
    assert facts[:4] == [
        ["article", ARTICLE],
        ["headline", "Ferry delayed"],
        ["source", "dataset:news (dataset)"],
        ["link", "https://example.org/f"],
    ]
    assert facts[4][1].startswith("1 created ")
    assert "nothing was changed" in outcome.error
    assert len(records(url)) == 1


def test_one_that_is_gone_already_is_said_to_be(replayed, url, call):
    call("forget", ARTICLE)
    outcome = call("forget", ARTICLE)
    assert (outcome.code, "is gone already" in outcome.out) == (0, True)
    assert len(records(url)) == 3


def test_one_that_is_not_there_is_said_not_to_be(replayed, call):
    outcome = call("forget", str(uuid.UUID(int=7)))
    assert outcome.code == 2
    assert "There is no article 00000000-0000-0000-0000-000000000007" in outcome.error


def upstream():
    """An article of a share of a topic, whose source's shard is the second of three."""
    source = {"id": "desk-0-2", "kind": "topic", "site": "topic:desk/0/2"}
    return Published(ARTICLE, 1, "a" * 32, False, source, Mode.LIVE, "7", None, None, None, "A")


class Shards:
    def partition_of(self, _topic, _key):
        return 1

    def partitions(self, _topic):
        return 3


@pytest.mark.parametrize("waiting", [Waiting(so=True), Waiting(so=False), Waiting(so=True, seconds=9)])
@pytest.mark.parametrize("refused", [True, False])
def test_of_a_topic_nothing_is_taken_down_before_every_other_shard_keeps_it_out(monkeypatch, capsys, refused, waiting):
    put, waited = [], []

    async def ask(_broker, wanted, waiting, about=None):
        put.append([(one.command.name, one.site) for one in wanted])
        waited.append((waiting.so, waiting.seconds is not None))
        assert about is None or list(about.values()) == ["shard 0", "shard 2"]
        return Exit.LEFT if refused else Exit.OK

    monkeypatch.setattr(asked, "ask", ask)
    code = asyncio.run(forget._asked(Shards(), upstream(), 7, waiting))
    keeping, taking = [("keep_out", 0), ("keep_out", 2)], [("forget", "topic:desk/0/2")]
    assert (code, put) == ((Exit.LEFT, [keeping]) if refused else (Exit.OK, [keeping, taking]))
    limited = waiting.seconds is not None
    assert waited == [(True, limited or not waiting.so), (waiting.so, limited)][: len(put)]
    assert ("nothing was taken down" in capsys.readouterr().err) is refused


def test_what_is_no_article_id_is_said(call):
    assert "is no articleId" in call("forget", "the-ferry").error
