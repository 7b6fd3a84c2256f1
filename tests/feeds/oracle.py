"""What must come of polled feeds: the server's ledger against what a reader of the articles got, as `contract.oracle` judges.

The ledger tells in which states each article was shown, and which of them were proven to have been taken in. Those must be
there; others may be (a feed moves on, a worker is killed before it has read all); nothing else may, and none twice.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contract.oracle import Entry, Verdict, judge

from worker.broker.port import Stored

Article = tuple[str, str]  # its feed and number
Got = tuple[Article, str]  # an event: the article, and the state that it tells
MARK = re.compile(r"ref (?P<feed>[\w-]+)/(?P<number>\d+)/(?P<revision>\d+)")


@dataclass
class Shown:
    """The states of one article in the order in which they were shown, and which of them (by index) must be known."""

    states: list[str] = field(default_factory=list)
    proven: set[int] = field(default_factory=set)


def shown(ledger: Iterable[Mapping[str, Any]], *, finished: Iterable[str] = ()) -> dict[Article, Shown]:
    """By article. `finished`: feeds whose last document was taken in, as is known otherwise."""
    told: defaultdict[Article, Shown] = defaultdict(Shown)
    current: dict[str, list[Article]] = {}

    def prove(feed: str) -> None:
        for article in current.get(feed, ()):
            told[article].proven.add(len(told[article].states) - 1)

    for line in ledger:
        if "proven" in line:
            prove(line["proven"])
            continue
        current[line["shown"]] = [(line["shown"], number) for number in line["states"]]
        for number, state in line["states"].items():
            states = told[line["shown"], number].states
            if states[-1:] != [state]:
                states.append(state)
    for feed in finished:
        prove(feed)
    return told


def events(records: Iterable[Stored]) -> tuple[list[Got], list[str]]:
    """What a reader got of feeds, and what is wrong with the numbering of versions or with ids, a sentence each."""
    articles: dict[str, Article] = {}
    versions: dict[str, int] = {}
    got: list[Got] = []
    wrong: list[str] = []
    for record in records:
        event = json.loads(record.value or b"{}")
        if event["source"]["kind"] != "feed":
            continue  # a replay's, in the same topic
        article_id = event["articleId"]
        if event["version"] != versions.get(article_id, 0) + 1:
            wrong.append(f"{article_id}: version {event['version']} after {versions.get(article_id, 0)}")
        versions[article_id] = event["version"]
        if event["item"].get("pubStatus") == "canceled":
            got.append((articles.get(article_id, ("unknown", article_id)), "withdrawn"))
            continue
        found = MARK.search((record.value or b"").decode())
        assert found, event
        article = found["feed"], found["number"]
        if articles.setdefault(article_id, article) != article:
            wrong.append(f"{article_id} is two articles: {articles[article_id]} and {article}")
        got.append((article, found["revision"]))
    times = Counter(articles.values())
    wrong += [f"{article} has {count} articleIds" for article, count in times.items() if count > 1]
    return got, wrong


def judged(told: Mapping[Article, Shown], got: Sequence[Got]) -> Verdict:
    """The verdict over pairs of an article and the place of a state among those shown."""
    placed = {article: _placed(told, found) for article, found in _by_article(got).items()}
    wanted: list[Entry] = []
    for article, one in told.items():
        places = [place for place in placed.get(article, ()) if isinstance(place, int)]
        for place, state in enumerate(one.states):
            if place in places or (place in one.proven and not _told_before(one, places, place, state)):
                wanted.append((article, place))
    return judge(wanted, [(article, place) for article, places in placed.items() for place in places])


def _by_article(got: Sequence[Got]) -> dict[Article, list[Got]]:
    sorted_: dict[Article, list[Got]] = {}
    for article, state in got:
        sorted_.setdefault(article, []).append((article, state))
    return sorted_


def _placed(told: Mapping[Article, Shown], found: Sequence[Got]) -> list[object]:
    """Which of the states shown each event of an article is: the next one like it; the same again when nothing changed."""
    places: list[object] = []
    at = -1
    for article, state in found:
        states = told[article].states if article in told else []
        later = [place for place in range(at + 1, len(states)) if states[place] == state]
        if at >= 0 and states[at] == state:
            places.append(at)
        elif later:
            at = later[0]
            places.append(at)
        else:
            places.append(states.index(state) if state in states else f"{state}, which was never shown")
    return places


def _told_before(one: Shown, places: Sequence[int], place: int, state: str) -> bool:
    """Whether a state that was proven needs no event: what was told last before it says the same, or it was never there."""
    last = max((at for at in places if at <= place), default=None)
    return state == "withdrawn" if last is None else one.states[last] == state
