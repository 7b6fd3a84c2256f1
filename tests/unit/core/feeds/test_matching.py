"""Which entry is which: keys, drift, and feeds whose guids or links say nothing."""

import json
import uuid

import pytest
from unit.core.feeds.polling import DAY, SITE, Shard, deleted, entry, source

from worker import contract
from worker.core import identity
from worker.core.identity import article_id

A = uuid.uuid5(uuid.NAMESPACE_URL, "urn:news-worker:articles:v1")


def vectors(name):
    return json.loads((contract.schema_folder() / "vectors" / f"{name}.json").read_text())["cases"]


def canonical(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def url(path):
    return f"https://{SITE}/{path}"


def numbered(count, guid="", link="", body=""):
    """Entries that differ; `{}` in guid and link stands for their number."""
    return [
        entry(guid.format(n) or None, link=link.format(n) or None, headline=f"Headline {n}", body=f"{body} {n}")
        for n in range(count)
    ]


def test_a_guid_that_drifts_keeps_its_article_id():
    shard = Shard(source())
    shard.poll("one", entry("guid-1", link=url("a"), headline="A", body="b"))
    assert shard.poll("one", entry("guid-2", link=url("a"), headline="A", body="b")) == {"unchanged": 1}
    assert shard.poll("one", entry("guid-2", link=url("moved"), headline="New", body="new")) == {"updated": 1}
    assert {event.article for event in shard.events} == {article_id("source:one", "guid", "guid-1")}


def test_a_guid_that_drifts_while_the_body_is_edited_is_known_by_its_headline():
    shard = Shard(source())
    shard.poll("one", entry("guid-1", link=url("a"), headline="A", body="b"))
    assert shard.poll("one", entry("guid-2", link=url("a"), headline="A", body="c")) == {"updated": 1}
    assert shard.new[0].value["provenance"]["entryKey"] == "guid-2"
    assert shard.new[0].value["item"]["uri"] == f"urn:uuid:{article_id('source:one', 'guid', 'guid-1')}"


def test_another_guid_headline_and_body_behind_a_known_link_are_another_article():
    shard = Shard(source())
    shard.poll("one", entry("guid-1", link=url("a"), headline="A", body="b"))
    assert shard.poll("one", entry("guid-2", link=url("a"), headline="B", body="c")) == {"created": 1}


def test_what_stood_side_by_side_is_never_one():
    shard = Shard(source())
    first = entry("guid-1", link=url("a"), headline="Weather", body="Rain")
    second = entry("guid-2", link=url("a"), headline="Weather", body="Sun")
    assert shard.poll("one", first, second) == {"created": 2}
    assert shard.poll("one", entry("guid-3", link=url("a"), headline="Weather", body="Fog")) == {"created": 1}


def test_a_link_is_no_match_while_the_remembered_guid_is_still_there():
    shard = Shard(source())
    first = entry("guid-1", link=url("a"), headline="A", body="b")
    shard.poll("one", first)
    moved = entry("guid-1", link=url("b"), headline="A", body="b")
    assert shard.poll("one", moved, entry("guid-2", link=url("a"), headline="A", body="b")) == {
        "unchanged": 1,
        "created": 1,
    }


def test_a_link_that_drifts_under_the_same_guid_changes_nothing():
    shard = Shard(source())
    shard.poll("one", entry("guid-1", link=url("a"), headline="A", body="b"))
    assert shard.poll("one", entry("guid-1", link=url("z?id=7"), headline="A", body="b")) == {"unchanged": 1}


def test_without_a_guid_the_link_names_an_entry_whatever_it_says():
    shard = Shard(source())
    shard.poll("one", entry(link="http://www.example.org/a/?utm_source=feed", headline="A", body="b"))
    assert shard.poll("one", entry(link=url("a"), headline="B", body="c")) == {"updated": 1}
    assert shard.events[0].article == article_id("site:example.org", "link", "example.org/a")


def test_a_feed_that_gets_guids_keeps_its_ids():
    shard = Shard(source())
    shard.poll("one", *numbered(3, link=url("{}")))
    assert shard.poll("one", *numbered(3, guid="new-{}", link=url("{}"))) == {"unchanged": 3}


def test_guids_that_are_all_the_same_are_flagged_and_stay_so():
    shard = Shard(source())
    assert shard.poll("one", *numbered(4, guid="same", link=url("{}"))) == {"created": 4}
    assert shard.memory.head("one").guids_unusable
    shard.restart()
    # Alone it would be unique, and the next entry would be taken for a change of it.
    shard.poll("one", entry("same", link=url("x"), headline="X", body="x"))
    assert shard.poll("one", entry("same", link=url("y"), headline="Y", body="y")) == {"created": 1}


def test_guids_new_at_every_poll_publish_nothing_twice_and_are_flagged():
    shard = Shard(source())
    for poll in range(4):
        expected = {"unchanged": 4} if poll else {"created": 4}
        assert shard.poll("one", *numbered(4, guid=f"poll-{poll}-{{}}", link=url("{}"))) == expected
    assert shard.memory.head("one").guids_unusable
    assert shard.poll("one", entry("poll-5-0", link=url("0"), headline="Changed", body="as well")) == {"updated": 1}


def test_a_site_that_moves_once_is_not_flagged():
    shard = Shard(source())
    for guid in ("old-{}", "new-{}", "new-{}", "newest-{}", "newest-{}"):
        shard.poll("one", *numbered(4, guid=guid, link=url("{}")))
    assert not shard.memory.head("one").guids_unusable
    assert len(shard.events) == 4


def test_guids_and_links_both_new_at_every_poll_publish_nothing_twice():
    shard = Shard(source())
    for poll in range(4):
        items = numbered(4, guid=f"{poll}-{{}}", link=url(f"{{}}?session={poll}"))
        assert shard.poll("one", *items) == ({"unchanged": 4} if poll else {"created": 4})
    assert shard.memory.head("one").guids_unusable
    assert shard.memory.head("one").links_unusable


def test_links_that_all_lead_to_the_home_page_name_nothing():
    shard = Shard(source())
    items = [entry(link=url(""), headline=f"Notice {n}", date="2023-01-09", body="Read more") for n in range(3)]
    assert shard.poll("one", *items) == {"created": 3}
    assert shard.poll("one", *reversed(items)) == {"unchanged": 3}
    assert len({event.article for event in shard.events}) == 3
    key = identity.headline_key("Notice 0", "2023-01-09")
    assert shard.events[0].article == article_id("source:one", "headline", key)


def test_links_that_are_all_the_same_are_flagged_and_stay_so():
    shard = Shard(source())
    shard.poll("one", *numbered(3, link=url("news")))
    assert shard.memory.head("one").links_unusable
    shard.poll("one", entry(link=url("news"), headline="X", body="x"))
    assert shard.poll("one", entry(link=url("news"), headline="Y", body="y")) == {"created": 1}


def test_a_guid_that_two_entries_share_names_neither():
    shard = Shard(source())
    first, second = (entry("shared", link=url(name), headline=name, body=name) for name in "ab")
    shard.poll("one", first)
    assert shard.poll("one", first, second) == {"unchanged": 1, "created": 1}
    assert shard.poll("one", second) == {"unchanged": 1}


def test_entries_without_any_key_are_told_apart_by_what_they_say():
    shard = Shard(source())
    items = [entry(headline="One"), entry(headline="Two")]
    assert shard.poll("one", *items) == {"created": 2}
    assert shard.poll("one", *items) == {"unchanged": 2}


def test_a_guid_that_comes_back_after_it_drifted_away_is_still_the_same_article():
    shard = Shard(source())
    for guid in ("guid-1", "guid-2", "guid-1"):
        shard.poll("one", entry(guid, link=url("a"), headline="A", body="b"))
    assert shard.poll("one", entry("guid-1", headline="Other", body="words")) == {"updated": 1}
    assert len({event.article for event in shard.events}) == 1


def test_a_guid_that_comes_back_beside_the_article_that_it_drifted_away_from_is_another_article():
    shard = Shard(source())
    drifted = entry("guid-2", link=url("a"), headline="A", body="b")
    shard.poll("one", entry("guid-1", link=url("a"), headline="A", body="b"))
    shard.poll("one", drifted)
    assert shard.poll("one", drifted, entry("guid-1", link=url("c"), headline="C", body="d")) == {
        "unchanged": 1,
        "created": 1,
    }
    assert shard.new[0].article == article_id("site:example.org", "link", "example.org/c")


@pytest.mark.parametrize("guid", ["https://example.org/a", "https://news.example.org/a?x=1"])
def test_a_guid_that_is_a_url_of_the_site_counts_for_the_site_any_other_for_the_source(guid):
    shard = Shard(source())
    shard.poll("one", entry(guid, headline="A"), entry("https://example.net/a", headline="B"), entry("7", headline="C"))
    scopes = ["site:example.org", "source:one", "source:one"]
    guids = [guid, "https://example.net/a", "7"]
    expected = [article_id(scope, "guid", one) for scope, one in zip(scopes, guids, strict=True)]
    assert [event.article for event in shard.events] == expected


def test_a_deletion_counts_only_if_the_document_does_not_show_the_entry():
    shard = Shard(source())
    found = entry("a", headline="A", body="b")
    shard.poll("one", found)
    assert shard.poll("one", deleted("a"), found) == {"unchanged": 2}
    assert shard.poll("one", deleted("never seen")) == {"unchanged": 1}
    assert shard.poll("one", deleted("a"), after=DAY) == {"withdrawn": 1}


@pytest.mark.parametrize("case", vectors("feeds"), ids=lambda case: case["why"])
def test_entries_are_the_articles_that_the_vectors_say(case):
    shard = Shard(source("gazette"))
    for poll in case["polls"]:
        found = [entry(**{name: one[name] for name in one if name not in ("of", "articleId")}) for one in poll]
        shard.poll("gazette", *found)
        held = shard.memory.held("gazette")
        shown = {
            one.raw: identity.written(one.article) for slot in range(held.count) if not (one := held.get(slot)).left
        }
        assert [shown[one.traits.raw] for one in found] == [one["articleId"] for one in poll]
        assert [one["articleId"] for one in poll] == [str(uuid.uuid5(A, canonical(one["of"]))) for one in poll]
        shard.restart()
