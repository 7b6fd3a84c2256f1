"""How records become batches: a partition's in order, within its topic's limit, refused before anything is sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.broker.kafka.batches import batched
from worker.broker.kafka.topics import Topics
from worker.broker.port import Layout
from worker.errors import RecordRefused
from worker.model import Record, Topic

LIMIT = 10_000
TOPICS = Topics({topic: Layout(f"p.{topic}", 4, 1, {"max.message.bytes": str(LIMIT)}) for topic in Topic})


class Batch(list):
    def append(self, **record):
        super().append(record)
        return record


def record(size=10, key=b"k", topic=Topic.ARTICLES, partition_by=b"k", headers=()):
    return Record(topic, key, bytes(size), headers, 1_700_000_000_000, partition_by)


def test_a_partition_has_one_batch_as_long_as_its_records_fit():
    (only,) = batched([record(partition_by=b"%d" % number) for number in range(100)], TOPICS, Batch)
    assert sorted((one.name, one.partition) for one in only) == [("p.news.articles.v1", number) for number in range(4)]
    assert sum(len(one.batch) for one in only) == 100


def test_what_is_over_the_limit_goes_into_further_rounds():
    rounds = batched([record(LIMIT // 2)] * 5 + [record(topic=Topic.REPLAYS)], TOPICS, Batch)
    assert [[one.topic for one in each] for each in rounds] == [
        [Topic.ARTICLES, Topic.REPLAYS],
        *[[Topic.ARTICLES]] * 4,
    ]


def test_a_record_over_its_topics_limit_is_refused():
    most = TOPICS.max_record_bytes(Topic.ARTICLES)
    assert batched([record(most - 1)], TOPICS, Batch)
    with pytest.raises(RecordRefused, match=f"{most:,} of news.articles.v1"):
        batched([record(), record(most)], TOPICS, Batch)


def test_a_batch_takes_what_the_record_says():
    made = Record(Topic.REJECTS, b"k", None, (("n", b"1"), ("n", b"2")), 1_700_000_000_000, b"p")
    (((batch),),) = batched([made], TOPICS, Batch)
    assert batch.batch == [
        {"timestamp": 1_700_000_000_000, "key": b"k", "value": None, "headers": [("n", b"1"), ("n", b"2")]}
    ]


@given(st.lists(st.tuples(st.integers(0, LIMIT - 1_100), st.integers(0, 20))))
def test_order_within_a_partition_is_kept_and_no_batch_is_over_the_limit(drawn):
    given_ = [record(size, key=b"%d" % number, partition_by=b"%d" % who) for number, (size, who) in enumerate(drawn)]
    rounds = batched(given_, TOPICS, Batch)
    got = {}
    for each in rounds:
        assert len({one.partition for one in each}) == len(each)
        for one in each:
            assert sum(len(added["value"]) for added in one.batch) <= LIMIT
            got.setdefault(one.partition, []).extend(int(added["key"]) for added in one.batch)
    for partition, numbers in got.items():
        assert numbers == [
            number
            for number, one in enumerate(given_)
            if TOPICS.partition_of(Topic.ARTICLES, one.partition_by) == partition
        ]
