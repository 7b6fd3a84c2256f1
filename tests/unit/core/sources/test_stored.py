"""Definitions as records, and which of those in the topic count."""

import json

import pytest

from worker.core.sources.definitions import Definitions
from worker.core.sources.stored import definition_of, record, tombstone
from worker.errors import BrokerRefused
from worker.model import Definition, Topic

# Options that whoever polls would stumble over.
ODD = (b'"intervalSeconds":0', b'"intervalSeconds":"1h"', b'"initial":"yesterday"', b'"zone":"Mars/Tharsis"')

PLAIN = Definition("id", "https://news.example/feed", "news.example", 5)


def test_a_definition_comes_back_as_it_was(full):
    for one in (full, PLAIN):
        stored = record(one, 7)
        assert definition_of(stored.key, stored.value) == one
        assert (stored.topic, stored.timestamp, stored.partition_by) == (Topic.SOURCES, 7, one.site.encode())


def test_a_record_says_no_more_than_what_is_not_by_default():
    assert json.loads(record(PLAIN, 7).value) == {
        "v": 1,
        "kind": "feed",
        "url": "https://news.example/feed",
        "site": "news.example",
        "addedAt": 5,
    }


def test_members_that_a_later_release_added_are_passed_over(full):
    stored = record(full, 7)
    later = json.dumps(json.loads(stored.value) | {"mood": {"a": [1]}}).encode()
    assert definition_of(stored.key, later) == full


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (b'{"v":2}', "newer news-worker"),
        (b"{", "damaged"),
        (b"[]", "damaged"),
        (b"", "damaged"),
        (b'{"v":1,"kind":"feed"}', "damaged"),
        *((b'{"v":1,"kind":"feed","url":"u","site":"s","addedAt":1,%b}' % option, "damaged") for option in ODD),
    ],
)
def test_what_can_not_be_understood_is_refused_not_taken_for_empty(value, why):
    with pytest.raises(BrokerRefused, match=why):
        definition_of(b"id", value)


@pytest.fixture
def topic():
    """Four partitions; a site belongs into the one that its last character says."""
    return Definitions(lambda site: int(site[-1:]))


def defined(source, site, added_at=1, kind="feed"):
    return Definition(source, f"https://{site}/feed", site, added_at, kind)


def owned(topic, partition):
    """What the owner of the partition's shard polls."""
    return [one.definition.id for one in topic if one.passed_over is None and one.partition == partition]


def put(topic, partition, definition):
    stored = record(definition, 9)
    return topic.absorb(partition, stored.key, stored.value)


def test_the_owner_of_a_partition_polls_what_is_defined_in_it(topic):
    put(topic, 1, defined("a", "site1"))
    put(topic, 2, defined("b", "site2"))
    assert owned(topic, 1) == ["a"]
    assert owned(topic, 2) == ["b"]
    assert owned(topic, 3) == []


def test_what_was_defined_anew_counts_and_what_was_removed_does_not(topic):
    put(topic, 1, defined("a", "site1"))
    assert put(topic, 1, defined("a", "other1")) == "a"
    assert topic.polled("a").definition.site == "other1"
    topic.absorb(1, b"a", tombstone(defined("a", "site1"), 9).value)
    assert owned(topic, 1) == []
    assert list(topic) == []


def test_a_definition_in_the_wrong_partition_is_shown_never_polled(topic):
    put(topic, 0, defined("a", "site1"))
    assert owned(topic, 0) == owned(topic, 1) == []
    (found,) = topic
    assert "belongs into 1" in found.passed_over


def test_of_an_id_defined_twice_the_older_counts(topic):
    put(topic, 1, defined("a", "site1", added_at=8))
    put(topic, 3, defined("a", "site3", added_at=7))
    assert (owned(topic, 1), owned(topic, 3)) == ([], ["a"])
    assert [one.passed_over for one in topic.of("a")] == ["defined twice: the one in partition 3 was added first", None]


def test_of_two_that_were_added_at_once_the_lowest_partition_counts(topic):
    put(topic, 3, defined("a", "site3"))
    put(topic, 1, defined("a", "site1"))
    assert (owned(topic, 1), owned(topic, 3)) == (["a"], [])


def test_a_misplaced_definition_displaces_none(topic):
    put(topic, 0, defined("a", "site1", added_at=1))
    put(topic, 1, defined("a", "site1", added_at=2))
    assert topic.polled("a").partition == 1


def test_a_kind_that_a_later_release_knows_is_shown_never_polled(topic):
    put(topic, 1, defined("a", "site1", kind="mail"))
    assert topic.polled("a") is None
    assert "kind mail" in topic.of("a")[0].passed_over


def test_what_can_not_be_understood_leaves_what_was_known_and_is_neither_there_nor_removed(topic):
    put(topic, 1, defined("a", "site1"))
    for source in (b"a", b"b"):
        with pytest.raises(BrokerRefused):
            topic.absorb(1, source, b'{"v":9}')
    assert owned(topic, 1) == ["a"]
    assert sorted(topic.unreadable) == ["a", "b"]
    put(topic, 1, defined("a", "site1"))
    topic.absorb(1, b"b", None)
    assert topic.unreadable == {}
