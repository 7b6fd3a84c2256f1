"""What applying lists would change of what is defined."""

from dataclasses import replace

import pytest

from worker.core.sources.difference import Kind, Wanted, compare
from worker.core.sources.urls import source_id
from worker.model import Definition

URL = "https://news.example/feed"
KNOWN = Definition("gazette", URL, "news.example", 5, title="The Gazette", interval_s=900)


def wanted(url=URL, source=None, where="feeds, line 1", *, whole=False, **given):
    return Wanted(url, where, source, given, whole)


def kinds(plan):
    return [(one.definition.id, one.kind.value) for one in plan.differences]


def only(plan):
    assert plan.wrong == ()
    (one,) = plan.differences
    return one


def wrong(plan):
    (one,) = plan.wrong
    return one.message


def test_a_new_source_gets_id_and_site_of_its_url():
    added = only(compare([wanted()], [], 9))
    assert (added.kind, added.definition) == (Kind.ADDED, Definition(source_id(URL), URL, "news.example", 9))


def test_a_url_alone_leaves_the_options_as_they_are():
    same = only(compare([wanted("HTTPS://News.Example/feed#top")], [KNOWN], 9))
    assert (same.kind, same.definition) == (Kind.SAME, KNOWN)


def test_a_title_that_a_list_gives_is_taken():
    changed = only(compare([wanted(title="New Gazette")], [KNOWN], 9))
    assert (changed.kind, changed.definition) == (Kind.CHANGED, replace(KNOWN, title="New Gazette"))
    assert changed.changes == ("title The Gazette → New Gazette",)


def test_what_a_source_stated_wholly_leaves_out_is_as_by_default():
    changed = only(compare([wanted(whole=True)], [KNOWN], 9))
    assert changed.definition == Definition("gazette", URL, "news.example", 5)
    assert changed.changes == ("title The Gazette → (none)", "interval 15m → 30m")


def test_a_source_keeps_its_id_and_the_time_it_was_added_when_its_url_changes():
    changed = only(compare([wanted("https://www.news.example/rss", "gazette")], [KNOWN], 9))
    assert changed.definition == replace(KNOWN, url="https://www.news.example/rss")


def test_a_source_is_not_moved_to_another_site_and_what_to_do_is_said():
    plan = compare([wanted("https://other.example/feed", "gazette")], [KNOWN], 9)
    assert "`news-worker sources remove gazette`" in wrong(plan)
    assert "--initial skip" in wrong(plan)


def test_a_site_that_the_list_of_suffixes_sees_otherwise_today_is_kept():
    known = replace(KNOWN, site="example")
    assert only(compare([wanted("https://news.example/rss", "gazette")], [known], 9)).definition.site == "example"


def test_what_is_in_no_list_is_missing():
    plan = compare([wanted("https://b.example/f", "b")], [KNOWN], 9)
    assert kinds(plan) == [("b", "added"), ("gazette", "missing")]


def test_a_feed_in_two_folders_is_one():
    twice = [wanted(folder=("News",)), wanted(folder=("Local",))]
    assert only(compare(twice, [], 9)).definition.folder == ("News",)


def test_two_of_an_id_that_say_otherwise_are_a_mistake():
    plan = compare([wanted(where="a, line 1", interval_s=60), wanted(where="b, line 2", interval_s=90)], [], 9)
    assert [one.definition.interval_s for one in plan.differences] == [60]
    assert plan.wrong[0].where == "b, line 2"
    assert "a, line 1" in wrong(plan)


def test_one_with_an_id_and_one_by_its_url_are_the_same_source():
    plan = compare([wanted(source="gazette", whole=True), wanted()], [], 9)
    assert kinds(plan) == [("gazette", "added")]


def test_records_are_of_what_is_added_or_changed_and_removal_only_when_pruned():
    plan = compare([wanted("https://b.example/f", "b")], [KNOWN], 9)
    assert [(one.key, one.value is None) for one in plan.records(9)] == [(b"b", False)]
    pruned = plan.records(9, prune=True)
    assert [(one.key, one.value is None, one.partition_by) for one in pruned] == [
        (b"b", False, b"b.example"),
        (b"gazette", True, b"news.example"),
    ]


@pytest.mark.parametrize("order", [1, -1])
def test_the_plan_is_in_the_order_of_the_lists(order):
    given = [wanted("https://b.example/f", "b"), wanted("https://a.example/f", "a")][::order]
    assert kinds(compare(given, [], 9)) == [("b", "added"), ("a", "added")][::order]
