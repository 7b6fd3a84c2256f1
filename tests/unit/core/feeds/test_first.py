"""The first document of a source: what `initial` passes over, and when it is no longer the first."""

from unit.core.feeds.polling import DAY, Shard, deleted, entry, source

OLD = entry("old", headline="Old", body="o", date="2022-12-31")
NEW = entry("new", headline="New", body="n", date="2023-01-02")
UNDATED = entry("undated", headline="Undated", body="u")


def test_skip_passes_over_the_first_document_and_nothing_after_it():
    shard = Shard(source(initial="skip"))
    assert shard.poll("one", OLD, NEW) == {"skipped": 2}
    assert shard.poll("one", OLD, NEW, UNDATED) == {"unchanged": 2, "created": 1}
    assert shard.events[0].value["provenance"]["mode"] == "live"


def test_since_a_date_passes_over_what_is_known_to_be_older():
    shard = Shard(source(initial="2023-01-01"))
    assert shard.poll("one", OLD, NEW, UNDATED) == {"skipped": 1, "created": 2}


def test_the_first_change_of_what_was_passed_over_is_created_with_version_1():
    shard = Shard(source(initial="skip"))
    shard.poll("one", OLD)
    shard.restart()
    changed = entry("old", headline="Old", body="changed", date="2022-12-31")
    assert shard.poll("one", changed, after=DAY) == {"created": 1}
    (event,) = shard.new
    assert (event.version, event.value["item"]["firstCreated"]) == (1, "2023-11-14T22:13:20Z")
    assert shard.poll("one", OLD) == {"updated": 1}


def test_under_updates_none_what_was_passed_over_stays_so():
    shard = Shard(source(initial="skip", updates="none"))
    shard.poll("one", OLD)
    assert shard.poll("one", entry("old", headline="Old", body="changed")) == {"skipped": 1}
    assert shard.poll("one", entry("old", headline="Old", body="changed again")) == {"skipped": 1}


def test_what_was_never_published_is_not_withdrawn():
    shard = Shard(source(initial="skip"))
    shard.poll("one", OLD)
    assert shard.poll("one", deleted("old")) == {"unchanged": 1}
    assert shard.memory.remembered("one") == 0


def test_a_crash_within_the_first_document_leaves_it_the_first():
    shard = Shard(source())
    shard.poll("one", OLD, NEW, parts=1, most=1)
    assert not shard.memory.head("one").initial_done
    assert shard.poll("one", OLD, NEW) == {"unchanged": 1, "created": 1}
    assert shard.events[-1].value["provenance"]["mode"] == "initial"
    assert shard.memory.head("one").initial_done


def test_an_empty_first_document_was_the_first():
    shard = Shard(source(initial="skip"))
    assert shard.poll("one") == {}
    assert shard.poll("one", NEW) == {"created": 1}
