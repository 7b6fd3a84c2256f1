"""What stored records say to the code of today, as JSON, to be held against what they said when they were made."""

import base64
import json
from dataclasses import asdict
from operator import attrgetter

from worker.core.feeds.entry import STRIDE, unpacked
from worker.core.feeds.report import loaded_report
from worker.core.feeds.restore import Restoring
from worker.core.replays.memory import ReplayMemory
from worker.core.sources.definitions import Definitions
from worker.model import Topic

DATASET = "articles"


def plain(value):
    """As JSON has it, bytes in hexadecimal."""
    return json.loads(
        json.dumps(value, default=lambda one: one.hex() if isinstance(one, bytes | bytearray) else str(one))
    )


def entries_of(packed):
    return [asdict(unpacked(packed, slot)) for slot in range(len(packed) // STRIDE)]


def told(records):
    """`records`: by topic, each with key, value and headers."""
    definitions, checkpoints, replays = Definitions(lambda _: 0), Restoring(), ReplayMemory(DATASET)
    reports = []
    for record in records[Topic.SOURCES]:
        definitions.absorb(0, record.key, record.value)
    for record in records[Topic.CHECKPOINTS]:
        checkpoints.absorb(record.key, record.value)
        reports.append(loaded_report(record.key, record.value))
    for record in records[Topic.REPLAYS]:
        replays.absorb(record.key, record.value)
    stored = sorted(checkpoints.sources(), key=attrgetter("id"))
    return plain(
        {
            "unreadable": definitions.unreadable | checkpoints.refused,
            "definitions": {found.definition.id: asdict(found.definition) for found in definitions},
            "sources": {
                one.id: {"site": one.site, "head": asdict(one.head), "entries": entries_of(one.entries)}
                for one in stored
            },
            "reports": [asdict(report) for report in reports if report],
            "files": {path: asdict(state) for path, state in replays.files.items()},
            "claims": [asdict(claim) for claim in replays.claims.values()],
            "unfinished": [str(claim.split) for claim in replays.unfinished()],
            "events": [
                [json.loads(one.value)["version"], json.loads(one.value)["contentHash"]]
                for one in records[Topic.ARTICLES]
            ],
            "rejections": [dict(one.headers)["reject_code"].decode() for one in records[Topic.REJECTS]],
        }
    )


def missing(said, then, at=""):
    """Where what is said now lacks something of what was said then, or has it otherwise; more may be said than then."""
    if isinstance(then, dict) and isinstance(said, dict):
        return [where for name in then for where in missing(said.get(name), then[name], f"{at}/{name}")]
    if isinstance(then, list) and isinstance(said, list) and len(then) == len(said):
        return [
            where
            for n, (new, old) in enumerate(zip(said, then, strict=True))
            for where in missing(new, old, f"{at}/{n}")
        ]
    return [] if said == then else [f"{at}: {said!r}, and not {then!r}"]


def as_line(topic, record):
    headers = [[name, base64.b64encode(value).decode()] for name, value in record.headers]
    value = None if record.value is None else base64.b64encode(record.value).decode()
    return json.dumps(
        {"topic": topic.value, "key": base64.b64encode(record.key).decode(), "value": value, "headers": headers}
    )
