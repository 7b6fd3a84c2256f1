"""Events and rejections as records: how large they are."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.core import event
from worker.model import Article, Mode, Source

ID, HASH = "a" * 36, "b" * 32
RUN = "c" * 16  # as a replay makes them
LATEST = 253402300799999  # the last millisecond of the year 9999
# Each byte takes the most that it can, wherever the name stands.
LONGEST = "\x01" * event.LONGEST_DATASET
NAMES = st.text(min_size=1, max_size=event.LONGEST_DATASET // 4)


def added(dataset, run=RUN):
    """What a record has besides the three parts that the reader's process has measured."""
    name = f"dataset:{dataset}"
    article = Article(ID, HASH, "", b'{"a":1', b'"b":2', b'{"c":3', 1)
    record = event.created(article, Source(name, "dataset", name), LATEST, run)
    whole = len(record.key) + len(record.value) + sum(len(name) + len(value) for name, value in record.headers)
    return whole - len(article.item) - len(article.rest) - len(article.provenance) - len("}}")


@pytest.mark.parametrize("dataset", [LONGEST, "%" * event.LONGEST_DATASET, "ü" * (event.LONGEST_DATASET // 2)])
def test_what_is_added_to_an_article_has_room_with_the_longest_name_of_a_data_set(dataset):
    assert len(dataset.encode()) >= event.LONGEST_DATASET - 1
    assert added(dataset) <= event.OVERHEAD


@given(NAMES)
def test_no_other_name_takes_more(dataset):
    assert added(dataset) <= added(LONGEST)
    assert added(dataset, run=None) < added(dataset)


@pytest.mark.parametrize("changed", [(), ("headline", "body", "published")])
def test_what_is_added_to_a_polled_article_has_room_besides_its_key(changed):
    article = Article("d" * 36, HASH, "", b'{"uri":"urn:uuid:' + b"d" * 36 + b'"', b'"b":2', b'{"c":3', 1)
    known = event.Known(ID, 2**32, HASH, LATEST // 1000, Mode.BACKFILL, "", (2**32 - 1, HASH), changed)
    record = event.polled(article, known, LONGEST, LATEST)
    whole = len(record.key) + len(record.value) + sum(len(name) + len(value) for name, value in record.headers)
    assert whole - len(article.item) - len(article.rest) - len(article.provenance) - len("}}") <= event.OVERHEAD


def test_a_polled_article_is_told_by_the_id_that_memory_knows_it_by():
    article = Article("d" * 36, HASH, "", b'{"uri":"urn:uuid:' + b"d" * 36 + b'","a":1', b'"b":2', b'{"c":3', 1)
    known = event.Known(ID, 1, HASH, 0, Mode.LIVE, 'a "key"', None)
    value = orjson.loads(event.polled(article, known, "gazette", LATEST).value)
    assert value["articleId"] == ID
    assert value["item"] == {"uri": f"urn:uuid:{ID}", "a": 1, "version": "1", "firstCreated": "1970-01-01T00:00:00Z"}
    assert value["provenance"] == {"c": 3, "mode": "live", "entryKey": 'a "key"'}
    assert "previous" not in value
