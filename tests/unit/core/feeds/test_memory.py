"""What a shard remembers, in stored form: restored as it was, or refused; never taken for empty."""

from __future__ import annotations

import struct
from dataclasses import replace

import orjson
import pytest
from unit.core.feeds.polling import DAY, START, Shard, entry, source

from worker.core import identity
from worker.core.feeds import ShardMemory, pages
from worker.core.feeds.entry import STRIDE, Entry, hashed, packed, unpacked
from worker.core.feeds.head import dumped, loaded
from worker.errors import BrokerRefused
from worker.model import Fault, FaultKind, Head, Validators

HEAD, PAGE = b'["head","one"]', b'["page","one",0]'


def numbered(count):
    return [entry(f"guid-{n}", headline=f"Headline {n}", body="b") for n in range(count)]


@pytest.fixture
def shard():
    shard = Shard(source())
    shard.poll("one", *numbered(400))
    return shard


def restored(committed):
    memory = ShardMemory("another")
    for key, value in committed.items():
        memory.absorb(key, value)
    memory.restored()
    return memory


def test_an_entry_takes_no_more_than_100_bytes_and_comes_back_as_it_was():
    found = Entry(bytes(range(16)), version=2**32 - 1, left=20_000, cap_count=65_535, stale=3, flags=0x8001)
    assert len(packed(found)) == STRIDE <= 100
    assert unpacked(packed(found) * 2, 1) == found


def test_the_packed_form_is_the_one_that_earlier_releases_wrote():
    names = [bytes([number]) * size for number, size in enumerate((16, 16, 8, 8, 8, 8, 4, 4, 4), 1)]
    found = Entry(*names, 10, 11, 12, 13, 14, 15, 16, 17)
    numbers = struct.pack("<IIIHHHBH", 10, 11, 12, 13, 14, 15, 16, 17)
    assert packed(found) == b"".join(names) + numbers


def test_memory_comes_back_as_it_was_stored(shard):
    assert shard.committed.keys() == {HEAD, *(f'["page","one",{n}]'.encode() for n in range(3))}
    assert max(map(len, shard.committed.values())) <= 16_000
    memory = restored(shard.committed)
    assert memory.held("one").entries == shard.memory.held("one").entries
    assert memory.head("one") == shard.memory.head("one")
    assert memory.remembered("one") == 400
    assert memory.records(0) == []


def test_only_pages_that_changed_are_written(shard):
    items = numbered(400)
    items[200] = entry("guid-200", headline="Changed", body="b")
    for _ in shard.deciding("one", *items):
        assert [record.key for record in shard.memory.records(0)] == [HEAD, b'["page","one",1]']


def test_a_page_that_is_no_longer_needed_is_tombstoned_and_memory_stays_whole(shard):
    items = numbered(400)[150:300]
    shard.poll("one", *items)
    shard.poll("one", *items, after=30 * DAY)
    assert shard.committed.keys() == {HEAD, PAGE}
    assert restored(shard.committed).held("one").entries == shard.memory.held("one").entries
    assert shard.poll("one", *items) == {"unchanged": 150}


def test_the_entry_that_takes_the_place_of_one_that_is_forgotten_is_written_there():
    shard, items = Shard(source()), numbered(200)
    for number in (200, 199, 199):
        shard.poll("one", *items[200 - number :], after=15 * DAY)
    shard.poll("one", *items[1:], after=15 * DAY)
    assert shard.memory.remembered("one") == 199
    assert restored(shard.committed).held("one").entries == shard.memory.held("one").entries


def test_a_head_comes_back_with_all_its_members():
    head = Head(
        "token", 7, Validators("https://example.org", 'W/"1"', None), b"b" * 16, True, "Title", 60, "https://example.org/new",
        "https://example.org/old",
        ("https://example.org/newer", 2), 1, 2, Fault(FaultKind.DNS, "no such host", None, 1.5), 3, 4, 5, True, True, True,
        1, 1, 9, 10,
    )  # fmt: skip
    assert loaded(dumped(head, "example.org", 3)) == (head, "example.org", 3)
    assert loaded(dumped(Head(), "example.org", 0)) == (Head(), "example.org", 0)


def test_members_and_kinds_of_fault_that_a_later_release_added_are_skipped():
    value = dumped(replace(Head(), faults=2), "example.org", 0)
    members = {**orjson.loads(value[1:]), "later": [1], "fault": ["eclipse", "the sun is out", None, None]}
    head, _, _ = loaded(value[:1] + orjson.dumps(members))
    assert (head.faults, head.fault) == (2, None)


def test_what_a_later_release_appended_to_an_entry_is_skipped_and_its_pages_are_written_anew(shard):
    stride, per_page, entries = STRIDE + 3, 100, bytes(shard.memory.held("one").entries)
    committed = {HEAD: shard.committed[HEAD]}
    for number in range(4):
        slots = range(number * per_page, (number + 1) * per_page)
        body = b"".join(entries[slot * STRIDE : (slot + 1) * STRIDE] + b"new" for slot in slots)
        committed[f'["page","one",{number}]'.encode()] = struct.pack("<BHH", 1, stride, per_page) + body + b"tail"
    shard.committed = committed
    shard.restart()
    assert shard.memory.held("one").entries == entries
    shard.poll("one", *numbered(400))
    assert restored(shard.committed).held("one").entries == shard.memory.held("one").entries
    assert len(shard.committed) == 4


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        (HEAD, b"\x02{}", "newer"),
        (HEAD, b"", "damaged"),
        (HEAD, b"\x01{", "damaged"),
        (HEAD, b"\x01[]", "damaged"),
        (HEAD, b'\x01{"site":"x"}', "damaged"),
        (HEAD, b'\x01{"site":"x","entries":0,"validators":3}', "damaged"),
        (HEAD, None, "not those that its head speaks of"),
        (PAGE, b"\x02" + bytes(4), "newer"),
        (PAGE, b"\x01", "damaged"),
        (PAGE, struct.pack("<BHH", 1, 97, 2) + bytes(97), "damaged"),
        (PAGE, struct.pack("<BHH", 1, 96, 1) + bytes(96), "damaged"),
        (PAGE, struct.pack("<BHH", 1, 97, 1) + bytes(97), "not those that its head speaks of"),
        (PAGE, None, "not those that its head speaks of"),
    ],
)
def test_a_source_whose_record_cannot_be_read_is_refused_alone_and_left_alone(shard, key, value, said):
    shard.define(source("two"))
    shard.poll("two", *numbered(1))
    untouched = dict(shard.committed)
    shard.memory = memory = restored({**shard.committed, key: value})
    assert said in memory.refused["one"]
    assert memory.refused.keys() == {"one"}
    assert memory.head("one") is None
    for definition in shard.definitions.values():
        memory.define(definition)
    assert memory.to_remove(START) == []
    assert shard.poll("two", *numbered(2)) == {"unchanged": 1, "created": 1}
    assert all(shard.committed[one] is untouched[one] for one in untouched if b"one" in one)


def test_a_damaged_record_that_was_written_over_since_counts_no_more(shard):
    memory = ShardMemory("another")
    for records in ({HEAD: b"\x09", PAGE: b""}, shard.committed):
        for key, value in records.items():
            memory.absorb(key, value)
    memory.restored()
    assert memory.refused == {}


@pytest.mark.parametrize(
    ("key", "value"),
    [(b"\x00", b""), (b"7", b""), (b'["head"]', b""), (b'["shard"]', b"\x02"), (b'["shard"]', b"")],
)
def test_what_is_nobodys_or_the_shards_own_refuses_the_shard_until_it_is_taken_out(key, value):
    with pytest.raises(BrokerRefused, match=r"news\.checkpoints"):
        restored({key: value})
    memory = ShardMemory("token")
    for taken in (value, None):
        memory.absorb(key, taken)
    memory.restored()


def test_kinds_of_records_that_a_later_release_adds_are_passed_over(shard):
    memory = restored(
        {**shard.committed, b'["push","one"]': b"\x09", b'["shard"]': b'\x01{"inbox":3,"outcomes":[],"later":1}'}
    )
    assert memory.remembered("one") == 400


def test_every_writing_of_a_head_has_the_token_of_its_process_and_is_counted(shard):
    assert (shard.memory.head("one").token, shard.memory.head("one").count) == ("token", 2)
    shard.memory = restored(shard.committed)
    shard.memory.define(source())
    shard.poll("one", *numbered(1))
    assert (shard.memory.asked("one").token, shard.memory.asked("one").count) == ("another", 3)


def test_a_source_is_not_moved_to_another_site(shard):
    shard.memory.define(replace(source(), site="example.net"))
    assert "example.org" in shard.memory.refused["one"]


def test_a_source_that_was_never_polled_leaves_nothing_behind():
    shard = Shard(source())
    shard.remove("one")
    assert (list(shard.memory.sources()), shard.committed) == ([], {})


def test_one_that_is_added_again_just_as_it_is_forgotten_begins_anew(shard):
    shard.remove("one")
    shard.memory.forget("one")
    shard.define(source())
    assert shard.poll("one", *numbered(2)) == {"created": 2}
    assert shard.committed.keys() == {HEAD, PAGE}


@pytest.mark.parametrize("by", ["id", "key", "link"])
def test_nothing_that_still_shows_it_brings_back_what_was_forgotten_for_good(by):
    shard = Shard(source())
    found = entry("guid", link="https://example.org/a", headline="A")
    article = identity.article_id("source:one", "guid", "guid")
    key = identity.binary(article)[:8] if by == "key" else bytes(8)
    link = hashed(("link", "example.org/a")) if by == "link" else bytes(8)
    named = article if by == "id" else identity.article_id("source:one", "guid", "its first guid")
    shard.committed[identity.canonical(["forgotten", named])] = b"\x01" + key + link + b"room for more"
    shard.restart()
    assert shard.poll("one", found, entry("else", headline="B")) == {"skipped": 1, "created": 1}
    assert shard.poll("one", found) == {"skipped": 1}


@pytest.mark.parametrize("value", [b"", b"\x01short", b"\x02" + bytes(16)])
def test_a_forgotten_mark_that_cannot_be_read_refuses_the_shard(value):
    with pytest.raises(BrokerRefused):
        restored({identity.canonical(["forgotten", identity.article_id("a", "b", "c")]): value})


def test_a_page_has_room_for_what_it_holds():
    assert pages.CAPACITY * STRIDE + 5 <= 16_000
