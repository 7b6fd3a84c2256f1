"""A document in several parts: nothing says that it is done before all of it is."""

from unit.core.feeds.polling import Shard, deleted, entry, source

ITEMS = [entry(f"guid-{n}", headline=f"Headline {n}", body="b") for n in range(5)]


def test_validators_and_body_hash_come_with_the_last_part_and_are_gone_before():
    shard = Shard(source())
    shard.poll("one", ITEMS[0])
    assert shard.memory.head("one").validators is not None
    shard.poll("one", *ITEMS, parts=1, most=2)
    head = shard.memory.head("one")
    assert (head.validators, head.body) == (None, b"")
    assert shard.poll("one", *ITEMS) == {"unchanged": 3, "created": 2}
    assert shard.memory.head("one").body != b""


def test_a_crash_between_any_two_parts_loses_and_doubles_nothing():
    for crash in range(1, 7):
        shard = Shard(source())
        shard.poll("one", *ITEMS, parts=crash, most=1)
        assert len(shard.events) == min(crash, 5)
        shard.poll("one", *ITEMS, most=1)
        assert [event.headline for event in shard.events] == [f"Headline {n}" for n in range(5)]


def test_a_version_that_a_crash_and_a_revert_hide_is_published_all_the_same():
    shard = Shard(source())
    shard.poll("one", ITEMS[0], ITEMS[1])
    shard.poll("one", entry("guid-0", headline="Changed"), entry("guid-1", headline="Changed"), parts=1, most=1)
    assert shard.memory.asked("one").validators is None  # so the reverted document comes whole
    assert shard.poll("one", ITEMS[0], ITEMS[1]) == {"updated": 1, "unchanged": 1}


def test_the_fates_of_all_parts_add_up_to_the_documents_items():
    shard = Shard(source())
    shard.poll("one", *ITEMS[:3])
    items = [*ITEMS[1:], entry("broken", rejected="<item/>"), deleted("guid-0"), deleted("unknown")]
    fates = shard.poll("one", *items, most=1)
    assert fates == {"unchanged": 3, "created": 2, "rejected": 1, "withdrawn": 1}


def test_an_article_that_stands_twice_in_a_document_is_one():
    shard = Shard(source())
    twice = entry(headline="No key at all")
    assert shard.poll("one", twice, twice) == {"created": 1, "unchanged": 1}


def test_the_head_keeps_what_the_feed_says_of_itself():
    shard = Shard(source())
    shard.poll("one", *ITEMS, title="The Gazette")
    shard.restart()
    head = shard.memory.head("one")
    assert (head.title, head.largest_window) == ("The Gazette", 5)
