"""Ids recomputed with nothing but the standard library, as another language would, and held to the vectors."""

import hashlib
import json
import os
import subprocess
import sys
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker import contract
from worker.core import identity
from worker.core.keys import upstream_key
from worker.core.normalise import links, text
from worker.core.parse import Entry
from worker.core.read import read
from worker.model import Document, Format, Source
from worker.sources.files.documents import Wanted, documents
from worker.sources.files.found import Found

A = uuid.uuid5(uuid.NAMESPACE_URL, "urn:news-worker:articles:v1")
E = uuid.uuid5(uuid.NAMESPACE_URL, "urn:news-worker:events:v1")
FOLDED = st.text(st.characters(codec="utf-8")).map(text.fold)


def canonical(value):
    """RFC 8785, as far as strings, integers and null go."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def sha256(value):
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def vectors(name, part="cases"):
    return json.loads((contract.schema_folder() / "vectors" / f"{name}.json").read_text())[part]


def each(name, part="cases"):
    return pytest.mark.parametrize("case", vectors(name, part), ids=lambda case: case["why"])


@given(FOLDED, FOLDED, FOLDED)
def test_an_article_id_is_a_uuid5_of_scope_kind_and_key(scope, kind, key):
    assert identity.article_id(scope, kind, key) == str(uuid.uuid5(A, canonical([scope, kind, key])))


@given(st.none() | FOLDED, st.none() | FOLDED, st.none() | FOLDED)
def test_a_content_hash_is_half_a_sha_256(headline, body, published):
    expected = sha256({"body": body, "headline": headline, "published": published})[:32]
    assert identity.content_hash(headline, body, published) == expected


@given(FOLDED, st.integers(1, 2**53), FOLDED, st.none() | FOLDED)
def test_an_event_id_counts_the_run_only_where_there_is_one(article_id, version, content_hash, run):
    members = [article_id, version, content_hash, *([] if run is None else [run])]
    assert identity.event_id(article_id, version, content_hash, run) == str(uuid.uuid5(E, canonical(members)))


@given(st.text(st.characters(codec=None)))
def test_any_guid_has_a_form_that_is_its_own_form(guid):
    form = identity.guid_form(guid)
    assert identity.guid_form(form) == form
    assert form.encode().decode() == form


@given(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters(codec=None)), st.lists(st.text())
    )
)
def test_anything_declared_is_a_key_or_none(declared):
    key = identity.record_id_key(declared, "a.jsonl")
    assert key is None or identity.article_id("dataset:x", "id", key)


def test_an_integer_too_long_to_write_is_no_id():
    assert identity.record_id_key(10**5000, "a.jsonl") is None


@each("identity", "strings")
def test_strings_fold_as_the_vectors_say(case):
    assert text.fold(case["found"]) == case["folded"]


@each("identity", "recordIds")
def test_declared_ids_are_the_keys_the_vectors_say(case):
    assert identity.record_id_key(case["declared"], case["path"]) == case["key"]


@each("identity", "upstreamKeys")
def test_upstream_records_have_the_keys_the_vectors_say(case):
    place = case["offset"], case["offset"] + 1, case["ordinal"]
    entry = Entry(*place, b"", id=case["declared"])
    assert upstream_key(entry, f"{case['topic']}/{case['partition']}") == (case["kind"], case["key"])


@each("identity", "headlineKeys")
def test_headline_keys_are_those_of_the_vectors(case):
    members = case["headline"], case["published"]
    assert identity.headline_key(*members) == case["key"] == sha256([*members])


@each("identity", "textKeys")
def test_text_keys_are_those_of_the_vectors(case):
    assert identity.text_key(case["body"]) == case["key"] == sha256([case["body"]])


@each("identity", "articleIds")
def test_article_ids_are_those_of_the_vectors(case):
    members = case["scope"], case["kind"], case["key"]
    assert identity.article_id(*members) == case["articleId"] == str(uuid.uuid5(A, canonical([*members])))


@each("identity", "contentHashes")
def test_content_hashes_are_those_of_the_vectors(case):
    members = {name: case[name] for name in ("headline", "body", "published")}
    assert identity.content_hash(**members) == case["contentHash"] == sha256(members)[:32]


@each("identity", "eventIds")
def test_event_ids_are_those_of_the_vectors(case):
    assert identity.event_id(case["articleId"], case["version"], case["contentHash"], case["run"]) == case["id"]


@each("identity", "entryKeys")
def test_long_keys_are_digests(case):
    assert identity.entry_key(case["key"]) == case["entryKey"]


@each("identity", "splits")
def test_files_fall_to_the_splits_that_the_vectors_say(case):
    assert identity.split_of(case["path"], case["count"]) == case["split"]


def test_the_namespaces_are_those_of_the_vectors():
    assert vectors("identity", "namespaces") == {"A": str(A), "E": str(E)}


@each("guids")
def test_guids_have_the_forms_the_vectors_say(case):
    assert identity.guid_form(case["guid"]) == case["form"]


@each("links")
def test_links_have_the_keys_and_uris_the_vectors_say(case):
    key = links.comparison_keys([case["link"]])[0]
    assert (key, links.valid_uri(case["link"])) == (case["key"], case["uri"])
    assert (key is not None and links.is_home(key)) == case["home"]


@each("links", "siblings")
def test_links_side_by_side_have_the_keys_the_vectors_say(case):
    assert links.comparison_keys(case["links"]) == case["keys"]


SCRIPT = """
import sys
from worker.core.read import read
from worker.model import Document, Format, Source
data = b'{"id":"story-000117","title":"Ferry","text":"The ferry sails.","tags":["b","a"]}'
document = Document(Source("dataset:x", "dataset", "dataset:x"), "a.jsonl", Format.JSONL, data, 0, len(data), 0, 1700000000000)
article = read(document, 1_000_000).items[0]
print(article.article_id, article.content_hash, article.item, article.provenance)
"""


def test_ids_and_bytes_do_not_depend_on_the_process_or_its_hash_seed():
    said = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(contract.schema_folder().parent)},
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(said) == 1


def test_ids_and_events_are_the_same_when_the_same_folder_lies_elsewhere(tmp_path):
    source = Source("dataset:x", "dataset", "dataset:x")

    def replayed(root):
        (root / "2023").mkdir(parents=True)
        (root / "2023" / "a.txt").write_text("date 2023-01\nThe ferry sails again.")
        (root / "b.jsonl").write_text('{"id": 1, "title": "Ferry"}\n{"title": "Bridge"}\n')
        found = documents([root], source, {}, Wanted(), lambda: 1_700_000_000_000)
        return [read(one.document, 1_000_000).items for one in found if isinstance(one, Found)]

    here, there = replayed(tmp_path / "here"), replayed(tmp_path / "over there" / "again")
    assert here == there
    assert sum(map(len, here)) == 3


def test_ids_depend_on_the_data_set_and_the_path_in_it():
    def ids(name, path):
        source = Source(f"dataset:{name}", "dataset", f"dataset:{name}")
        data = b"The ferry sails again."
        article = read(Document(source, path, Format.TEXT, data, 0, len(data), 0, 1_700_000_000_000), 1_000_000).items[
            0
        ]
        return article.article_id, article.content_hash

    assert len({ids("x", "a.txt")[0], ids("x", "b.txt")[0], ids("y", "a.txt")[0]}) == 3
    assert ids("x", "a.txt")[1] == ids("y", "b.txt")[1]
