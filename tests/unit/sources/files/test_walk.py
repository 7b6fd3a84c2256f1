from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.sources.files.said import Said
from worker.sources.files.walk import Place, path_key, walk


def keys(*roots):
    return [one.key for one in walk(roots) if isinstance(one, Place)]


def outcomes(*roots):
    return {one.path: one.outcome.name for one in walk(roots) if isinstance(one, Said)}


def write(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("words")


def test_files_come_in_the_order_of_their_paths_bytes(tmp_path):
    write(tmp_path, "b/2", "b/10", "a", "Z", "é", "b.txt", "b-1", "b/sub/1")
    assert keys(tmp_path) == ["Z", "a", "b-1", "b.txt", "b/10", "b/2", "b/sub/1", "é"]


def test_a_root_that_is_a_file_is_its_own_name(tmp_path):
    write(tmp_path, "some/wire.jsonl")
    assert keys(tmp_path / "some/wire.jsonl") == ["wire.jsonl"]


def test_the_key_does_not_depend_on_how_the_root_is_written(tmp_path, monkeypatch):
    write(tmp_path, "some/sub/a.txt")
    monkeypatch.chdir(tmp_path / "some")
    assert keys(Path()) == keys(Path("../some")) == keys(tmp_path / "some") == ["sub/a.txt"]


@pytest.mark.parametrize(
    ("path", "key"),
    [
        (b"a b.txt", "a b.txt"),
        (b"100%.txt", "100%25.txt"),
        (b"caf\xe9", "caf%E9"),
        ("日本".encode(), "日本"),
        (b"%FF\xff", "%25FF%FF"),
    ],
)
def test_a_name_that_is_no_text_has_a_key_all_the_same(path, key):
    assert path_key(path) == key


@given(st.binary(max_size=40))
def test_a_key_leads_back_to_the_name(name):
    assert unquote_to_bytes(path_key(name).encode()) == name


def test_a_name_outside_utf_8_is_found(tmp_path):
    write(tmp_path, os.fsdecode(b"caf\xe9.txt"))
    assert keys(tmp_path) == ["caf%E9.txt"]


def test_hidden_names_are_skipped_and_counted(tmp_path):
    write(tmp_path, ".git/config", ".DS_Store", "a.txt")
    assert keys(tmp_path) == ["a.txt"]
    assert outcomes(tmp_path) == {".git": "HIDDEN", ".DS_Store": "HIDDEN"}


def test_a_link_to_a_folder_above_is_not_followed(tmp_path):
    write(tmp_path, "a/b/c.txt")
    (tmp_path / "a/b/up").symlink_to(tmp_path / "a")
    (tmp_path / "a/top").symlink_to("..")
    assert keys(tmp_path) == ["a/b/c.txt"]
    assert outcomes(tmp_path) == {"a/b/up": "NOT_FOLLOWED", "a/top": "NOT_FOLLOWED"}


def test_a_link_to_a_folder_elsewhere_is_followed_once(tmp_path):
    write(tmp_path, "elsewhere/c.txt")
    (tmp_path / "root").mkdir()
    for name in ("one", "two"):
        (tmp_path / "root" / name).symlink_to(tmp_path / "elsewhere")
    assert keys(tmp_path / "root") == ["one/c.txt"]
    assert outcomes(tmp_path / "root") == {"two": "NOT_FOLLOWED"}


def test_a_web_of_links_ends(tmp_path):
    folders = [tmp_path / f"f{number}" for number in range(12)]
    for folder in folders:
        folder.mkdir()
        for other in folders:
            (folder / f"to-{other.name}").symlink_to(other)
    assert keys(tmp_path) == []


@pytest.fixture
def deep(tmp_path):
    """The innermost of 1,500 folders, taken away again: what removes tmp_path is recursive."""
    made = [tmp_path / "d"]
    while len(made) < 1500:
        made.append(Path(f"{made[-1]}/d"))
    for folder in made:
        folder.mkdir()
    yield made[-1]
    for folder in reversed(made):
        folder.rmdir()


def test_folders_may_be_as_deep_as_the_system_lets_them(tmp_path, deep):
    write(deep, "a")
    assert [len(key) for key in keys(tmp_path)] == [3001]
    (deep / "a").unlink()


def test_a_folder_that_cannot_be_listed_is_said_and_the_others_are_read(tmp_path, monkeypatch):
    write(tmp_path, "locked/a.txt", "open/b.txt")
    scandir = os.scandir

    def locked(path):
        if path.endswith(b"locked"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", locked)
    assert keys(tmp_path) == ["open/b.txt"]
    assert outcomes(tmp_path) == {"locked": "UNREADABLE"}
