"""When an entry that is seen again is a new version: raw and content, stale copies, the day's cap, `updates`, rejections."""

import hashlib

from unit.core.feeds.polling import DAY, START, Shard, deleted, entry, source

NEXT_DAY = DAY - START % DAY


def told(body, **traits):
    return entry("a", headline="A", body=body, **traits)


def test_other_markup_around_the_same_text_is_no_version():
    shard = Shard(source())
    shard.poll("one", told("text", raw="<p>text</p>"))
    assert shard.poll("one", told("text", raw="<div>text</div>")) == {"unchanged": 1}


def test_other_text_from_the_same_markup_is_taken_over_in_silence():
    shard = Shard(source())
    shard.poll("one", told("text", raw="<p>text</p>"))
    assert shard.poll("one", told("a newer normaliser's text", raw="<p>text</p>")) == {"unchanged": 1}
    assert shard.poll("one", told("a newer normaliser's text", raw="<b>text</b>")) == {"unchanged": 1}
    assert shard.poll("one", told("changed", raw="<p>changed</p>")) == {"updated": 1}


def test_what_changed_is_said():
    shard = Shard(source())
    shard.poll("one", entry("a", headline="A", body="b", date="2023-01-09"))
    shard.poll("one", entry("a", headline="B", body="b", date="2023-01-10"))
    assert shard.new[0].value["changed"] == ["headline", "published"]


def test_a_stale_copy_is_retried_and_believed_at_the_third_poll():
    shard = Shard(source())
    shard.poll("one", told("new", updated=2_000))
    for _ in range(2):
        assert shard.poll("one", told("old", updated=1_000)) == {"retried": 1}
        assert shard.memory.head("one").validators is None
        shard.restart()
    assert shard.poll("one", told("old", updated=1_000)) == {"updated": 1}
    assert shard.poll("one", told("older still", updated=900)) == {"retried": 1}


def test_a_stale_copy_that_gives_way_leaves_no_trace():
    shard = Shard(source())
    shard.poll("one", told("new", updated=2_000))
    for _ in range(3):
        shard.poll("one", told("old", updated=1_000))
        assert shard.poll("one", told("new", updated=2_000)) == {"unchanged": 1}
    assert shard.memory.head("one").validators is not None
    assert len(shard.events) == 1


def test_over_the_cap_a_change_waits_for_the_day_to_end():
    shard = Shard(source(daily_updates=2))
    shard.poll("one", told("0"))
    fates = [shard.poll("one", told(str(number))) for number in range(1, 5)]
    assert fates == [{"updated": 1}] * 2 + [{"retried": 1}] * 2
    assert (shard.memory.head("one").validators, shard.memory.head("one").body) == (None, b"")
    shard.restart()
    assert shard.poll("one", told("4"), after=NEXT_DAY) == {"updated": 1}
    assert shard.events[-1].version == 4


def test_what_the_cap_kept_back_until_it_left_the_feed_is_counted_as_capped():
    shard = Shard(source(daily_updates=1))
    for body in "012":
        shard.poll("one", told(body))
    assert shard.poll("one") == {"capped": 1}
    assert shard.poll("one") == {}


def test_a_withdrawal_is_exempt_from_the_cap():
    shard = Shard(source(daily_updates=0))
    shard.poll("one", told("0"))
    assert shard.poll("one", deleted("a")) == {"withdrawn": 1}
    assert shard.poll("one", told("0")) == {"updated": 1}


def test_a_withdrawn_article_that_is_shown_again_is_updated_even_if_it_says_the_same():
    shard = Shard(source())
    shard.poll("one", told("0"))
    shard.poll("one", deleted("a"))
    assert shard.poll("one", told("0")) == {"updated": 1}
    (event,) = shard.new
    assert (event.version, event.value["previous"]["version"], event.value["changed"]) == (3, 2, [])
    assert shard.poll("one", deleted("a")) == {"withdrawn": 1}


def test_coming_back_is_no_update_that_the_cap_counts():
    shard = Shard(source(daily_updates=1))
    shard.poll("one", told("0"))
    shard.poll("one", deleted("a"))
    shard.poll("one", told("0"))
    assert shard.poll("one", told("1")) == {"updated": 1}
    assert shard.poll("one", told("2")) == {"retried": 1}


def test_under_updates_none_what_the_broker_refused_is_created_once_it_says_something_else():
    shard = Shard(source(updates="none"))
    shard.poll("one", told("0"), refused={1})
    assert shard.poll("one", told("1")) == {"created": 1}


def test_with_updates_none_changes_are_skipped_and_only_the_first_version_is_published():
    shard = Shard(source(updates="none"))
    shard.poll("one", told("0"))
    assert shard.poll("one", told("1")) == {"skipped": 1}
    assert shard.poll("one", told("1")) == {"unchanged": 1}
    assert shard.poll("one", deleted("a")) == {"withdrawn": 1}


def test_what_updates_none_passed_over_is_no_change_once_they_are_wanted():
    shard = Shard(source(updates="none"))
    shard.poll("one", told("0"))
    shard.poll("one", told("1"))
    shard.define(source(updates="all"))
    assert shard.poll("one", told("1")) == {"unchanged": 1}
    assert shard.poll("one", told("2")) == {"updated": 1}
    assert shard.new[0].version == 2


def test_a_rejected_entry_is_rejected_once_not_once_a_poll():
    shard = Shard(source())
    assert shard.poll("one", entry("a", rejected="<item/>")) == {"rejected": 1}
    shard.restart()
    assert shard.poll("one", entry("a", rejected="<item/>")) == {"unchanged": 1}
    assert shard.poll("one", entry("a", rejected="<item> </item>")) == {"rejected": 1}
    assert [found["reject_code"] for found in shard.rejections] == [b"empty", b"empty"]


def test_memory_holds_the_beginning_of_the_digest_of_what_was_rejected():
    shard = Shard(source())
    shard.poll("one", entry("a", rejected="<item/>"))
    assert shard.memory.held("one").get(0).raw == hashlib.sha256(b"<item/>").digest()[:8]


def test_a_rejected_entry_that_heals_is_created():
    shard = Shard(source())
    shard.poll("one", entry("a", rejected="<item/>"))
    assert shard.poll("one", told("healed")) == {"created": 1}


def test_an_article_that_is_rejected_for_a_while_goes_on_with_its_versions():
    shard = Shard(source())
    shard.poll("one", told("0"))
    assert shard.poll("one", entry("a", rejected="<item/>")) == {"rejected": 1}
    assert shard.poll("one", told("0")) == {"unchanged": 1}
    shard.poll("one", entry("a", rejected="<item/>"))
    assert shard.poll("one", told("1")) == {"updated": 1}
    assert shard.new[0].version == 2


def test_a_rejection_that_has_no_keys_is_known_by_its_digest():
    shard = Shard(source())
    broken = entry(rejected="null")
    assert shard.poll("one", broken) == {"rejected": 1}
    assert shard.poll("one", broken) == {"unchanged": 1}


def test_an_article_that_the_broker_refuses_is_rejected_and_not_tried_again():
    shard = Shard(source())
    assert shard.poll("one", told("0"), refused={1}) == {"rejected": 1}
    assert shard.poll("one", told("0")) == {"unchanged": 1}
    assert shard.poll("one", told("1")) == {"created": 1}
    assert [found["reject_code"] for found in shard.rejections] == [b"refused"]
