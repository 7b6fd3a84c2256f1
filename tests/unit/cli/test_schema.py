"""`schema`: the published schemas, and events validated against them."""

import json

import pytest

from worker import contract

REJECTION = {
    "reject_stage": "read",
    "reject_code": "invalid_json",
    "reject_message": "it breaks off",
    "reject_source_id": "dataset:seeds",
    "reject_entry_key": '["a.jsonl",0]',
    "reject_digest": "sha256:" + "0" * 64,
    "reject_target_topic": "news.articles.v1",
    "reject_attempts": "1",
    "reject_first_at": "2026-01-31T08:00:00Z",
    "reject_at": "2026-01-31T08:00:00Z",
}


def rejected(**headers):
    return {"topic": "eu.news.rejects.v1", "partition": 0, "offset": 0, "value": "x", "headers": REJECTION | headers}


@pytest.fixture
def validate(call, tmp_path):
    def validate(text):
        file = tmp_path / "events"
        file.write_text(text, "utf-8")
        return call("schema", "validate", str(file))

    return validate


def test_every_schema_is_listed_with_its_id(call):
    listed = call("schema", "list").out.splitlines()
    assert "article-event\t1.0.0\turn:news-worker:schema:article-event:1.0.0" in listed
    assert [line.split("\t")[0] for line in listed] == [
        name for name in contract.names() for _ in contract.versions(name)
    ]


@pytest.mark.parametrize("name", ["rejection", "rejection:1.0.0"])
def test_a_schema_is_shown_as_published(call, name):
    assert json.loads(call("schema", "show", name).out) == contract.load("rejection", "1.0.0")


@pytest.mark.parametrize(
    ("name", "said"), [("rejections", "there is rejection"), ("rejection:9.9.9", "there is 1.0.0")]
)
def test_an_unknown_schema_names_what_there_is(call, name, said):
    outcome = call("schema", "show", name)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.error


def test_valid_records_are_counted(validate):
    outcome = validate("\n".join([json.dumps(rejected())] * 3))
    assert (outcome.code, outcome.out, outcome.error) == (0, "", "3 valid, 0 invalid\n")


def test_each_error_says_line_and_path(validate):
    lines = ["", json.dumps(rejected()), json.dumps(rejected(reject_code="odd", reject_attempts="0"))]
    outcome = validate("\n".join(lines))
    assert outcome.code == 1
    assert sorted(line.partition(": ")[0] for line in outcome.out.splitlines()) == ["line 3", "line 3"]
    assert "$.reject_code: " in outcome.out
    assert "$.reject_attempts: " in outcome.out


def test_formats_are_asserted(validate):
    outcome = validate(json.dumps(rejected(reject_at="yesterday")))
    assert outcome.code == 1
    assert "line 1: $.reject_at: " in outcome.out


@pytest.mark.parametrize("indent", [None, 2])
def test_an_array_is_validated_item_by_item(validate, indent):
    outcome = validate(json.dumps([rejected(), rejected(reject_stage="never")], indent=indent))
    assert outcome.code == 1
    assert "item 2: $.reject_stage: " in outcome.out
    assert "item 1" not in outcome.out


@pytest.mark.parametrize(
    "event",
    [
        {"version": 1},
        {"version": 1, "cloudevent": {"dataschema": "urn:news-worker:schema:article-event:1.1.0"}},
        {"topic": "news.articles.v1", "offset": 0, "value": {"version": 1}, "cloudevent": {}},
    ],
)
def test_an_event_is_the_value_with_or_without_its_attributes_or_a_record(validate, event):
    outcome = validate(json.dumps(event))
    assert outcome.code == 1
    assert "line 1: $: " in outcome.out
    assert "articleId" in outcome.out
    assert "cloudevent" not in outcome.out


def test_a_schema_that_is_not_published_is_an_error_of_the_event(validate):
    outcome = validate(json.dumps({"cloudevent": {"dataschema": "urn:news-worker:schema:article-event:9.0.0"}}))
    assert outcome.code == 1
    assert "article-event:9.0.0" in outcome.out


@pytest.mark.parametrize("text", ["{", "12", '"x"', '{"a":1}{"b":2}', "[" * 100_000])
def test_what_is_no_event_is_an_error_with_its_line(validate, text):
    outcome = validate(text)
    assert outcome.code == 1
    assert outcome.out.startswith("line 1: not ")


def test_a_broken_line_costs_only_itself(validate):
    outcome = validate("{broken\n" + json.dumps(rejected()))
    assert (outcome.code, outcome.error) == (1, "1 valid, 1 invalid\n")
    assert outcome.out.startswith("line 1: not JSON")


def test_a_file_that_is_not_there_is_a_usage_error(call, tmp_path):
    assert call("schema", "validate", str(tmp_path / "none")).code == 2
