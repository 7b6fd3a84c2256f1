"""`rejects redrive`: which rejections, how many, and who is asked about them."""

import asyncio

import orjson
import pytest

from worker.broker.connect import connect
from worker.core import event
from worker.core.sources.definitions import source_of
from worker.core.sources.stored import record
from worker.model import Code, Definition, Rejection, Source, Stage, Topic

NOON = 1_700_000_000_000
GAZETTE = Definition("gazette", "http://127.0.0.1:9/feed", "127.0.0.1", 5)
DATASET = Source("dataset:seeds", "dataset", "dataset:seeds")


@pytest.fixture
def url(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path}/news.db"
    monkeypatch.setenv("NEWS_WORKER_BROKER", url)
    return url


def rejected(source, key, raw=b"<item/>", code=Code.EMPTY):
    return event.rejected(Rejection(code, Stage.READ, "no text", key, raw, "ab" * 32, len(raw), 1), source, NOON)


@pytest.fixture
def filled(url):
    """Places 0:0 to 0:4: two of the gazette, the second once more, one of a source that is no more, one of a data set."""

    async def append():
        gone = source_of(Definition("courier", "http://127.0.0.1:9/other", "127.0.0.1", 5))
        mine = source_of(GAZETTE)
        records = [
            rejected(mine, "a"),
            *[rejected(mine, "b", code=Code.TOO_LARGE)] * 2,
            rejected(gone, "c"),
            rejected(DATASET, '["a b.jsonl",3]'),
        ]
        async with connect(url, create=True) as broker:
            await broker.append([record(GAZETTE, NOON), *records])

    asyncio.run(append())


def asked(url):
    async def read():
        async with connect(url, create=False) as broker:
            return [(one.key.decode(), orjson.loads(one.value)) async for one in broker.read(Topic.INBOX)]

    return asyncio.run(read())


def test_those_of_a_source_are_counted_and_its_owner_is_asked_about_the_newest_of_each(filled, url, call):
    outcome = call("rejects", "redrive", "--source", "gazette", "--yes")
    assert outcome.code == 0
    assert outcome.error.startswith("2 rejections, 2 of source gazette\n")
    assert "no worker polls shard 0 now" in outcome.error
    assert "the owner carries it out" not in outcome.error
    commands = asked(url)
    assert [(source, said["command"], said["entry_key"]) for source, said in commands] == [
        ("gazette", "redrive", "a"),
        ("gazette", "redrive", "b"),
    ]


def test_places_and_a_code_choose_those_that_have_both(filled, url, call):
    assert call("rejects", "redrive", "0", "0:2", "--code", "too_large").code == 0
    assert [said["entry_key"] for _, said in asked(url)] == ["b"]


def test_where_nobody_can_be_asked_whether_to_go_on_nothing_is_done(filled, url, call):
    outcome = call("rejects", "redrive", "--code", "too_large")
    assert (outcome.code, asked(url)) == (2, [])
    assert "Say --yes" in outcome.error


def test_of_a_data_set_the_replay_is_shown(filled, url, call):
    outcome = call("rejects", "redrive", "0:4")
    assert outcome.code == 1
    assert outcome.out == "news-worker replay ROOT --dataset seeds --only 'a b.jsonl' --again\n"
    assert "`news-worker forget` took down comes back" in outcome.error
    assert asked(url) == []


def test_of_a_source_that_is_no_more_it_is_said(filled, url, call):
    outcome = call("rejects", "redrive", "0:3", "--yes")
    assert (outcome.code, asked(url)) == (1, [])
    assert "source courier is defined no more: 1 left" in outcome.error


def test_since_chooses_by_time(filled, url, call):
    assert call("rejects", "redrive", "--since", "1h", "--yes").code == 2
    assert call("rejects", "redrive", "--since", "2023-11-14", "--yes").code == 1
    assert len(asked(url)) == 2


def test_each_outcome_says_of_which_rejection_it_is(filled, url, call):
    outcome = call("rejects", "redrive", "--source", "gazette", "--yes", "--wait-seconds", "0")
    assert outcome.code == 1
    assert outcome.out.splitlines() == [
        f"waiting    {place} of gazette: not carried out yet; it stays asked for" for place in ("0:0", "0:2")
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "which rejections?"),
        (["--code", "huge"], "no code"),
        (["--since", "latest"], "neither a time"),
        (["0:9"], "no such"),
    ],
)
def test_what_chooses_nothing_is_said(filled, call, arguments, said):
    outcome = call("rejects", "redrive", *arguments)
    assert outcome.code == 2
    assert said in outcome.error
