"""The scoring itself: what agrees is right, what is planted is found."""

from pathlib import Path

import pytest
from accuracy import score, strict
from accuracy.compare import ENTRIES, FIELDS, IDS, INSTANTS, LINKS, TITLES, compared
from accuracy.product import Read
from accuracy.strict import Stated

DOCUMENTS = Path(__file__).parent.parent / "golden" / "documents"
SEALS = Stated(
    "seals-1", frozenset({"https://a.example/seals"}), frozenset({"Sealscounted"}), 1_673_258_400, "a date", "1"
)
READ = Read("seals-1", "https://a.example/seals", "Sealscounted", 1_673_258_400)


@pytest.mark.parametrize("name", ["news.rss", "news.atom"])
def test_our_own_feeds_are_read_as_they_are_by_the_letter(name):
    form, found = score.judged(DOCUMENTS / name)
    assert form == "well-formed"
    assert found.stated[ENTRIES] > 0
    assert not found.examples


def test_what_is_no_feed_by_the_letter_is_left_out():
    assert score.judged(DOCUMENTS / "month.txt")[0] is None
    assert strict.read(b"<html/>", "https://a.example/") is None


def test_two_readings_that_agree_are_right_in_everything():
    found = compared([SEALS], [READ])
    assert [found.right(name) for name in FIELDS] == [1.0] * 5
    assert score.missed("well-formed", found) == []


def test_absent_and_wrong_are_told_apart():
    found = compared([SEALS, SEALS], [Read("seals-1"), Read("seals-2", "https://b.example/", "Seals", 1_673_258_401)])
    assert (found.absent[TITLES], found.absent[LINKS], found.absent[IDS], found.absent[INSTANTS]) == (1, 1, 0, 1)
    assert (found.wrong[TITLES], found.wrong[LINKS], found.wrong[IDS], found.wrong[INSTANTS]) == (1, 1, 1, 1)
    assert "wrong instants" in score.missed("well-formed", found)


def test_a_missing_and_a_phantom_entry_both_count():
    other = Stated("seals-2", frozenset(), frozenset(), None, None, "2")
    assert compared([SEALS, other], [READ]).absent[ENTRIES] == 1
    assert compared([SEALS], [READ, Read("phantom", title="Nested")]).wrong[ENTRIES] == 1


@pytest.mark.parametrize(
    ("date", "instant"),
    [
        ("Mon, 09 Jan 2023 10:00:00 GMT", 1_673_258_400),
        ("9 Jan 2023 11:00 +0100", 1_673_258_400),
        ("2023-01-09T10:00:00.5Z", 1_673_258_400),
        ("2023-01-09T05:00-05:00", 1_673_258_400),
        ("Mon, 09 Jan 2023 10:00:00", None),
        ("Mon, 09 Jan 2023 10:00:00 CST", None),
        ("Mon, 31 Feb 2023 10:00:00 GMT", None),
        ("2023-01-09", None),
        ("", None),
    ],
)
def test_an_instant_is_stated_only_by_the_letter(date, instant):
    assert strict.instant(date) == instant
