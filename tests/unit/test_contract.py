"""The published schemas are found and loaded by name and version."""

import json

import pytest

from worker import contract


@pytest.fixture
def published(tmp_path, monkeypatch):
    for version in ("1.9.0", "1.10.0", "1.0.0", "1.10.0.reader"):
        path = tmp_path / "thing" / f"{version}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"$id": version}))
    (tmp_path / "vectors").mkdir()
    (tmp_path / "vectors" / "ids.json").write_text("{}")
    monkeypatch.setattr(contract, "schema_folder", lambda: tmp_path)


def test_the_schemas_of_this_checkout_are_found():
    assert {"article-event", "rejection"} <= set(contract.names())


@pytest.mark.parametrize("name", contract.names())
def test_an_id_says_name_and_version(name):
    for version in contract.versions(name):
        assert contract.load(name, version)["$id"] == f"urn:news-worker:schema:{name}:{version}"


def test_only_versions_count_as_schemas(published):
    assert contract.names() == ["thing"]


def test_versions_are_ordered_as_numbers_and_the_newest_is_loaded(published):
    assert contract.versions("thing") == ["1.0.0", "1.9.0", "1.10.0"]
    assert contract.load("thing")["$id"] == "1.10.0"
    assert contract.load("thing", "1.9.0")["$id"] == "1.9.0"


@pytest.mark.parametrize(
    ("name", "version"), [("other", None), ("thing", "2.0.0"), ("../thing", None), ("thing", "../x")]
)
def test_what_is_not_published_is_a_key_error(published, name, version):
    with pytest.raises(KeyError):
        contract.load(name, version)
