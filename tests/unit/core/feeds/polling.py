"""Feeds told in a line an entry, polled against a shard's memory that is committed, lost and restored at will."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime

import orjson

from worker.core import identity
from worker.core.feeds import Answered, ShardMemory, decide, removed
from worker.core.normalise import links
from worker.model import (
    Article,
    Code,
    Definition,
    Hints,
    Reading,
    Rejection,
    Stage,
    Topic,
    Traits,
    Validators,
    Withdrawal,
)

DAY = 86_400_000
START = 1_700_000_000_000
SITE = "example.org"


def entry(guid=None, *, link=None, headline="", body="", date=None, updated=0, raw=None, rejected=None):
    """An entry as `read` gives it; `raw` and `rejected` say what its elements are where that isn't what it says."""
    keys = [("guid", identity.guid_form(guid))] if guid else []
    (compared,) = links.comparison_keys([link or ""])
    keys += [("link", compared)] if compared else []
    keys += [("headline", identity.headline_key(headline, date))] if headline and date else []
    keys += [("text", identity.text_key(body))] if body else []
    content = identity.content_hash(headline or None, body or None, date)
    home = bool(compared and links.is_home(compared))
    parts = [short(part, 4) if part else b"" for part in (headline, body, date)]
    dated = int(1000 * datetime.fromisoformat(f"{date}T00:00Z").timestamp()) if date else None
    traits = Traits(tuple(keys), home, short(raw or f"{headline}|{body}|{date}", 8), *parts, updated, dated)
    if rejected is not None:
        digest = hashlib.sha256(rejected.encode()).hexdigest()
        return Rejection(Code.EMPTY, Stage.READ, "no text", "", rejected.encode(), digest, len(rejected), 0, traits)
    alone = identity.article_id(f"source:{guid}", "guid", guid or link or headline)
    item = b'{"uri":"urn:uuid:%b","headlines":[{"value":%b}]' % (alone.encode(), orjson.dumps(headline or "-"))
    rest = b'"published":{"basis":"absent"},"language":{"basis":"absent"},"source":{"id":"s","kind":"feed"}'
    return Article(alone, content, "", item, rest, b'{"observedAt":"2023-11-14T22:13:20.000Z"', 0, traits)


def deleted(guid):
    return Withdrawal(0, (("guid", guid),))


def short(found, size):
    return hashlib.sha256(found.encode()).digest()[:size]


@dataclass
class Event:
    """What matters of a record of news.articles.v1."""

    kind: str
    id: str
    article: str
    version: int
    hash: str
    value: dict = field(repr=False)

    @property
    def headline(self):
        return self.value["item"]["headlines"][0]["value"]


def event_of(record):
    headers, value = dict(record.headers), orjson.loads(record.value)
    kind = headers["ce_type"].decode().split(".")[2]
    return Event(kind, headers["ce_id"].decode(), value["articleId"], value["version"], value["contentHash"], value)


class Shard:
    """One shard, polled by hand. `committed`: what a broker would hold; everything is committed part by part."""

    def __init__(self, *definitions):
        self.definitions = {definition.id: definition for definition in definitions}
        self.committed = {}
        self.events = []
        self.new = []
        self.rejections = []
        self.now = START
        self.memory = self.restored()

    def restored(self):
        """Memory as a new owner gets it."""
        memory = ShardMemory("token")
        for key, value in self.committed.items():
            memory.absorb(key, value)
        memory.restored()
        for definition in self.definitions.values():
            memory.define(definition)
        return memory

    def restart(self):
        self.memory = self.restored()

    def define(self, definition):
        self.definitions[definition.id] = definition
        self.memory.define(definition)

    def remove(self, source):
        del self.definitions[source]
        self.memory.undefine(source)
        self.tidy()

    def tidy(self):
        """Do what is due of the sources that are no more."""
        for source in self.memory.to_remove(self.now):
            for _ in removed(source, self.memory, self.now):
                self.commit(())

    def poll(self, source, *items, after=0, parts=None, title=None, **how):
        """Decide a document of these items; its fates, and its events alone in `new`. `parts`: a crash comes after so many."""
        self.now += after
        self.new, fates = [], Counter()
        for number, part in enumerate(self.deciding(source, *items, title=title, **how), 1):
            self.commit(part.records)
            fates += part.fates
            if number == parts:
                self.restart()
                break
        return {fate.value: times for fate, times in fates.items()}

    def deciding(self, source, *items, title=None, **how):
        """The parts that a document of these items comes to."""
        ended = tuple(replace(item, end=end) for end, item in enumerate(items, 1))
        reading = Reading(ended, 0, len(items), self.now, hints=Hints(title))
        digest = hashlib.sha256(repr(items).encode()).digest()
        answered = Answered(
            "https://example.org/feed", 200, digest, Validators("https://example.org/feed", repr(digest))
        )
        return decide(reading, self.definitions[source], self.memory, answered, self.now, **how)

    def commit(self, records):
        for record in (*records, *self.memory.records(self.now)):
            if record.topic is Topic.ARTICLES:
                self.new.append(event_of(record))
                self.events.append(self.new[-1])
            elif record.topic is Topic.REJECTS:
                self.rejections.append(dict(record.headers))
            elif record.value is None:
                self.committed.pop(record.key, None)
            else:
                self.committed[record.key] = record.value


def source(name="one", **options):
    return Definition(name, f"https://{SITE}/{name}.xml", SITE, 0, **options)
