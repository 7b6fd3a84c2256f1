"""Any feeds, polled through crashes and restores, against models too simple to be wrong."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from unit.core.feeds.polling import DAY, Shard, deleted, entry, source

from worker.core import identity
from worker.core.feeds import faulted
from worker.core.feeds.head import dumped
from worker.model import Fault, FaultKind

pytestmark = pytest.mark.hypothesis
GUIDS = "abcde"
HOUR = DAY // 24
# What a feed shows of three articles, each as x or y or not at all, and after how many parts of it a crash comes.
WINDOWS = st.tuples(*[st.sampled_from([None, (guid, "x"), (guid, "y")]) for guid in "abc"])
CRASHES = st.sampled_from([None, None, None, 1, 2])


def article(guid, content, drift=0):
    """Its id is a URL of the site, so that sibling feeds agree. A drift gives it another guid under the same headline and link."""
    name = f"https://example.org/{guid}" + (f"?v={drift}" if drift else "")
    return entry(name, link=f"https://example.org/page/{guid}", headline=f"On {guid}", body=content)


def gone(guid, drift=0):
    return deleted(f"https://example.org/{guid}" + (f"?v={drift}" if drift else ""))


def stored(memory):
    """All that would come back: heads (but for what rides along with the next commit) and entries."""
    held = {name: memory.held(name) for name in memory.sources() if memory.head(name)}
    return {name: (dumped(one.head, one.site.name, one.count), bytes(one.entries)) for name, one in held.items()}


class OneFeed(RuleBasedStateMachine):
    """A feed alone: every event can be told beforehand."""

    CAP = 3

    def __init__(self):
        super().__init__()
        self.shard = Shard(source(daily_updates=self.CAP))
        self.published = {}  # by guid: content, version, whether withdrawn, day of updates, their number
        self.drifts = Counter()
        self.names = {}

    @rule(
        window=st.lists(st.tuples(st.sampled_from(GUIDS), st.sampled_from("xyz")), unique_by=lambda one: one[0]),
        removed=st.sets(st.sampled_from(GUIDS), max_size=2),
        drifting=st.none() | st.sampled_from(GUIDS),
        crash=st.none() | st.integers(1, 4),
        after=st.sampled_from([HOUR, DAY // 2]),
    )
    def poll(self, window, removed, drifting, crash, after):
        shown = dict(window)
        known = self.published.get(drifting)
        # A guid drifts while the entry says what it said: nothing else is known of it then.
        if (
            crash is None
            and drifting in shown
            and known
            and shown[drifting] == known["content"]
            and not known["withdrawn"]
        ):
            self.drifts[drifting] += 1
        items = [article(guid, content, self.drifts[guid]) for guid, content in window]
        items += [gone(guid, self.drifts[guid]) for guid in sorted(removed)]
        day = (self.shard.now + after) // DAY
        expected, retried = self.expected(window, removed - set(shown), day)
        fates = self.shard.poll("one", *items, after=after, parts=crash, most=1)
        whole = crash is None or crash > len(expected)
        told = [(event.kind, event.version, self.names[event.article]) for event in self.named(expected)]
        committed = expected if whole else expected[:crash]
        assert told == [(kind, version, guid) for kind, version, guid, _ in committed]
        for kind, version, guid, content in committed:
            self.apply(kind, version, guid, content, day)
        head = self.shard.memory.head("one")
        assert bool(head.body) == bool(head.validators) == (whole and not retried)
        if whole:
            assert sum(fates.values()) - fates.get("capped", 0) == len(items)
            assert stored(self.shard.memory) == stored(self.shard.restored())

    def expected(self, window, removed, day):
        events, retried = [], False
        for guid, content in window:
            known = self.published.get(guid)
            if known is None:
                events.append(("created", 1, guid, content))
            elif known["withdrawn"]:
                events.append(("updated", known["version"] + 1, guid, content))
            elif known["content"] != content:
                if known["day"] == day and known["times"] >= self.CAP:
                    retried = True
                else:
                    events.append(("updated", known["version"] + 1, guid, content))
        for guid in sorted(removed):
            known = self.published.get(guid)
            if known and not known["withdrawn"]:
                events.append(("withdrawn", known["version"] + 1, guid, known["content"]))
        return events, retried

    def named(self, expected):
        """The events of the last poll; what is created gets its id."""
        for event, (_, _, guid, _) in zip(self.shard.new, expected, strict=False):
            self.names.setdefault(event.article, guid)
        return self.shard.new

    def apply(self, kind, version, guid, content, day):
        before = self.published.get(guid, {"withdrawn": False, "day": 0, "times": 0})
        counted = kind == "updated" and not before["withdrawn"]
        times = (before["times"] if before["day"] == day else 0) + 1 if counted else before["times"]
        self.published[guid] = {
            "content": content,
            "version": version,
            "withdrawn": kind == "withdrawn",
            "day": day if counted else before["day"],
            "times": times,
        }

    @rule()
    def restart(self):
        self.shard.restart()


class Siblings(RuleBasedStateMachine):
    """Three feeds of a site that show the same articles at their own pace: no event twice, none lost."""

    NAMES = ("one", "two", "three")

    @initialize(initial=st.lists(st.sampled_from(["publish", "skip"]), min_size=3, max_size=3))
    def begin(self, initial):
        pairs = zip(self.NAMES, initial, strict=True)
        self.shard = Shard(*[source(name, initial=how, daily_updates=1000) for name, how in pairs])
        self.last = {}  # by articleId: the newest event, as long as a source remembers the article
        self.fresh = 0

    def poll(self, name, window, removed=None, **how):
        for article_id in [one for one in self.last if not self.remembered(one)]:
            del self.last[article_id]  # forgotten: from here on its versions begin anew
        items = [article(guid, content) for guid, content in window]
        items += [gone(removed)] if removed and removed not in dict(window) else []
        self.shard.poll(name, *items, after=60_000, **how)
        assert max(Counter(event.id for event in self.shard.new).values(), default=0) <= 1
        for event in self.shard.new:
            before = self.last.get(event.article)
            assert event.version == (before.version + 1 if before else 1)
            assert (event.kind == "created") == (before is None)
            assert before is None or event.hash != before.hash or "withdrawn" in (event.kind, before.kind)
            self.last[event.article] = event

    def remembered(self, article_id):
        memory = self.shard.memory
        return any(memory.held(name).find(identity.binary(article_id)) is not None for name in memory.sources())

    def sources(self):
        return sorted(self.shard.definitions)

    @rule(
        polls=st.lists(st.tuples(st.integers(0, 2), WINDOWS, st.sampled_from("abc--"), CRASHES), min_size=1, max_size=9)
    )
    def polled(self, polls):
        for number, window, removed, crash in polls:
            name = self.sources()[number % len(self.sources())]
            self.poll(name, [one for one in window if one], removed, parts=crash, most=1)
            if crash is None:
                assert stored(self.shard.memory) == stored(self.shard.restored())

    @rule(what=st.sampled_from(["restart", "fault", "time", "removal"]), number=st.integers(0, 2))
    def something_happens(self, what, number):
        name = self.sources()[number % len(self.sources())]
        if what == "fault":
            self.shard.now += DAY // 2
            fault = Fault(FaultKind.DNS, "no such host")
            for _ in faulted(self.shard.definitions[name], self.shard.memory, fault, self.shard.now):
                self.shard.commit(())
        elif what == "time":
            self.shard.now += 16 * DAY
            self.shard.tidy()
        elif what == "removal" and len(self.sources()) > 1:
            self.shard.remove(name)
        else:
            self.shard.restart()

    @rule(number=st.integers(0, 2), guid=st.sampled_from("abc"), before=st.booleans(), late=st.booleans())
    def a_change_arrives_once_only_one_of_them_shows_the_article(self, number, guid, before, late):
        """Whether it showed it before or not, and whether the others drop it before the change or after."""
        article_id = identity.article_id("site:example.org", "guid", f"https://example.org/{guid}")
        if article_id not in self.last or self.last[article_id].kind == "withdrawn" or (late and not before):
            return
        name = self.sources()[number % len(self.sources())]
        others = [other for other in self.sources() if other != name]
        self.poll(name, [(guid, "x")] if before else [])
        if article_id not in self.last or not self.remembered(article_id):
            return
        self.fresh += 1
        changed = [(guid, f"fresh {self.fresh}")]
        if late:
            self.poll(name, changed)
        for other in others:
            self.poll(other, [])
        self.poll(name, changed)
        assert self.last[article_id].hash == article(*changed[0]).content_hash


TestOneFeed = OneFeed.TestCase
TestSiblings = Siblings.TestCase
TestOneFeed.settings = TestSiblings.settings = settings(stateful_step_count=25)
