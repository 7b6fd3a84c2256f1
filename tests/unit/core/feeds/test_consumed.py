"""What records of an upstream topic come to: events and rejections, each once, and a position that is only ever an offset."""

import json
import uuid
from collections import Counter

import pytest

from worker.core import identity
from worker.core.feeds import ShardMemory, Where, consumed, faulted, placed, positions, recovered
from worker.core.feeds.entry import hashed
from worker.core.feeds.pages import Mark
from worker.core.normalise import links
from worker.core.read import read
from worker.core.upstream import documents
from worker.model import Definition, Fate, Fault, FaultKind, Reading, Topic, UpstreamRecord, Withdrawal

NOW = 1_700_000_000_000
UP = Definition("up", "kafka://k:9092/wire", "topic:up", NOW, "topic")
WIRE = "cluster/wire"
WHERE = Where(UP, WIRE, 3)
LIMIT = 1_000_000
FEED = (
    '<rss version="2.0"><channel><title>t</title>{}</channel></rss>',
    "<item><guid>{0}</guid><title>Entry {0}</title><description>Text of {0}.</description></item>",
)


@pytest.fixture
def memory():
    made = ShardMemory("token")
    made.restored()
    made.define(UP)
    return made


def article(number, **more):
    return json.dumps({"id": f"article-{number}", "headline": f"Headline {number}", "text": "Text.", **more}).encode()


def feed(*entries):
    return FEED[0].format("".join(FEED[1].format(one) for one in entries)).encode()


def reading(*values, first=10):
    records = [UpstreamRecord(3, first + number, NOW, value, ()) for number, value in enumerate(values)]
    (document,) = documents(UP, 3, records, NOW)
    return read(document, LIMIT)


def decided(memory, *values, first=10, **named):
    return list(consumed(reading(*values, first=first), WHERE, memory, NOW, **named))


def fates(parts):
    return sum((part.fates for part in parts), Counter())


def committed(memory):
    """The memory that another owner restores."""
    made = ShardMemory("another")
    for record in memory.records(NOW):
        made.absorb(record.key, record.value)
    made.restored()
    return made


def test_each_record_is_created_and_what_is_none_is_rejected_and_the_position_is_after_them(memory):
    (part,) = decided(memory, article(0), b"no article", None, article(1))
    assert part.fates == {Fate.CREATED: 2, Fate.REJECTED: 2}
    assert part.entries == 4
    assert [record.topic for record in part.records] == [Topic.ARTICLES, Topic.REJECTS, Topic.REJECTS, Topic.ARTICLES]
    event = json.loads(part.records[0].value)
    assert (event["version"], event["provenance"]["mode"]) == (1, "live")
    assert positions(committed(memory).head("up"), WIRE) == {3: 14}


def test_a_part_never_ends_within_a_record_whatever_entries_it_has(memory):
    parts = decided(memory, article(0), feed(*range(5)), feed("a", "b"), article(1), most=1)
    assert [len(part.records) for part in parts] == [1, 5, 2, 1]
    assert [part.end for part in parts] == [11, 12, 13, 14]


def test_the_position_moves_with_each_part(memory):
    parts = consumed(reading(article(0), article(1)), WHERE, memory, NOW, most=1)
    next(parts)
    assert positions(committed(memory).head("up"), WIRE) == {3: 11}


def test_a_record_that_holds_nothing_moves_the_position_too(memory):
    (part,) = decided(memory, feed())
    assert not part.records
    assert positions(memory.head("up"), WIRE) == {3: 11}


def test_partitions_have_a_position_each_and_those_of_another_topic_say_nothing(memory):
    decided(memory, article(0))
    list(consumed(reading(article(1), first=70), Where(UP, WIRE, 4), memory, NOW))
    assert positions(memory.head("up"), WIRE) == {3: 11, 4: 71}
    assert positions(memory.head("up"), "another/wire") == {}
    list(placed(UP, "another/wire", memory, {0: 5}, NOW))
    assert positions(committed(memory).head("up"), "another/wire") == {0: 5}
    assert positions(None, WIRE) == {}


def test_an_article_that_was_forgotten_does_not_come_back_under_its_id_nor_by_its_link(memory):
    (part,) = decided(memory, article(0), article(1, url="https://a.example/one"))
    ids = [json.loads(record.value)["articleId"] for record in part.records]
    (compared,) = links.comparison_keys(["https://a.example/one"])
    memory.mark(identity.binary(ids[0]), Mark(), "topic:up", NOW)
    memory.mark(uuid.uuid4().bytes, Mark(link=hashed(("link", compared))), "topic:up", NOW)
    parts = decided(
        memory, article(0, text="Other."), article(9, url="http://www.a.example/one/"), article(2), first=20
    )
    assert fates(parts) == {Fate.SKIPPED: 2, Fate.CREATED: 1}
    assert positions(memory.head("up"), WIRE) == {3: 23}


def test_what_the_broker_refuses_is_rejected_alone(memory):
    (part,) = decided(memory, article(0), article(1), article(2), refused={12: 1})
    assert part.fates == {Fate.CREATED: 2, Fate.REJECTED: 1}
    (rejection,) = part.rejected
    assert (rejection.code, rejection.end) == ("refused", 12)


def test_of_a_record_that_holds_several_only_one_is_rejected(memory):
    (part,) = decided(memory, feed("a", "b", "c"), feed("d"), refused={11: 2, 12: 1})
    topics = [record.topic for record in part.records]
    assert topics == [Topic.ARTICLES, Topic.REJECTS, Topic.ARTICLES, Topic.REJECTS]


def test_a_deletion_is_passed_over_and_remarked(memory):
    found = Reading((Withdrawal(11),), 10, 11, NOW)
    (part,) = consumed(found, WHERE, memory, NOW)
    assert (part.records, part.fates) == ((), {Fate.SKIPPED: 1})
    assert [note.code for note in part.notes] == ["withdrawal_passed_over"]


def test_a_fault_ends_with_the_next_record_or_when_it_answers_again(memory):
    fault = Fault(FaultKind.CONNECT, "nobody there")
    list(faulted(UP, memory, fault, NOW))
    assert memory.head("up").faults == 1
    assert list(recovered(UP, memory, NOW + 1))
    assert not list(recovered(UP, memory, NOW + 2))
    list(faulted(UP, memory, fault, NOW + 3))
    decided(memory, article(0))
    head = committed(memory).head("up")
    assert (head.faults, head.fault, head.read_at) == (0, None, NOW)
