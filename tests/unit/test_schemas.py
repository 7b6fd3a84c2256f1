"""What is published stays as it is, and what is derived from it agrees with it."""

import hashlib
import importlib.util
import json
import re

import pytest

from worker import contract
from worker.core import event
from worker.model import Code, Mode, Stage, Topic

FOLDER = contract.schema_folder()
PUBLISHED = json.loads((FOLDER / "published.json").read_text())
ASYNCAPI = json.loads((FOLDER / "asyncapi.json").read_text())
# The keywords that draft-07 has too and means the same by; `format` is asserted by our validators.
IN_DRAFT_07 = {"type", "properties", "required", "additionalProperties", "items", "enum", "const", "pattern", "format"}
IN_DRAFT_07 |= {"minimum", "maximum", "minLength", "maxLength", "description", "title", "$id", "$schema"}


@pytest.fixture(scope="module")
def generate():
    """schemas/generate.py, which is a script and in no package."""
    spec = importlib.util.spec_from_file_location("generate", FOLDER / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def subschemas(schema):
    yield schema
    for below in [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]:
        yield from subschemas(below)


def references(value):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for below in value:
            yield from references(below)


def loaded():
    return [
        (name, version, contract.load(name, version))
        for name in contract.names()
        for version in contract.versions(name)
    ]


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_a_published_version_does_not_change(name):
    assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == PUBLISHED[name]


def test_every_version_is_published():
    assert {f"{name}/{version}.json" for name, version, _ in loaded()} == set(PUBLISHED)


@pytest.mark.parametrize("version", contract.versions("article-event"))
def test_the_open_schema_is_what_is_made_of_the_closed_one(generate, version):
    stored = json.loads((FOLDER / "article-event" / f"{version}.open.json").read_text())
    assert stored == generate.reader_schema(contract.load("article-event", version))


def test_making_what_is_derived_anew_changes_nothing(generate, tmp_path, monkeypatch):
    for name in PUBLISHED:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((FOLDER / name).read_bytes())
    monkeypatch.setattr(generate, "FOLDER", tmp_path)
    monkeypatch.setattr(generate, "DIGESTS", tmp_path / "published.json")
    generate.main()
    made = {path.relative_to(tmp_path) for path in tmp_path.rglob("*.json")}
    assert made >= {path.relative_to(FOLDER) for path in FOLDER.glob("article-event/*.json")}
    for path in made:
        assert (tmp_path / path).read_bytes() == (FOLDER / path).read_bytes()


def test_a_digest_that_is_published_is_never_overwritten(generate, tmp_path, monkeypatch):
    name = "article-event/1.0.0.json"
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).write_text(json.dumps({"$id": "x", "title": "changed"}))
    (tmp_path / "published.json").write_text(json.dumps({name: "as it was"}))
    monkeypatch.setattr(generate, "FOLDER", tmp_path)
    monkeypatch.setattr(generate, "DIGESTS", tmp_path / "published.json")
    generate.main()
    assert json.loads((tmp_path / "published.json").read_text()) == {name: "as it was"}


def test_the_closed_lists_are_those_of_the_code():
    rejection = contract.load("rejection")["properties"]
    assert rejection["reject_code"]["enum"] == [code.value for code in Code]
    assert rejection["reject_stage"]["enum"] == [stage.value for stage in Stage]
    provenance = contract.load("article-event")["properties"]["provenance"]["properties"]
    assert provenance["mode"]["enum"] == [mode.value for mode in Mode]


@pytest.mark.parametrize(
    ("name", "version", "schema"), loaded(), ids=lambda part: part if isinstance(part, str) else ""
)
def test_a_schema_says_only_what_draft_07_can_say(name, version, schema):
    for part in subschemas(schema):
        assert set(part) <= IN_DRAFT_07
        if part["type"] == "object":
            assert part["additionalProperties"] is False
            assert set(part.get("required", ())) <= set(part["properties"])


def test_what_is_written_is_of_the_version_that_the_headers_name():
    assert contract.load("article-event", "1.1.0")["$id"] == event.SCHEMA
    headers = ASYNCAPI["components"]["messages"]["article"]["headers"]["properties"]
    assert headers["ce_dataschema"]["const"] == event.SCHEMA


def test_the_asyncapi_document_names_the_topics_that_readers_read():
    assert {channel["address"] for channel in ASYNCAPI["channels"].values()} == {
        Topic.ARTICLES.value,
        Topic.REJECTS.value,
    }
    for channel in ASYNCAPI["channels"].values():
        assert channel["bindings"]["kafka"]["topic"] == channel["address"]


@pytest.mark.parametrize("reference", sorted(set(references(ASYNCAPI))))
def test_whatever_the_asyncapi_document_refers_to_is_there(reference):
    name, _, pointer = reference.partition("#")
    found = json.loads((FOLDER / name).read_text()) if name else ASYNCAPI
    for part in filter(None, pointer.split("/")):
        found = found[part]
    assert isinstance(found, dict)


def test_the_asyncapi_document_lists_the_headers_that_are_written():
    headers = ASYNCAPI["components"]["messages"]["article"]["headers"]
    assert set(headers["required"]) == set(headers["properties"])
    assert all(re.fullmatch(r"ce_[a-z]+|content-type", name) for name in headers["required"])
