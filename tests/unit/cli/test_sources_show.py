"""`sources show` and `list --failing`: what the worker remembers, as its checkpoints have it."""

import asyncio
import json

import pytest

from worker.broker.connect import connect
from worker.core.feeds import ShardMemory, faulted, placed
from worker.model import Definition, Fault, FaultKind, Record, Topic, Validators

URL = "https://news.example/feed"
DEFINITION = Definition("gazette", URL, "news.example", 5)
NOON = 1_700_000_000_000


@pytest.fixture
def sources(tmp_path, monkeypatch, call):
    """A `sources` command on a file that defines one source."""
    monkeypatch.setenv("NEWS_WORKER_BROKER", f"sqlite:///{tmp_path}/news.db")
    call("sources", "add", URL, "--id", "gazette")
    return lambda *arguments: call("sources", *arguments)


@pytest.fixture
def memory():
    made = ShardMemory("token")
    made.restored()
    made.define(DEFINITION)
    return made


@pytest.fixture
def store(tmp_path):
    """Stores records as a worker's commit would have."""

    def stored(records):
        async def append():
            async with connect(f"sqlite:///{tmp_path}/news.db", create=False) as broker:
                await broker.append(records)

        asyncio.run(append())

    return stored


def shown(outcome):
    assert outcome.code == 0
    return {
        name.strip(): value.strip() for name, _, value in (line.partition("  ") for line in outcome.out.splitlines())
    }


def test_a_source_that_was_never_polled_says_so(sources):
    assert shown(sources("show", "gazette"))["last poll"] == "none yet"


def test_a_source_that_is_well_shows_what_it_is_asked_by(sources, memory, store):
    held = memory.held("gazette")
    head = held.opened
    head.polled_at, head.read_at = NOON, NOON - 1_000
    head.validators = Validators(URL, '"abc"', "Tue, 14 Nov 2023 22:13:20 GMT")
    head.url, head.title, head.ttl_s, head.guids_unusable = f"{URL}?token=abc", "The\x1b Gazette", 3600, True
    held.touch()
    store(memory.records(NOON))

    facts = shown(sources("show", "gazette"))
    assert facts == facts | {
        "last poll": "2023-11-14T22:13:20.000Z, or later with nothing new",
        "last document": "2023-11-14T22:13:19.000Z",
        "result": "fine",
        "validators": 'ETag: "abc", Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT',
        "moved to": "https://news.example/feed?token=***",
        "feed's title": "The\\x1b Gazette",
        "feed asks for": "3600 s between polls",
        "unusable": "guids",
        "remembered": "0 articles",
    }


def test_a_source_in_fault_shows_why_and_since_when(sources, memory, store):
    fault = Fault(FaultKind.STATUS, "https://me:letmein@news.example/feed answers 500", 500)
    for minute in range(2):
        list(faulted(DEFINITION, memory, fault, NOON + minute * 60_000))
    store(memory.records(NOON))

    shown_ = sources("show", "gazette")
    assert shown(shown_)["result"] == (
        "status: https://***@news.example/feed answers 500 (2 in a row, since 2023-11-14T22:13:20.000Z)"
    )
    remembered = json.loads(sources("show", "gazette", "--json").out)["memory"]
    assert remembered["fault"] == {
        "kind": "status",
        "message": "https://***@news.example/feed answers 500",
        "status": 500,
        "inARow": 2,
        "since": "2023-11-14T22:13:20.000Z",
        "notBefore": None,
    }
    assert (remembered["lastPollAt"], remembered["lastDocumentAt"]) == ("2023-11-14T22:14:20.000Z", None)


def test_what_can_not_be_read_is_said_and_is_of_that_source_alone(sources, store):
    store([Record(Topic.CHECKPOINTS, b'["head","gazette"]', b"\x09{}", (), NOON, b"news.example")])
    store([Record(Topic.CHECKPOINTS, b"whatever", b"", (), NOON, b"news.example")])

    assert "newer news-worker" in shown(sources("show", "gazette"))["remembered"]
    sources("add", "https://news.example/other", "--id", "other")
    assert shown(sources("show", "other"))["last poll"] == "none yet"


def test_those_that_fail_are_listed_with_why_and_no_others(sources, memory, store):
    assert sources("list", "--failing").out == ""
    list(faulted(DEFINITION, memory, Fault(FaultKind.STATUS, "the answer was 500", 500), NOON))
    store(memory.records(NOON))
    sources("add", "https://news.example/other", "--id", "other")

    (row,) = sources("list", "--failing").out.splitlines()[1:]
    assert row.split("\t") == ["gazette", "", URL, "30m", "status: the answer was 500"]
    (one,) = map(json.loads, sources("list", "--failing", "--json").out.splitlines())
    assert one["failing"] == "status: the answer was 500"
    assert len(sources("list").out.splitlines()) == 3


def test_one_that_can_be_read_again_fails_no_more(sources, memory, store):
    list(faulted(DEFINITION, memory, Fault(FaultKind.STATUS, "the answer was 500", 500), NOON))
    store(memory.records(NOON))
    held = memory.held("gazette")
    held.opened.fault = None
    held.touch()
    store(memory.records(NOON + 1))
    assert "none of the sources" in sources("list", "--failing").error


def test_one_whose_memory_can_not_be_read_fails(sources, store):
    store([Record(Topic.CHECKPOINTS, b'["head","gazette"]', b"\x09{}", (), NOON, b"news.example")])
    assert "newer news-worker" in sources("list", "--failing").out


def test_a_topic_shows_where_it_is_read_on(sources, memory, store):
    definition = Definition("desk", "kafka://k:9092/wire", "topic:desk", 5, "topic")
    sources("add", definition.url, "--id", "desk")
    memory.define(definition)
    list(placed(definition, "cluster/wire", memory, {1: 70, 0: 12}, NOON))
    store(memory.records(NOON))
    found = shown(sources("show", "desk"))
    assert (found["topic"], found["positions"], found["result"]) == ("cluster/wire", "0: 12, 1: 70", "fine")
    assert "next poll" not in found
    (one,) = map(json.loads, sources("show", "desk", "--json").out.splitlines())
    assert one["memory"]["positions"] == {"0": 12, "1": 70}
