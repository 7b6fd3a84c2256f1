"""A rejected entry decided once more: from the bytes that were kept, while it is remembered as just that, and once."""

from __future__ import annotations

import hashlib

import orjson
import pytest

from worker.core import event
from worker.core.feeds import Answered, ShardMemory, decide
from worker.core.feeds.redrive import asked_anew, document_of, kept, redriven
from worker.core.read import read
from worker.core.sources.definitions import source_of
from worker.model import Definition, Document, Fate, Fetched, Format, Topic

NOW = 1_700_000_000_000
DEFINITION = Definition("harbour", "https://harbour.example/feed", "harbour.example", 0)
SMALL, LARGE = 2_100, 1_000_000  # bytes that an event may have: in the first none has room
RSS = "<item><guid isPermaLink='false'>ferry</guid><title>{}</title><description>In fog, for an hour.</description></item>"
ATOM = "<entry><id>ferry</id><title>{}</title><summary>In fog, for an hour.</summary></entry>"
JSON = '{{"id":"ferry","title":"{}","content_text":"In fog, for an hour."}}'
FEEDS = {
    RSS: '<rss version="2.0"><channel><title>Harbour</title>{}</channel></rss>',
    ATOM: '<feed xmlns="http://www.w3.org/2005/Atom"><title>Harbour</title>{}</feed>',
    JSON: '{{"version":"https://jsonfeed.org/version/1.1","title":"Harbour","items":[{}]}}',
}


class Polled:
    """A feed of one entry, polled again and again."""

    def __init__(self, shape=RSS):
        self.shape = shape
        self.memory = ShardMemory("token")
        self.memory.restored()
        self.memory.define(DEFINITION)

    def poll(self, headline, limit=LARGE, refused=frozenset()):
        data = FEEDS[self.shape].format(self.shape.format(headline)).encode()
        fetched = Fetched(DEFINITION.url, 200, None, None)
        reading = read(Document(source_of(DEFINITION), "", Format.FEED, data, 0, -1, 0, NOW, fetched=fetched), limit)
        answered = Answered(DEFINITION.url, 200, hashlib.sha256(data).digest())
        (part,) = decide(reading, DEFINITION, self.memory, answered, NOW, refused=refused)
        return part

    def redrive(self, rejection, limit=LARGE, refused=frozenset()):
        reading = read(document_of(rejection, DEFINITION, self.memory.head("harbour"), NOW + 1), limit)
        return redriven(rejection, reading, DEFINITION, self.memory, NOW + 1, refused)


def rejection_of(part):
    (record,) = [record for record in part.records if record.topic is Topic.REJECTS]
    return kept({name: value.decode() for name, value in record.headers}, record.value)


@pytest.mark.parametrize("shape", FEEDS)
def test_its_bytes_are_read_again_and_published_and_the_next_poll_finds_nothing_new(shape):
    feed = Polled(shape)
    rejection = rejection_of(feed.poll("Delayed", SMALL))
    part, fate = feed.redrive(rejection)
    assert fate is Fate.CREATED
    (record,) = part.records
    value = orjson.loads(record.value)
    assert event.violation(value) is None
    assert value["version"] == 1
    assert value["item"]["headlines"] == [{"value": "Delayed"}]
    assert value["provenance"]["documentDigest"] == f"sha256:{rejection.digest}"
    assert "httpStatus" not in value["provenance"]
    assert feed.poll("Delayed").fates == {Fate.UNCHANGED: 1}
    assert feed.redrive(rejection) is None


def test_it_gets_the_id_that_a_poll_would_have_given_it():
    feed, other = Polled(), Polled()
    (record,) = feed.redrive(rejection_of(feed.poll("Delayed", SMALL)))[0].records
    assert record.key == other.poll("Delayed").records[0].key


def test_a_later_version_that_was_rejected_becomes_the_next_one():
    feed = Polled()
    feed.poll("Delayed")
    part, fate = feed.redrive(rejection_of(feed.poll("Sunk", SMALL)))
    assert (fate, orjson.loads(part.records[0].value)["version"]) == (Fate.UPDATED, 2)


def test_what_the_publisher_has_mended_meanwhile_supersedes_it():
    feed = Polled()
    rejection = rejection_of(feed.poll("Delayed", SMALL))
    assert feed.poll("On time").fates == {Fate.CREATED: 1}
    assert feed.redrive(rejection) is None


def test_what_is_rejected_still_is_said_and_not_rejected_twice():
    feed = Polled()
    rejection = rejection_of(feed.poll("Delayed", SMALL))
    said = feed.redrive(rejection, SMALL)
    assert said.startswith("too_large: ")
    assert feed.poll("Delayed", SMALL).fates == {Fate.UNCHANGED: 1}
    assert feed.redrive(rejection)[1] is Fate.CREATED


def test_it_alters_nothing_of_how_its_feed_stands():
    feed = Polled()
    rejection = rejection_of(feed.poll("Delayed", SMALL))
    head = feed.memory.head("harbour")
    head.faults, before = 3, (head.polled_at, head.read_at, head.body)
    feed.redrive(rejection)
    assert (head.faults, (head.polled_at, head.read_at, head.body)) == (3, before)


def test_what_the_broker_refused_is_kept_as_its_item_so_its_feed_is_asked_anew():
    feed = Polled()
    rejection = rejection_of(feed.poll("Delayed", refused={1}))
    assert document_of(rejection, DEFINITION, feed.memory.head("harbour"), NOW) is None
    assert feed.poll("Delayed").fates == {Fate.UNCHANGED: 1}
    assert asked_anew(rejection, feed.memory).records == ()
    assert feed.memory.asked("harbour").body == b""
    assert feed.poll("Delayed").fates == {Fate.CREATED: 1}
    assert asked_anew(rejection, feed.memory) is None


def test_what_was_cut_is_no_entry_any_more_so_its_feed_is_asked_anew():
    feed = Polled()
    (record,) = feed.poll("Delayed", SMALL).records
    cut = kept({name: value.decode() for name, value in (*record.headers, ("reject_cut", b"99999"))}, record.value[:50])
    assert document_of(cut, DEFINITION, None, NOW) is None
    assert asked_anew(cut, feed.memory) is not None
    assert feed.poll("Delayed").fates == {Fate.CREATED: 1}


@pytest.mark.parametrize("raw", [b"\x00", b'{"title":"t","title_detail":{}}', b"[1]"])
def test_what_is_kept_in_no_form_of_a_feed_is_no_entry(raw):
    headers = {
        "reject_source_id": "harbour",
        "reject_entry_key": "",
        "reject_digest": "sha256:00",
        "reject_stage": "read",
    }
    assert document_of(kept(headers, raw), DEFINITION, None, NOW) is None


def test_a_takedown_that_came_before_supersedes_it():
    feed = Polled()
    rejection = rejection_of(feed.poll("Delayed", SMALL))
    held = feed.memory.held("harbour")
    held.remove(0)
    assert feed.redrive(rejection) is None
