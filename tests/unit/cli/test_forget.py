"""`forget`: which article it is, that it is gone, and what that leaves."""

import asyncio
import uuid

import orjson
import pytest

from worker.broker.connect import connect
from worker.core import identity
from worker.model import Topic

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


def test_what_is_no_article_id_is_said(call):
    assert "is no articleId" in call("forget", "the-ferry").error
