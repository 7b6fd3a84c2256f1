"""Whole documents to whole records, as they would stand in the topics: against golden files, vectors and other people's readers.

NEWS_GOLDEN=write pytest tests/golden writes the golden files anew; look at what changed before keeping it. The vectors
(`schemas/vectors/events.json`) are part of the contract and are never written anew.
"""

import base64
import json
import os
from functools import partial
from pathlib import Path

import jsonschema_rs
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat

from worker import __version__, contract
from worker.core import event
from worker.core.read import read
from worker.core.replays.decide import decide
from worker.core.sources.definitions import source_of
from worker.core.upstream import documents
from worker.model import (
    Article,
    Definition,
    Document,
    Fetched,
    Format,
    Mode,
    Rejection,
    Source,
    Topic,
    UpstreamRecord,
)

GOLDEN = Path(__file__).parent
NINJS = GOLDEN.parent / "standards" / "ninjs"
OBSERVED_AT = 1_700_000_000_123  # 2023-11-14T22:13:20.123Z
LIMIT = 1_048_576
FORMATS = {
    "month.txt": Format.TEXT,
    "odd-names.jsonl": Format.JSONL,
    "bad-lines.jsonl": Format.JSONL,
    "array.json": Format.JSON,
    "news.rss": Format.FEED,
    "news.atom": Format.FEED,
    "hard.rss": Format.FEED,
    "harbour.json": Format.JSON_FEED,
}
POLLED = ("news.atom", "hard.rss", "harbour.json")
POLLED_URL = "https://www.harbour.example/feeds/news"
KNOWN_ID = "00000000-0000-5000-8000-000000000001"
VECTORS = json.loads((contract.schema_folder() / "vectors" / "events.json").read_text())


def no_network(uri):
    raise AssertionError(uri)


def validator(schema, **options):
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, retriever=no_network, **options)


def published(name):
    return json.loads((contract.schema_folder() / name).read_text())


GEOJSON = json.loads((NINJS / "GeoJSON.json").read_text())
VALIDATORS = {
    "ours": validator(published("article-event/1.1.0.json")),
    "readers": validator(published("article-event/1.1.0.open.json")),
    "ninjs": validator(
        json.loads((NINJS / "ninjs-schema_3.1.json").read_text()),
        registry=jsonschema_rs.Registry([(GEOJSON["$id"], GEOJSON)]),
    ),
    "rejections": validator(published("rejection/1.0.0.json")),
}


def errors(name, value):
    return [f"{error.instance_path}: {error.message}" for error in VALIDATORS[name].iter_errors(value)]


def records_of(path, form, data, dataset="harbour"):
    source = Source(f"dataset:{dataset}", "dataset", f"dataset:{dataset}")
    feed = not form.counts_bytes
    body = data.removeprefix(b"[").rstrip().removesuffix(b"]") if form is Format.JSON else data
    start = len(data) - len(data.removeprefix(b"[")) if form is Format.JSON else 0
    document = Document(source, path, form, body, start, -1 if feed else start + len(body), 0, OBSERVED_AT)
    return decide(read(document, LIMIT), source, path, run=None, state=None).records


def polled_records(name):
    """What a first poll publishes of a document, and what the second does once memory knows an older version."""
    source = Source("harbour", "feed", "source:harbour", "harbour.example", POLLED_URL)
    data, fetched = (GOLDEN / "documents" / name).read_bytes(), Fetched(POLLED_URL, 200, None, None)
    reading = read(Document(source, "", FORMATS[name], data, 0, -1, 0, OBSERVED_AT, None, fetched), LIMIT)
    records = []
    for article in reading.items:
        if isinstance(article, Article):
            ids = (article.article_id, 1, article.content_hash, OBSERVED_AT // 1000, Mode.INITIAL, article.entry_key)
            later = (KNOWN_ID, 3, article.content_hash, OBSERVED_AT // 1000 - 86_400, Mode.LIVE, article.entry_key)
            records += [
                event.polled(article, event.Known(*ids), source.id, OBSERVED_AT),
                event.polled(article, event.Known(*later, (2, "0" * 32), ("body",)), source.id, OBSERVED_AT),
            ]
        else:
            records.append(event.rejected(article, source, OBSERVED_AT))
    return records


def upstream_records():
    """What is published of records of another system's topic, which is read in shares."""
    given = json.loads((GOLDEN / "documents" / "upstream.records.json").read_text(encoding="utf-8"))
    url, site = "kafka://one.example:9092,two.example:9092/desk.out", "topic:desk/1/2"
    definition = Definition("desk-1-2", url, site, OBSERVED_AT, "topic", share=(1, 2))
    consumed = [
        UpstreamRecord(
            3,
            100 + number,
            OBSERVED_AT - 1,
            None if one["value"] is None else one["value"].encode(),
            tuple((name, content.encode()) for name, content in one.get("headers", {}).items()),
        )
        for number, one in enumerate(given)
    ]
    source, records = source_of(definition), []
    for document in documents(definition, 3, consumed, OBSERVED_AT):
        for item in read(document, LIMIT).items:
            if isinstance(item, Article):
                records.append(event.created(item, source, OBSERVED_AT, mode=Mode.LIVE))
            elif isinstance(item, Rejection):
                records.append(event.rejected(item, source, OBSERVED_AT))
    return records


def shown(record):
    """A record as readers see it; the worker's version, which changes with every release, masked."""
    value = record.value.decode()
    if record.topic is Topic.ARTICLES:
        value = json.loads(value)
        assert value["provenance"]["workerVersion"] == __version__
        value["provenance"]["workerVersion"] = "*"
    return {
        "topic": record.topic.value,
        "key": record.key.decode(),
        "partitionBy": record.partition_by.decode(),
        "timestamp": record.timestamp,
        "headers": {name: content.decode() for name, content in sorted(record.headers)},
        "value": value,
    }


def golden_records():
    return [
        pytest.param(record, id=f"{name}-{index}")
        for name, form in FORMATS.items()
        for index, record in enumerate(records_of(name, form, (GOLDEN / "documents" / name).read_bytes()))
    ]


EVENTS = [case for case in golden_records() if case.values[0].topic is Topic.ARTICLES]
REJECTIONS = [case for case in golden_records() if case.values[0].topic is Topic.REJECTS]


@pytest.mark.parametrize("name", FORMATS)
def test_a_document_becomes_exactly_the_records_of_its_golden_file(name):
    found = list(map(shown, records_of(name, FORMATS[name], (GOLDEN / "documents" / name).read_bytes())))
    golden = GOLDEN / f"{name}.json"
    if os.environ.get("NEWS_GOLDEN") == "write":
        golden.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert found == json.loads(golden.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", POLLED)
def test_a_polled_document_becomes_exactly_the_records_of_its_golden_file(name):
    found = list(map(shown, polled_records(name)))
    golden = GOLDEN / f"polled.{name}.json"
    if os.environ.get("NEWS_GOLDEN") == "write":
        golden.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert found == json.loads(golden.read_text(encoding="utf-8"))


def test_upstream_records_become_exactly_the_records_of_their_golden_file():
    found = list(map(shown, upstream_records()))
    golden = GOLDEN / "upstream.records.json"
    if os.environ.get("NEWS_GOLDEN") == "write":
        golden.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert found == json.loads(golden.read_text(encoding="utf-8"))


@pytest.mark.parametrize("records_of_it", [*(partial(polled_records, name) for name in POLLED), upstream_records])
def test_its_events_fit_the_published_schemas_and_ninjs(records_of_it):
    for record in records_of_it():
        if record.topic is Topic.ARTICLES:
            value = json.loads(record.value)
            assert [errors("ours", value), errors("readers", value), errors("ninjs", value["item"])] == [[], [], []]
        else:
            assert errors("rejections", {name: content.decode() for name, content in record.headers}) == []


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["why"])
def test_a_document_becomes_exactly_the_event_of_its_vector(case):
    data = base64.b64decode(case["base64"]) if "base64" in case else case["document"].encode()
    found = [shown(record) for record in records_of(case["path"], Format(case["format"]), data, case["dataset"])]
    assert [{name: one[name] for name in ("key", "timestamp", "headers", "value")} for one in found] == case["records"]


@pytest.mark.parametrize("record", EVENTS)
@pytest.mark.parametrize("schema", ["ours", "readers"])
def test_an_event_fits_the_published_schemas(record, schema):
    assert errors(schema, json.loads(record.value)) == []


@pytest.mark.parametrize("record", EVENTS)
def test_its_item_is_ninjs_to_those_who_made_ninjs(record):
    assert errors("ninjs", json.loads(record.value)["item"]) == []


@pytest.mark.parametrize("example", sorted(NINJS.glob("examples/*.json")), ids=lambda path: path.stem)
def test_the_official_schema_takes_the_examples_that_come_with_it(example):
    assert errors("ninjs", json.loads(example.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("record", EVENTS)
def test_an_event_is_a_cloudevent_to_the_official_sdk(record):
    message = KafkaMessage(dict(record.headers), record.key, record.value)
    read_back = from_binary(message, JSONFormat())
    value = json.loads(record.value)
    assert len(message.headers) == len(record.headers)
    assert read_back.get_specversion() == "1.0"
    assert read_back.get_type() == "news.article.created.v1"
    assert read_back.get_source() == "urn:news-worker:source:dataset:harbour"
    assert read_back.get_subject() == value["articleId"] == record.key.decode()
    assert read_back.get_time().isoformat(timespec="milliseconds") == "2023-11-14T22:13:20.123+00:00"
    assert read_back.get_dataschema() == "urn:news-worker:schema:article-event:1.1.0"
    assert read_back.get_datacontenttype() == "application/json"
    assert read_back.get_data() == value


@pytest.mark.parametrize("record", REJECTIONS)
def test_a_rejections_headers_fit_their_schema(record):
    assert errors("rejections", {name: content.decode() for name, content in record.headers}) == []


def test_a_value_that_is_none_of_ours_does_not_fit():
    value = json.loads(EVENTS[0].values[0].value)
    assert errors("ours", {**value, "more": 1})
    assert errors("readers", {**value, "more": 1}) == []
    assert errors("ours", {**value, "articleId": "no-uuid"})
    assert errors("ninjs", {**value["item"], "headline": "a name of ninjs 2"})
