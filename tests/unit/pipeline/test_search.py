"""The search for an article that the broker refuses: smaller transactions, until it is alone, or alone of its record."""

import pytest

from worker.errors import BrokerRefused, RecordRefused
from worker.pipeline.search import Search

ERROR = RecordRefused("too large")


@pytest.fixture
def search():
    return Search(suspect=("a", 10))


def test_transactions_are_halved_until_one_article_is_alone_and_it_is_known(search):
    halved = []
    for transaction in (9, 4, 2, 1):
        search.narrow(transaction, ERROR)
        halved.append(search.most)
    assert halved == [4, 2, 1, None]
    assert search.refused("a") == {10}
    assert not search.refused("b")


def test_of_articles_that_can_only_be_published_together_each_is_tried_in_place_of_the_one_before(search):
    search.most = 1
    for tried in (1, 2, 3):
        search.narrow(3, ERROR)
        assert search.which("a") == {10: tried}
        assert search.most == 1
    with pytest.raises(BrokerRefused):
        search.narrow(3, ERROR)


def test_a_rejection_that_is_refused_too_is_no_article_s_fault(search):
    search.most = 1
    search.narrow(1, ERROR)
    search.most = 1
    with pytest.raises(BrokerRefused):
        search.narrow(1, ERROR)


def test_they_grow_again_once_one_went_well(search):
    search.narrow(64, ERROR)
    for most in (64, 128, 256, None):
        search.widen()
        assert search.most == most
    search.done("a")
    assert not search.refused("a")
