"""What must come of data sets, upstream topics and feeds together, some of whose articles were forgotten meanwhile.

One reading of the topics is held against all three ledgers. A forgotten article ends with `withdrawn` and its tombstone, and
whatever still told of it, under whatever id, comes no more.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, fields

import orjson
from contract.oracle import Entry, Verdict, judge
from faults.offered import NAME, Folder, by_article, rejection
from faults.polled import Polled
from faults.running import Place
from faults.upstreamed import SOURCE, Upstream, partition_in
from feeds.oracle import MARK, Got, events, judged, shown

from worker.broker.port import Stored
from worker.model import Topic

TAKEN_DOWN = ["withdrawn", "tombstone"]


@dataclass
class Read:
    """The topics as a read_committed reader gets them."""

    events: int = 0
    of_workers: int = 0  # of them, those of feeds and upstream topics
    of_files: list[Entry] = field(default_factory=list)
    of_topic: list[tuple[tuple[str, int], int, bytes]] = field(default_factory=list)  # ours, theirs, title
    of_feeds: list[Stored] = field(default_factory=list)
    rejected: list[Got] = field(default_factory=list)  # of feeds
    ends: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))  # of what was taken down
    stories: dict[str, str] = field(default_factory=dict)  # of forgotten articles of the topic, by their title's
    wrong: list[str] = field(default_factory=list)


async def read(place: Place, forgotten: Collection[str]) -> Read:
    found = Read()
    rejections = Counter[tuple[str, bytes]]()
    async with place.connect() as broker:
        async for record in broker.read(Topic.ARTICLES):
            found.events += 1
            _event(found, record, forgotten)
        async for record in broker.read(Topic.REJECTS):
            found.events += 1
            _rejection(found, record, rejections)
    found.wrong += [f"rejected {times} times: {one}" for one, times in rejections.items() if times > 1]
    return found


def _event(found: Read, record: Stored, forgotten: Collection[str]) -> None:
    article = record.key.decode()
    if record.value is None:
        found.ends[article].append("tombstone")
        return
    event = orjson.loads(record.value)
    kind = event["source"]["kind"]
    found.of_workers += kind != "dataset"
    canceled = event["item"].get("pubStatus") == "canceled"
    if article in forgotten:
        found.ends[article].append("withdrawn" if canceled else "told")
    if kind == "feed":
        found.of_feeds.append(record)
    elif canceled:
        if article not in forgotten:
            found.ends[article].append("withdrawn")
    elif kind == "topic":
        title = event["item"]["headlines"][0]["value"]
        found.of_topic.append(
            (
                (record.topic, record.partition),
                partition_in(event["provenance"]["documentUrl"]),
                title.encode(),
            )
        )
        if article in forgotten:
            found.stories[article] = title
    else:
        dataset = event["source"]["id"].removeprefix("dataset:")
        found.of_files.append(((dataset, event["provenance"]["file"]), NAME.search(record.value)[0]))


def _rejection(found: Read, record: Stored, rejections: Counter[tuple[str, bytes]]) -> None:
    headers = dict(record.headers)
    source = headers["reject_source_id"].decode()
    if source.startswith("dataset:"):
        found.of_files.append(rejection(source.removeprefix("dataset:"), record.value.rstrip(b"\n")))
    elif source.startswith(f"{SOURCE}-"):
        _, partition, _ = orjson.loads(headers["reject_entry_key"])
        found.of_topic.append(((record.topic, record.partition), partition, record.value))
    else:
        mark = MARK.search(record.value.decode())
        rejections[source, headers["reject_digest"]] += 1
        found.rejected.append(((mark["feed"], mark["number"]), mark["revision"]))


def of_files(found: Read, folders: Iterable[Folder]) -> Verdict:
    return judge((by_article(one) for folder in folders for one in folder.offered), map(by_article, found.of_files))


def of_topic(found: Read, upstream: Upstream) -> Verdict:
    """As `upstreamed.judged` does, but that of a forgotten article only what came before that is wanted."""
    numbers = {title: number for number, (_, title) in enumerate(upstream.offered)}
    ended = {upstream.told[numbers[title.encode()]] for title in found.stories.values()}
    left = Counter(upstream.told[numbers[title]] for _, _, title in found.of_topic if title in numbers)
    ours = {title: where for where, _, title in found.of_topic}
    offered = []
    for story, (partition, title) in zip(upstream.told, upstream.offered, strict=True):
        if story in ended:
            left[story] -= 1
            if left[story] < 0:
                continue
        offered.append(((partition, ours.get(title)), title))
    return judge(offered, (((theirs, where), title) for where, theirs, title in found.of_topic))


def of_feeds(found: Read, polled: Polled, forgotten: Collection[str]) -> Verdict:
    """What was shown of a forgotten article need not come, but may not after it."""
    got, wrong = events(found.of_feeds)
    found.wrong += wrong
    told = shown(polled.server.ledger)
    gone = {_article(record) for record in found.of_feeds if record.key.decode() in forgotten} - {None}
    for article in gone:
        told[article].proven.clear()
        got.remove((article, "withdrawn"))
    # That it is rejected comes before all else that is told of an article.
    return judged(told, [*dict.fromkeys(found.rejected), *got])


def _article(record: Stored) -> tuple[str, str] | None:
    mark = MARK.search(record.value.decode())
    return mark and (mark["feed"], mark["number"])


def taken_down(found: Read, forgotten: Collection[str]) -> list[str]:
    """What is wrong with how articles ended."""
    wrong = [f"{article} was never to be forgotten: {found.ends[article]}" for article in found.ends.keys() - forgotten]
    for article in forgotten:
        ends = found.ends[article]
        if ends[-2:] != TAKEN_DOWN or ends.count("tombstone") > 1:
            wrong.append(f"{article} is forgotten: {ends}")
    return wrong


def together(*verdicts: Verdict) -> Verdict:
    """One of them all."""
    return Verdict(*(sum((getattr(one, each.name) for one in verdicts), ()) for each in fields(Verdict)))
