"""Events and rejections as records: how large they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.core import event
from worker.model import Article, Source

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
