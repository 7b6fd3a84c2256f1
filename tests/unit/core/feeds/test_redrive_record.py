"""A rejected record of an upstream topic decided once more: always, under the ids that it would have had at first."""

from __future__ import annotations

import base64
import json

import pytest

from worker.core import event, identity
from worker.core.feeds import ShardMemory, Where, consumed
from worker.core.feeds.commands import Asked, carried_out, to_read
from worker.core.feeds.inbox import Command, State
from worker.core.feeds.outcomes import removed
from worker.core.feeds.pages import Mark
from worker.core.feeds.redrive import kept, said
from worker.core.feeds.redrive_record import document_again, redriven
from worker.core.read import read
from worker.core.upstream import documents
from worker.model import Definition, Extent, Fate, Topic, UpstreamRecord

NOW = 1_700_000_000_000
UP = Definition("up", "kafka://k:9092/wire", "topic:up", NOW, "topic")
SMALL, LARGE = 2_100, 1_000_000  # bytes that an event may have: in the first none has room
ARTICLE = {"id": "heron-7", "title": "A heron on the weir", "text": "It stood there for an hour, and then it left."}
BARE = json.dumps(ARTICLE).encode()
ITEMS = [{"id": f"i{number}", "title": f"Item {number}", "content_text": "The water rose."} for number in range(3)]
ITEMS.append({"id": "empty", "title": " "})
JSON_FEED = json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "Weir", "items": ITEMS}).encode()
RSS = b"""<rss version="2.0"><channel><title>Weir</title><item><guid>i0</guid><title>Item 0</title></item>
<item><guid>i1</guid><title>Item 1</title></item><item><guid>i2</guid><title>Item 2</title></item></channel></rss>"""


class Topics:
    """A record at offset 7 of partition 3 of the topic wire, consumed, and what was rejected of it asked for again."""

    def __init__(self, value, headers=()):
        self.record = UpstreamRecord(3, 7, NOW, value, headers)
        self.memory = ShardMemory("token")
        self.memory.restored()
        self.memory.define(UP)

    def consume(self, limit=LARGE, refused=None):
        """The records that it comes to, events first."""
        (document,) = documents(UP, 3, [self.record], NOW)
        where = Where(UP, "cluster/wire", 3)
        (part,) = consumed(read(document, limit), where, self.memory, NOW, refused=refused or {})
        return part.records

    def ask(self, rejection, limit=LARGE, refused=None, there=True, **changes):
        """What redriving it comes to: state, message, records. `there`: whether its topic has the record still."""
        command = Command("c", "redrive", "up", {**said(rejection), **changes})
        document = to_read(command, self.memory, NOW + 1)
        reading = document and read(document, limit)
        answer = carried_out(Asked(command, self.memory, NOW + 1, 0, reading, refused or {}))
        if answer.state is State.PENDING:
            (wanted,) = self.memory.head("up").redrives
            found = document_again(wanted, self.record if there else None, UP, NOW + 1)
            if isinstance(found, str):
                return State.REFUSED, found, ()
            state, message, part = redriven(wanted, read(found, limit), UP, self.memory, refused or {})
            self.memory.redrive_is_through(self.memory.held("up"), wanted, state, message, NOW)
            return state, message, part.records if part else ()
        return answer.state, answer.message, answer.part.records if answer.part else ()


def rejections(records):
    return [
        kept({name: value.decode() for name, value in one.headers}, one.value)
        for one in records
        if one.topic is Topic.REJECTS
    ]


def events(records):
    """Of each event: its id, and the article's, version and key."""
    made = []
    for one in records:
        if one.topic is Topic.ARTICLES:
            value = json.loads(one.value)
            assert event.violation(value) is None
            provenance = value["provenance"]
            assert (value["version"], provenance["mode"]) == (1, "live")
            assert provenance["documentUrl"] == "kafka://k:9092/wire?partition=3&offset=7"
            made.append((dict(one.headers)["ce_id"], one.key, provenance["entryKey"], provenance["documentDigest"]))
    return made


@pytest.mark.parametrize(
    "value",
    [BARE, json.dumps({"specversion": "1.0", "id": "e", "source": "/d", "type": "t", "data": ARTICLE}).encode()],
)
def test_kept_whole_it_becomes_the_event_that_it_would_have_been_and_again_the_same(value):
    topic = Topics(value)
    (rejection,) = rejections(topic.consume(SMALL))
    for _ in range(2):
        state, message, records = topic.ask(rejection)
        assert (state, message) == (State.DONE, "it is created")
        assert events(records) == events(topic.consume())
    assert topic.memory.head("up").redrives == ()


def test_without_an_id_of_its_own_it_is_known_by_where_it_lay():
    topic = Topics(json.dumps({**ARTICLE, "id": None}).encode())
    _, _, (record,) = topic.ask(*rejections(topic.consume(SMALL)))
    assert record.key.decode() == identity.article_id("topic:up", "offset", '["wire",3,7]')


def test_rejected_still_it_is_said_so_and_not_rejected_twice():
    topic = Topics(BARE)
    state, message, records = topic.ask(*rejections(topic.consume(SMALL)), limit=SMALL)
    assert (state, records) == (State.REFUSED, ())
    assert message.startswith("it is rejected still: too_large: ")


def test_what_was_taken_down_meanwhile_does_not_come_back():
    topic = Topics(BARE)
    (rejection,) = rejections(topic.consume(SMALL))
    topic.memory.mark(identity.binary(identity.article_id("topic:up", "id", "heron-7")), Mark(), "s", NOW)
    state, message, records = topic.ask(rejection)
    assert (state, "taken down" in message, records) == (State.SUPERSEDED, True, ())


def test_a_record_that_turns_out_to_be_a_feed_becomes_its_articles_and_what_is_none_of_them_is_rejected():
    topic = Topics(JSON_FEED)
    (record,) = [one for one in topic.consume() if one.topic is Topic.REJECTS]
    whole = kept(
        {name: value.decode() for name, value in record.headers} | {"reject_entry_key": '["wire",3,7]'}, JSON_FEED
    )
    state, message, records = topic.ask(whole)
    assert (state, message) == (State.DONE, "3 articles of it are created, 1 of its entries rejected")
    assert events(records) == events(topic.consume())
    assert [one.entry_key for one in rejections(records)] == ['["wire",3,7,3]']


def cut(rejection, bytes_kept=10):
    raw = rejection.raw[:bytes_kept]
    return {"whole": False, "raw": base64.b64encode(raw).decode()}


def test_of_what_was_cut_the_record_is_consumed_again_with_its_headers():
    value = json.dumps({"specversion": "1.0", "id": "e", "source": "/d", "type": "t", "data": ARTICLE}).encode()
    topic = Topics(value, (("content-type", b"application/cloudevents+json"),))
    (rejection,) = rejections(topic.consume(SMALL))
    state, _, records = topic.ask(rejection, **cut(rejection))
    assert (state, events(records)) == (State.DONE, events(topic.consume()))


@pytest.mark.parametrize("there", [False, True])
def test_of_what_was_cut_and_lies_there_no_more_it_is_said(there):
    topic = Topics(BARE)
    (rejection,) = rejections(topic.consume(SMALL))
    topic.record = UpstreamRecord(3, 7, NOW, b'{"title": "Of another topic, made anew."}', ())
    state, message, records = topic.ask(rejection, there=there, **cut(rejection))
    assert (state, records) == (State.REFUSED, ())
    assert ("another record" if there else "does not have the record any more") in message


@pytest.mark.parametrize("value", [RSS, JSON_FEED])
@pytest.mark.parametrize("number", [0, 2])
def test_an_entry_of_a_feed_is_read_again_in_its_feed_and_the_others_are_left(value, number):
    topic = Topics(value)
    rejection = rejections(topic.consume(SMALL))[number]
    assert rejection.entry_key == f'["wire",3,7,{number}]'
    state, message, records = topic.ask(rejection)
    assert (state, message) == (State.DONE, "it is created")
    assert events(records) == [events(topic.consume())[number]]


def test_an_entry_that_is_rejected_still_or_lies_there_no_more_is_not_rejected_twice():
    topic = Topics(JSON_FEED)
    rejection = rejections(topic.consume())[-1]
    assert topic.ask(rejection)[::2] == (State.REFUSED, ())
    topic.record = UpstreamRecord(3, 7, NOW, RSS, ())
    state, message, records = topic.ask(rejection)
    assert (state, "another record" in message, records) == (State.REFUSED, True, ())


@pytest.mark.parametrize("value", [BARE, JSON_FEED])
def test_what_the_broker_refused_is_found_again_by_the_articles_id(value):
    topic = Topics(value)
    article = events(topic.consume())[-1]
    (rejection,) = [
        one for one in rejections(topic.consume(refused={8: 3 if value is JSON_FEED else 1})) if one.stage == "publish"
    ]
    assert rejection.entry_key == '["wire",3,7]'
    state, _, records = topic.ask(rejection)
    assert (state, events(records)) == (State.DONE, [article])
    assert topic.ask(rejection, refused={8: 1})[::2] == (State.REFUSED, ())


def test_what_the_broker_refuses_when_it_is_redriven_is_rejected_as_that():
    topic = Topics(BARE)
    state, _, records = topic.ask(*rejections(topic.consume(SMALL)), refused={8: 1})
    assert (state, [one.stage for one in rejections(records)]) == (State.REFUSED, ["publish"])


@pytest.mark.parametrize("key", ["heron-7", "7", '["wire",3]', '["other",3,7]', '["wire","3",7]', '["wire",3,7,0,0]'])
def test_of_what_does_not_say_where_it_lies_in_this_topic_it_is_said(key):
    topic = Topics(BARE)
    (rejection,) = rejections(topic.consume(SMALL))
    state, message, _ = topic.ask(rejection, entry_key=key)
    assert (state, "where in its topic" in message) == (State.REFUSED, True)


def test_what_waits_survives_a_restart_and_is_answered_when_the_source_is_removed():
    topic = Topics(JSON_FEED)
    first, *_ = rejections(topic.consume(SMALL))
    answers = [
        carried_out(Asked(Command(f"c{n}", "redrive", "up", said(first)), topic.memory, NOW, 0)) for n in range(101)
    ]
    assert [one.state for one in answers] == [State.PENDING] * 100 + [State.REFUSED]
    memory = ShardMemory("another")
    for record in topic.memory.records(NOW):
        memory.absorb(record.key, record.value)
    memory.restored()
    waiting = memory.head("up").redrives
    assert (len(waiting), waiting[0].extent, waiting[0].name) == (100, Extent.ENTRY, first.digest)
    for _ in removed("up", memory, NOW):
        pass
    assert memory.head("up").redrives == ()
    assert {one.state for one in memory.inbox.outcomes.values()} == {State.REFUSED}
    assert "removed" in memory.inbox.outcomes["c99"].message


def test_what_is_redriven_counts_as_any_record_does():
    topic = Topics(BARE)
    (rejection,) = rejections(topic.consume(SMALL))
    command = Command("c", "redrive", "up", said(rejection))
    reading = read(to_read(command, topic.memory, NOW), LARGE)
    part = carried_out(Asked(command, topic.memory, NOW, 0, reading)).part
    assert (part.fates, part.entries) == ({Fate.CREATED: 1}, 1)
