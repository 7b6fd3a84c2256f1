"""An article taken down by its shard's owner: once, and nothing that still shows it brings it back."""

from __future__ import annotations

import orjson
import pytest
from unit.core.feeds.polling import DAY, SITE, START, Shard, entry, source

from worker.core import event, identity
from worker.core.feeds.entry import hashed
from worker.core.feeds.forget import forget
from worker.core.feeds.pages import Mark, dumped_mark, loaded_mark
from worker.core.feeds.repair import damage, mended
from worker.core.feeds.restore import Restoring
from worker.core.takedown import Published, Sought
from worker.model import Mode

LINK = f"https://{SITE}/a"


def shown(headline="A", guid=LINK, link=LINK):
    return entry(guid, link=link, headline=headline, body="b")


@pytest.fixture
def shard():
    shard = Shard(source("one"), source("two"))
    shard.poll("one", shown(), entry("else", headline="Else"))
    return shard


def published(shard, **changes):
    """As the command finds it in the topic."""
    last = shard.events[0]
    members = {
        "article_id": last.article,
        "version": last.version,
        "content_hash": last.hash,
        "withdrawn": False,
        "source": {"id": "one", "kind": "feed", "site": SITE},
        "mode": Mode.INITIAL,
        "entry_key": identity.guid_form(LINK),
        "run": None,
        "guid": LINK,
        "link": LINK,
        "headline": "A",
    }
    return Published(**{**members, **changes})


def take_down(shard, **changes):
    """The records that it comes to, as kinds of events and tombstones."""
    part = forget(published(shard, **changes), shard.memory, shard.now)
    if part is None:
        return None
    stones = [record for record in part.records if record.value is None]
    assert part.records[-1:] == tuple(stones)
    shard.new = []
    shard.commit(part.records[:-1])
    return [(one.kind, one.version) for one in shard.new]


def test_it_is_withdrawn_with_the_next_version_and_the_content_that_it_last_had(shard):
    shard.poll("one", shown("Changed"))
    assert take_down(shard) == [("withdrawn", 3)]
    (withdrawn,) = shard.new
    assert withdrawn.hash == shard.events[-2].hash
    assert withdrawn.value["item"] == {"uri": f"urn:uuid:{withdrawn.article}", "pubStatus": "canceled"}
    assert withdrawn.value["previous"] == {"version": 2, "contentHash": withdrawn.hash}
    assert event.violation(withdrawn.value) is None


def test_it_is_done_once_and_stays_so_after_a_restart(shard):
    assert take_down(shard) == [("withdrawn", 2)]
    for _ in range(2):
        assert take_down(shard) is None
        shard.restart()


def test_it_is_taken_down_once_more_if_it_was_seen_published_since_and_still_known_by_what_it_was(shard):
    first = forget(published(shard), shard.memory, shard.now, 3)
    shard.commit(first.records[:-1])
    shard.restart()
    assert forget(published(shard), shard.memory, shard.now, 3) is None
    again = forget(published(shard, version=1, link=None), shard.memory, shard.now, 9)
    assert [orjson.loads(one.value)["version"] if one.value else None for one in again.records] == [2, None]
    shard.commit(())
    shard.restart()
    assert forget(published(shard), shard.memory, shard.now, 9) is None
    assert shard.memory.forgot(b"", hashed(("link", published(shard).compared_link())))


def test_a_mark_as_the_release_before_stored_it_answers_for_no_event_and_that_release_skips_what_came_since():
    mark = Mark(b"k" * 8, b"l" * 8, 5)
    assert loaded_mark(dumped_mark(mark)) == mark
    assert loaded_mark(dumped_mark(mark)[:17]) == Mark(mark.key, mark.link)


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("by", ["one", "two"])
def test_neither_its_source_nor_a_sibling_brings_it_back(shard, restart, by):
    shard.poll("two", shown(), entry("other", headline="Other"))
    take_down(shard)
    if restart:
        shard.restart()
    for headline in ("A", "Changed"):
        shard.poll(by, shown(headline), after=DAY)
        assert shard.new == []
    assert [shard.memory.remembered(name) for name in ("one", "two")] == [1, 1]


def test_a_source_that_is_removed_and_added_again_under_another_id_does_not_bring_it_back(shard):
    take_down(shard)
    shard.remove("one")
    shard.now += 8 * DAY
    shard.tidy()
    shard.define(source("three"))
    assert shard.poll("three", shown("Again", guid="a guid of its own"), entry("n", headline="N")) == {
        "skipped": 1,
        "created": 1,
    }


def test_what_names_it_by_now_is_kept_out_too():
    shard = Shard(source("one"))
    shard.poll("one", entry("first", headline="A", body="b"))
    take_down(shard, entry_key="second", guid="second", link=None)
    assert shard.poll("one", entry("second", headline="A", body="b")) == {"skipped": 1}


def test_a_link_that_other_articles_share_forgets_none_of_them():
    shard = Shard(source("one"))
    live = [entry(f"{LINK}#{number}", link=LINK, headline=f"H{number}", body=f"{number}") for number in range(3)]
    shard.poll("one", *live)
    take_down(shard, guid=f"{LINK}#0", entry_key=f"{LINK}#0")
    shard.poll("one", *live[1:])
    shard.define(source("two"))
    new = entry(f"{LINK}#9", link=LINK, headline="H9", body="9")
    assert shard.poll("two", new) == {"created": 1}


def test_what_its_source_has_withdrawn_itself_gets_but_the_tombstone(shard):
    from unit.core.feeds.polling import deleted

    shard.poll("one", entry("else", headline="Else"), deleted(LINK))
    assert take_down(shard) == []
    shard.poll("one", shown("Back"))
    assert shard.new == []


def test_what_no_source_remembers_is_withdrawn_as_the_topic_has_it():
    shard = Shard()
    asked = {"article_id": identity.article_id("topic:up", "id", "7"), "version": 1, "content_hash": "a" * 32}
    asked["source"] = {"id": "up-0-2", "kind": "feed", "site": "topic:up/0/2"}
    asked |= {"withdrawn": False, "mode": Mode.LIVE, "entry_key": "7", "run": None, "guid": "7", "link": LINK}
    part = forget(Published(**asked, headline=None), shard.memory, START)
    assert [record.key for record in part.records] == [asked["article_id"].encode()] * 2
    assert orjson.loads(part.records[0].value)["version"] == 2
    assert shard.memory.forgot(identity.binary(asked["article_id"]), b"")


def test_a_source_that_could_not_be_read_meanwhile_is_repaired_without_it(shard):
    key = b'["page","one",0]'
    sound, shard.committed[key] = shard.committed[key], b"\x09"
    shard.restart()
    take_down(shard)
    shard.committed |= {key: sound, b'["page","one",1]': b"\x09"}
    restoring = Restoring()
    for name, value in shard.committed.items():
        restoring.absorb(name, value)
    shard.commit(mended(damage(restoring), "one", SITE, 0, START))
    shard.restart()
    assert shard.memory.remembered("one") == 1
    shard.poll("one", shown("Changed"))
    assert shard.new == []


def test_an_article_is_told_by_what_its_partition_has_since_it_last_began(shard):
    sought = Sought(shard.events[0].article)
    shard.poll("one", shown("Changed"), after=DAY)
    for one in shard.events:
        sought.absorb(one.article.encode(), orjson.dumps(one.value), START, 7)
    assert sought.versions == [("created", 1, START), ("updated", 2, START)]
    assert (sought.last.headline, sought.gone, sought.seen) == ("Changed", False, 7)
    sought.absorb(shard.events[0].article.encode(), None, START, 8)
    assert (sought.last, sought.versions, sought.gone, sought.seen) == (None, [], True, -1)
