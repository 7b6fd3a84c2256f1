"""From a feed's bytes to its events: each fits the published schema, and carries what only memory knows."""

from __future__ import annotations

import hashlib

import orjson
import pytest

from worker.core import event
from worker.core.feeds import Answered, ShardMemory, decide
from worker.core.read import read
from worker.model import Definition, Document, Fate, Fetched, Format, Source

NOW = 1_700_000_000_000
DEFINITION = Definition("gazette", "https://reader:secret@gazette.example/feed", "gazette.example", 0)
SOURCE = Source("gazette", "feed", "source:gazette", "gazette.example", "https://gazette.example/feed")
FOUND = "https://gazette.example/feed.atom"
FEED = """<?xml version="1.0"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0">
<title>The Gazette</title><id>urn:gazette</id><updated>2023-11-14T22:00:00Z</updated>
{}
</feed>"""
ENTRY = """<entry><id>{id}</id><title>{title}</title><link href="https://gazette.example/{link}"/>
<updated>2023-11-14T21:00:00Z</updated><published>2023-11-14T20:00:00Z</published>
<content type="html">&lt;p&gt;{text}&lt;/p&gt;</content></entry>"""


@pytest.fixture
def poll():
    memory = ShardMemory("token")
    memory.restored()
    memory.define(DEFINITION)

    def polled(*entries):
        data = FEED.format("\n".join(entries)).encode()
        fetched = Fetched(FOUND, 200, "application/atom+xml", None)
        reading = read(Document(SOURCE, "", Format.FEED, data, 0, -1, 0, NOW, fetched=fetched), 1_000_000)
        answered = Answered(FOUND, 200, hashlib.sha256(data).digest())
        (part,) = decide(reading, DEFINITION, memory, answered, NOW)
        return part

    return polled


def entry(number, title=None, text="The ferry sails again between the two islands.", link=None):
    name = f"tag:gazette.example,2023:{number}"
    return ENTRY.format(id=name, title=title or f"Crossing number {number}", link=link or number, text=text)


def values(part):
    """The values of its events, each of which fits the schema as a whole."""
    found = [orjson.loads(record.value) for record in part.records]
    assert [event.violation(value) for value in found] == [None] * len(found)
    return found


def test_what_is_created_changed_withdrawn_and_known_under_another_guid_fits_the_schema(poll):
    first = poll(entry(1), entry(2), entry(3))
    assert first.fates == {Fate.CREATED: 3}
    created = values(first)
    tombstone = '<at:deleted-entry ref="tag:gazette.example,2023:3" when="2023-11-14T22:00:00Z"/>'
    drifted = entry(11, title="Crossing number 1", link=1, text="It sails twice a day.")
    second = poll(drifted, entry(2), tombstone)
    assert second.fates == {Fate.UPDATED: 1, Fate.UNCHANGED: 1, Fate.WITHDRAWN: 1}
    updated, withdrawn = values(second)
    assert updated["articleId"] == created[0]["articleId"]
    assert updated["item"]["uri"] == f"urn:uuid:{updated['articleId']}"
    assert updated["provenance"]["entryKey"] == "tag:gazette.example,2023:11"
    assert updated["previous"] == {"version": 1, "contentHash": created[0]["contentHash"]}
    assert updated["changed"] == ["body"]
    assert withdrawn["articleId"] == created[2]["articleId"]
    assert b"secret" not in b"".join(record.value for part in (first, second) for record in part.records)


def test_the_headers_of_an_event_are_those_of_the_contract(poll):
    poll(entry(1))
    (record,) = poll(entry(1, text="It sails twice a day.")).records
    headers = dict(record.headers)
    assert headers["ce_type"] == b"news.article.updated.v1"
    assert headers["ce_source"] == b"urn:news-worker:source:gazette"
    assert headers["ce_subject"] == record.key == record.partition_by
    assert headers["ce_time"] == b"2023-11-14T22:13:20.000Z"
    assert headers["ce_id"]
    assert record.timestamp == NOW


def test_an_entry_without_text_is_rejected_once(poll):
    empty = "<entry><id>tag:gazette.example,2023:9</id></entry>"
    assert poll(empty).fates == {Fate.REJECTED: 1}
    assert poll(empty, entry(1)).fates == {Fate.UNCHANGED: 1, Fate.CREATED: 1}
