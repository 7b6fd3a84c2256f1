"""Feeds of one site that show the same article: one article, one owner, nothing doubled, nothing lost."""

import pytest
from unit.core.feeds.polling import DAY, SITE, Shard, deleted, entry, source

from worker.core.feeds import faulted, outcomes, removed
from worker.core.feeds.commands import Asked, carried_out
from worker.core.feeds.inbox import Command, State
from worker.model import Fault, FaultKind


def told(body, **traits):
    return entry(f"https://{SITE}/a", headline="A", body=body, **traits)


OTHER = entry("https://example.org/other", headline="Other", body="o")


@pytest.fixture
def shard():
    """Both show the article, `one` has published it."""
    shard = Shard(source("one"), source("two"))
    shard.poll("one", told("0"))
    assert shard.poll("two", told("0")) == {"unchanged": 1}
    return shard


def fault(shard, name, kind=FaultKind.DNS):
    parts = list(faulted(shard.definitions[name], shard.memory, Fault(kind, "-"), shard.now))
    if parts:
        shard.commit(())


def test_an_article_in_two_feeds_is_created_once(shard):
    assert [(event.kind, event.version) for event in shard.events] == [("created", 1)]


def test_each_feed_has_its_own_variant_and_only_the_owners_change_is_an_event(shard):
    assert shard.poll("two", told("0, a teaser")) == {"unchanged": 1}
    assert shard.poll("one", told("0")) == {"unchanged": 1}
    assert shard.poll("one", told("1")) == {"updated": 1}
    assert shard.poll("two", told("1")) == {"unchanged": 1}
    assert len(shard.events) == 2


def test_an_owner_that_drops_the_article_yields_to_a_sibling_that_shows_it(shard):
    shard.poll("one", OTHER)
    shard.restart()
    assert shard.poll("two", told("1")) == {"updated": 1}
    assert shard.new[0].version == 2
    assert shard.poll("one", OTHER, told("1")) == {"unchanged": 2}


def test_a_yielded_article_that_says_what_was_published_is_no_event(shard):
    shard.poll("one", OTHER)
    assert shard.poll("two", told("0")) == {"unchanged": 1}
    assert len(shard.events) == 2


def test_a_change_seen_first_by_who_did_not_own_it_arrives_with_ownership(shard):
    assert shard.poll("two", told("1")) == {"unchanged": 1}
    shard.poll("one", OTHER)
    shard.restart()
    head = shard.memory.head("two")
    assert (head.validators, head.body) == (None, b"")  # the document is needed once more
    assert shard.poll("two", told("1")) == {"updated": 1}
    assert shard.new[0].value["changed"] == ["body"]
    assert shard.poll("two", told("1")) == {"unchanged": 1}


def test_a_mark_that_the_owner_has_published_meanwhile_is_no_event(shard):
    shard.poll("two", told("1"))
    shard.poll("one", told("1"))
    shard.poll("one", told("2"))
    shard.poll("one", OTHER)
    assert shard.poll("two", told("1")) == {"unchanged": 1}
    assert [event.version for event in shard.events if event.article == shard.events[0].article] == [1, 2, 3]


def test_an_edit_that_comes_with_the_move_to_another_feed_is_an_update():
    shard = Shard(source("one"), source("two"))
    shard.poll("one", told("0"))
    shard.poll("one", OTHER)
    assert shard.poll("two", told("1")) == {"updated": 1}
    assert shard.new[0].value["changed"] == ["body"]


def test_the_lowest_id_that_shows_it_is_the_heir():
    shard = Shard(source("d"), source("c"), source("b"), source("a"))
    for name in "dcba":
        shard.poll(name, told("0"))
    shard.poll("a", OTHER)
    shard.poll("d", OTHER)
    assert shard.poll("c", told("1")) == {"unchanged": 1}
    assert shard.poll("b", told("1")) == {"updated": 1}


@pytest.mark.parametrize("kind", [FaultKind.GONE, FaultKind.DNS])
def test_a_feed_that_is_gone_or_a_day_in_fault_yields_what_it_owns(shard, kind):
    fault(shard, "one", kind)
    if kind is FaultKind.DNS:
        assert shard.poll("two", told("early")) == {"unchanged": 1}
        shard.poll("two", told("0"))
        shard.now += DAY
        fault(shard, "one", kind)
    assert shard.poll("two", told("1")) == {"updated": 1}


def test_a_feed_that_answers_again_after_days_of_faults_owns_what_no_other_took_over():
    shard = Shard(source("one"), source("two"))
    shard.poll("one", told("0"))
    fault(shard, "one")
    shard.now += 2 * DAY
    fault(shard, "one")
    assert shard.poll("one", told("1")) == {"updated": 1}
    assert shard.poll("two", told("2")) == {"unchanged": 1}


def test_a_removed_feed_hands_over_at_once_and_is_forgotten_after_a_week(shard):
    shard.remove("one")
    assert shard.poll("two", told("1")) == {"updated": 1}
    shard.now += 6 * DAY
    shard.tidy()
    assert b'["head","one"]' in shard.committed
    shard.now += DAY
    shard.tidy()
    assert {key for key in shard.committed if b"one" in key} == set()
    shard.restart()
    assert shard.poll("two", told("2")) == {"updated": 1}


def test_a_feed_that_is_added_again_within_the_week_remembers_its_articles(shard):
    shard.remove("one")
    shard.define(source("one"))
    shard.now += 8 * DAY
    shard.tidy()
    assert shard.poll("one", told("0")) == {"unchanged": 1}


@pytest.mark.parametrize("days", [0, 8])
def test_a_feed_that_is_added_again_while_it_is_handed_over_or_forgotten_stays(shard, monkeypatch, days):
    if days:
        shard.remove("one")
        shard.now += days * DAY
    shard.memory.undefine("one")
    monkeypatch.setattr(outcomes, "_MOST", 1)
    parts = removed("one", shard.memory, shard.now)
    next(parts)
    shard.commit(())
    shard.define(source("one"))
    for _ in parts:
        shard.commit(())
    assert shard.memory.head("one").removed_at == 0
    assert shard.poll("one", told("0")) == {"unchanged": 1}
    shard.restart()
    assert shard.memory.remembered("one") == 1


def test_a_withdrawn_article_comes_back_only_from_the_source_that_withdrew_it(shard):
    assert shard.poll("one", deleted("https://example.org/a")) == {"withdrawn": 1}
    assert shard.poll("two", told("1")) == {"unchanged": 1}
    assert shard.poll("two", told("2")) == {"unchanged": 1}
    assert shard.poll("one", told("2")) == {"updated": 1}
    assert shard.new[0].version == 3


def test_a_siblings_deletion_drops_only_its_own_variant(shard):
    assert shard.poll("two", deleted("https://example.org/a")) == {"unchanged": 1}
    assert shard.memory.remembered("two") == 0
    assert shard.poll("one", told("1")) == {"updated": 1}


def test_a_withdrawn_article_stays_withdrawn_for_the_others_when_it_is_forgotten(shard):
    shard.poll("one", deleted("https://example.org/a"))
    for _ in range(4):
        shard.poll("one", OTHER, after=10 * DAY)
        assert shard.poll("two", told("0")) == {"unchanged": 1}
    assert shard.memory.remembered("one") == 1
    assert shard.poll("two", told("1")) == {"unchanged": 1}


def test_a_removed_feed_that_withdrew_an_article_leaves_it_withdrawn(shard):
    shard.poll("one", deleted("https://example.org/a"))
    shard.remove("one")
    shard.now += 7 * DAY
    shard.tidy()
    shard.restart()
    assert shard.poll("two", told("1")) == {"unchanged": 1}
    shard.define(source("three"))
    assert shard.poll("three", told("1")) == {"unchanged": 1}


def test_what_one_feed_passed_over_another_publishes():
    shard = Shard(source("one", initial="skip"), source("two"))
    assert shard.poll("one", told("0")) == {"skipped": 1}
    assert shard.poll("two", told("0")) == {"created": 1}
    assert shard.poll("one", told("1")) == {"unchanged": 1}
    assert shard.poll("two", told("1")) == {"updated": 1}


def test_a_feed_that_is_added_with_skip_takes_over_in_silence():
    shard = Shard(source("one"))
    shard.poll("one", told("0"))
    shard.poll("one", OTHER)
    shard.define(source("two", initial="skip"))
    assert shard.poll("two", told("another variant")) == {"unchanged": 1}
    assert shard.poll("two", told("changed")) == {"updated": 1}


def test_what_a_sibling_passed_over_earlier_was_first_observed_then():
    shard = Shard(source("one", initial="skip"), source("two"))
    shard.poll("one", told("0"))
    shard.poll("two", told("0"), after=DAY)
    assert shard.new[0].value["item"]["firstCreated"] == "2023-11-14T22:13:20Z"


def test_who_cannot_read_the_entry_is_no_heir(shard):
    shard.define(source("zero"))
    shard.poll("two", entry(f"https://{SITE}/a", rejected="<item/>"))
    shard.poll("zero", told("0"))
    shard.poll("one", OTHER)
    assert shard.poll("zero", told("1")) == {"updated": 1}


def test_what_heals_at_who_does_not_own_it_is_no_change(shard):
    shard.define(source("three"))
    shard.poll("three", entry(f"https://{SITE}/a", rejected="<item/>"))
    assert shard.poll("three", told("its own variant")) == {"unchanged": 1}
    shard.remove("two")
    shard.remove("one")
    assert shard.poll("three", told("its own variant")) == {"unchanged": 1}
    assert shard.poll("three", told("changed")) == {"updated": 1}


def test_the_days_cap_goes_with_ownership():
    shard = Shard(source("one", daily_updates=1), source("two", daily_updates=1))
    shard.poll("one", told("0"))
    shard.poll("two", told("0"))
    shard.poll("one", told("1"))
    shard.poll("one", OTHER)
    assert shard.poll("two", told("2")) == {"retried": 1}


def test_feeds_of_other_sites_have_nothing_to_do_with_it(shard):
    elsewhere = source("three")
    shard.define(type(elsewhere)("three", "https://example.net/feed", "example.net", 0))
    assert shard.poll("three", told("0")) == {"created": 1}


def ask(shard, name, source_id):
    """A command carried out, its parts committed."""
    answer = carried_out(Asked(Command("c", name, source_id, {}), shard.memory, shard.now, 0))
    for part in answer.before:
        shard.commit(part.records)
    return answer.state


def test_a_paused_source_hands_over_what_another_shows_and_its_change_there_is_the_next_version(shard):
    assert ask(shard, "pause", "one") is State.DONE
    shard.restart()
    assert shard.memory.paused("one")
    assert shard.poll("two", told("1")) == {"updated": 1}
    assert ask(shard, "resume", "one") is State.DONE
    assert shard.poll("one", told("1")) == {"unchanged": 1}
    assert [event.version for event in shard.events] == [1, 2]


def test_a_resumed_source_takes_over_what_nobody_live_owns(shard):
    for name in ("two", "one"):
        assert ask(shard, "pause", name) is State.DONE
    assert ask(shard, "resume", "two") is State.DONE
    assert shard.poll("two", told("1")) == {"updated": 1}
    assert [event.version for event in shard.events] == [1, 2]
