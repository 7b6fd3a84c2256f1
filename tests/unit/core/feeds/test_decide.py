"""What becomes of the entries of a polled feed: new, unchanged, changed, gone."""

from unit.core.feeds.polling import DAY, Shard, deleted, entry, source

A = entry("a", link="https://example.org/a", headline="A", body="first")
B = entry("b", link="https://example.org/b", headline="B", body="second")
B_CHANGED = entry("b", link="https://example.org/b", headline="B", body="second, mended")


def test_what_is_new_is_created_and_what_is_known_is_unchanged():
    shard = Shard(source())
    assert shard.poll("one", A) == {"created": 1}
    assert shard.poll("one", A, B) == {"unchanged": 1, "created": 1}
    assert [event.headline for event in shard.events] == ["A", "B"]
    assert [event.value["provenance"]["mode"] for event in shard.events] == ["initial", "live"]
    assert [event.value["provenance"]["entryKey"] for event in shard.events] == ["a", "b"]


def test_a_change_is_the_next_version_and_says_what_changed_since_which():
    shard = Shard(source())
    shard.poll("one", A, B)
    assert shard.poll("one", A, B_CHANGED, after=DAY) == {"unchanged": 1, "updated": 1}
    (event,) = shard.new
    before = shard.events[1]
    assert (event.article, event.version, event.value["changed"]) == (before.article, 2, ["body"])
    assert event.value["previous"] == {"version": 1, "contentHash": before.hash}
    assert event.value["item"]["firstCreated"] == before.value["item"]["firstCreated"]


def test_a_b_a_is_three_events_and_a_crash_is_none():
    shard = Shard(source())
    for found in (B, B_CHANGED, B):
        shard.poll("one", found)
        shard.restart()
        shard.poll("one", found)
    assert [(event.kind, event.version) for event in shard.events] == [("created", 1), ("updated", 2), ("updated", 3)]
    assert shard.events[0].hash == shard.events[2].hash
    assert len({event.id for event in shard.events}) == 3


def test_what_is_deleted_is_withdrawn_once_with_the_last_content():
    shard = Shard(source())
    shard.poll("one", A, B)
    assert shard.poll("one", A, deleted("b")) == {"unchanged": 1, "withdrawn": 1}
    (event,) = shard.new
    assert (event.kind, event.version, event.hash) == ("withdrawn", 2, shard.events[1].hash)
    assert event.value["item"] == {"uri": f"urn:uuid:{event.article}", "pubStatus": "canceled"}
    assert shard.poll("one", A, deleted("b")) == {"unchanged": 2}
