"""What can't be read of a shard, taken out: what can be stays, and nothing is published twice for it."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from unit.core.feeds.polling import DAY, SITE, START, Shard, entry, source

from worker.core import identity
from worker.core.feeds import ShardMemory
from worker.core.feeds.entry import STRIDE
from worker.core.feeds.repair import cleared, damage, left_of, mended
from worker.core.feeds.restore import Restoring

HEAD, PAGES = b'["head","one"]', [f'["page","one",{number}]'.encode() for number in range(3)]


def numbered(count, headline="Headline"):
    return [entry(f"guid-{n}", headline=f"{headline} {n}", body="b") for n in range(count)]


@pytest.fixture
def shard():
    shard = Shard(source())
    shard.poll("one", *numbered(400))
    return shard


def found(committed):
    restoring = Restoring()
    for key, value in committed.items():
        restoring.absorb(key, value)
    return damage(restoring)


def repair(shard, site=SITE):
    broken = found(shard.committed)
    for name in broken.sources:
        shard.commit(mended(broken, name, site, 0, START))
    shard.restart()


@pytest.mark.parametrize(
    ("key", "value", "kept"),
    [
        (PAGES[0], b"\x09", 236),
        (PAGES[2], b"", 328),
        (PAGES[1], None, 236),
        (HEAD, b"\x01{", 400),
        (HEAD, None, 400),
    ],
)
def test_what_can_be_read_is_kept_and_what_was_lost_is_passed_over(shard, key, value, kept):
    shard.committed[key] = value
    shard.restart()
    assert shard.memory.refused.keys() == {"one"}

    repair(shard)
    assert shard.memory.refused == {}
    assert shard.memory.remembered("one") == kept
    assert shard.memory.asked("one").validators is None
    assert shard.poll("one", *numbered(401)) == {"unchanged": kept, "skipped": 401 - kept}
    assert shard.new == []
    assert shard.poll("one", *numbered(402)) == {"unchanged": 401, "created": 1}


def test_an_article_that_is_still_remembered_goes_on_with_its_versions(shard):
    shard.committed[PAGES[1]] = b"\x09"
    repair(shard)
    shard.poll("one", entry("guid-0", headline="Changed", body="b"))
    assert [(event.kind, event.version) for event in shard.new] == [("updated", 2)]


def test_a_source_that_was_repaired_stays_so_when_it_is_restored_before_its_next_document(shard):
    shard.committed[HEAD] = b"\x09"
    repair(shard)
    shard.restart()
    assert shard.poll("one", entry("new", headline="N")) == {"skipped": 1}
    shard.restart()
    assert shard.poll("one", entry("new", headline="N"), entry("newer", headline="M")) == {"unchanged": 1, "created": 1}


def test_pages_that_are_filled_unevenly_are_stored_as_this_release_fills_them(shard):
    body = bytes(shard.memory.held("one").entries)
    for number in range(4):
        part = body[number * 100 * STRIDE : (number + 1) * 100 * STRIDE]
        shard.committed[f'["page","one",{number}]'.encode()] = struct.pack("<BHH", 1, STRIDE, 100) + part
    shard.committed[HEAD] = b""
    repair(shard)
    assert shard.memory.remembered("one") == 400
    assert len([key for key in shard.committed if b"page" in key]) == 3


def test_an_article_in_two_pages_is_kept_once(shard):
    shard.committed[b'["page","one",3]'] = shard.committed[PAGES[0]]
    assert len(left_of(found(shard.committed), "one")) == 400 * STRIDE


def test_of_a_source_that_is_not_defined_nothing_stays(shard):
    shard.committed[PAGES[1]] = b"\x09"
    del shard.definitions["one"]
    repair(shard, site=None)
    assert shard.committed == {}


def test_the_siblings_of_a_source_that_is_repaired_lose_nothing_and_publish_nothing(shard):
    shard.define(source("two"))
    shard.poll("two", *numbered(2))
    shard.committed[HEAD] = b"\x09"
    repair(shard)
    assert shard.poll("two", *numbered(3)) == {"unchanged": 2, "created": 1}
    assert shard.poll("one", *numbered(2), after=DAY) == {"unchanged": 2}


def test_what_belongs_to_no_source_is_taken_out_and_the_shard_is_read_again(shard):
    article = identity.article_id("a", "b", "c")
    mark = identity.canonical(["forgotten", article])
    wrong = {
        b"\x00": b"",
        b'["head"]': b"",
        b'["shard"]': b"\x09",
        mark: b"\x09",
        b'["forgotten","x"]': b"\x01" + bytes(16),
    }
    broken = found({**shard.committed, **wrong})
    assert broken.records.keys() == wrong.keys()
    assert broken.sources == {}

    memory = ShardMemory("another")
    records = [(key, value) for key, value in {**shard.committed, **wrong}.items()]
    for key, value in [*records, *((record.key, record.value) for record in cleared(broken.records, 0, START, 7))]:
        memory.absorb(key, value)
    memory.restored()
    assert memory.remembered("one") == 400
    assert memory.forgot(identity.binary(article), bytes(8))
    assert memory.inbox.position == 7


def test_a_sound_shard_has_nothing_to_repair(shard):
    shard.define(replace(source("two"), site="example.net"))
    assert (found(shard.committed).sources, found(shard.committed).records) == ({}, {})
