"""The oracle of polled feeds: what may be missing, what may not, and every other wrong turns it red."""

import json

import pytest
from contract.oracle import Verdict
from feeds.oracle import events, judged, shown

from worker.broker.port import Stored

ONE = ("a", "1")
SHOWN, EDITED, REVERTED, PROVEN = (
    {"shown": "a", "states": {"1": "1"}},
    {"shown": "a", "states": {"1": "2"}},
    {"shown": "a", "states": {"1": "1"}},
    {"proven": "a"},
)
DELETED = {"shown": "a", "states": {"1": "withdrawn"}}


def verdict(ledger, *states):
    return judged(shown(ledger), [(ONE, state) for state in states])


@pytest.mark.parametrize(
    ("ledger", "states"),
    [
        ([SHOWN], ()),
        ([SHOWN], ("1",)),
        ([SHOWN, PROVEN], ("1",)),
        ([SHOWN, EDITED, PROVEN], ("2",)),
        ([SHOWN, EDITED, PROVEN], ("1", "2")),
        ([SHOWN, PROVEN, EDITED, REVERTED, PROVEN], ("1",)),
        ([SHOWN, PROVEN, EDITED, PROVEN, REVERTED, PROVEN], ("1", "2", "1")),
        ([SHOWN, DELETED, PROVEN], ()),
        ([SHOWN, DELETED, PROVEN], ("1", "withdrawn")),
    ],
)
def test_what_was_not_proven_may_be_missing_and_all_else_is_clean(ledger, states):
    assert verdict(ledger, *states).clean


@pytest.mark.parametrize(
    ("ledger", "states", "wrong"),
    [
        ([SHOWN, PROVEN], (), Verdict(lost=((ONE, 0),))),
        ([SHOWN, PROVEN, EDITED, PROVEN], ("2",), Verdict(lost=((ONE, 0),))),
        ([SHOWN, EDITED, REVERTED, PROVEN], ("1", "2"), Verdict(lost=((ONE, 2),))),
        ([SHOWN, DELETED, PROVEN], ("1",), Verdict(lost=((ONE, 1),))),
        ([SHOWN, PROVEN], ("1", "1"), Verdict(twice=((ONE, 0),))),
        ([SHOWN, PROVEN], ("1", "2"), Verdict(invented=((ONE, "2, which was never shown"),))),
        ([SHOWN, EDITED, PROVEN], ("2", "1"), Verdict(out_of_order=(ONE,))),
    ],
)
def test_what_went_wrong_is_told_apart(ledger, states, wrong):
    assert verdict(ledger, *states) == wrong


def test_a_feed_that_nobody_can_prove_to_have_taken_in_counts_when_the_test_knows():
    assert judged(shown([SHOWN], finished=["a"]), []).lost


def test_versions_and_ids_are_checked_too():
    got, wrong = events(
        [
            event("id", 1, "1"),
            event("id", 3, "2"),
            event("other", 1, "3"),
            event("id", 4, None),
        ]
    )
    assert got == [(ONE, "1"), (ONE, "2"), (ONE, "3"), (ONE, "withdrawn")]
    assert wrong == ["id: version 3 after 1", "('a', '1') has 2 articleIds"]


def event(article_id, version, revision):
    item = {"pubStatus": "canceled"} if revision is None else {"bodies": [{"value": f"text\n\nref a/1/{revision}"}]}
    value = json.dumps({"articleId": article_id, "version": version, "item": item, "source": {"kind": "feed"}}).encode()
    return Stored("news.articles.v1", 0, 0, 0, b"", value, ())
