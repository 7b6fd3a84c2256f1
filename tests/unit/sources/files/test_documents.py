"""The lines of bad input that concern files: each gets its answer, and its siblings are read."""

from __future__ import annotations

import os
import socket
import zipfile
from io import BytesIO

import pytest
import zstandard
from unit.sources.files.packed import gz

from worker.model import Format, Source
from worker.sources.files import Found, Wanted, documents_of_stream
from worker.sources.files.cut import Caps

SOURCE = Source("dataset:x", "dataset", "dataset:x")


def test_a_text_is_one_document(replay):
    (replay.root / "a.txt").write_bytes(b"date 2023-01 words")
    (found,) = replay.all()
    document = found.document
    assert (document.path, document.format, document.data) == ("a.txt", Format.TEXT, b"date 2023-01 words")
    assert (document.start, document.end, document.ordinal, document.observed_at) == (0, 18, 0, 1_700_000_000_000)
    assert found.last


@pytest.mark.parametrize("name", ["a.json", "a.jpg", "a", "a.gz"])
def test_the_name_says_nothing(replay, name):
    (replay.root / name).write_bytes(b'{"title":"a"}\n')
    (found,) = replay.all()
    assert found.document.format is Format.JSONL


@pytest.mark.parametrize("pack", [gz, zstandard.compress])
def test_a_packed_file_is_read_and_remembered_unpacked(replay, pack):
    packed = pack(b'{"title":"a"}\n')
    (replay.root / "a").write_bytes(packed)
    (found,) = replay.all()
    assert (found.document.data, found.document.end) == (b'{"title":"a"}\n', 14)
    assert found.file.size == len(packed)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "EMPTY"),
        (b" \r\n\t ", "EMPTY"),
        (b" " * 200_000, "EMPTY"),
        (bytes(range(256)), "UNSUPPORTED_FORMAT"),
        (b"<!doctype html><html><body>words</body></html>", "UNSUPPORTED_FORMAT"),
        (gz(gz(b"words")), "UNSUPPORTED_FORMAT"),
        (b'{"a": 1,\n "b":', "INVALID_JSON"),
        (b"\x1f\x8b\x08garbage", "DAMAGED_ARCHIVE"),
        (gz(b"words " * 50)[:-4], "DAMAGED_ARCHIVE"),
        (gz(b"words ") + b"garbage", "DAMAGED_ARCHIVE"),
        (zstandard.compress(b"<rss>" + b"words " * 50)[:-4], "DAMAGED_ARCHIVE"),
    ],
)
def test_a_bad_file_is_one_refusal_is_done_and_harms_no_sibling(replay, content, code):
    (replay.root / "bad").write_bytes(content)
    (replay.root / "good").write_bytes(b"words")
    assert replay.refusals() == [code]
    assert b"words" in replay.publish()
    assert replay.remembered["bad"].done
    assert replay.publish() == []


def test_a_zip_is_refused_without_being_opened(replay):
    with zipfile.ZipFile(replay.root / "a.zip", "w") as archive:
        archive.writestr("../../outside", b"words")
    assert replay.refusals() == ["UNSUPPORTED_FORMAT"]
    assert [path.name for path in replay.root.parent.rglob("outside")] == []


def test_text_behind_much_white_space_is_text(replay):
    (replay.root / "a").write_bytes(b"\n" * 300_000 + b"words")
    (found,) = replay.all()
    assert (found.document.format, found.document.refused) == (Format.TEXT, None)


@pytest.mark.parametrize("pack", [gz, zstandard.compress])
def test_whole_lines_before_damage_are_read_and_it_goes_on_there_once_it_is_healed(replay, pack):
    lines = b"".join(b'{"id":%d,"text":"%s"}\n' % (number, os.urandom(500).hex().encode()) for number in range(200))
    path = replay.root / "a.jsonl.packed"
    path.write_bytes(pack(lines)[:-10_000])
    *read, damage = published = replay.publish()
    assert 0 < len(read) < 200
    assert read == lines.splitlines()[: len(read)]
    assert damage not in lines.splitlines()
    assert replay.refusals() == []
    state = replay.remembered["a.jsonl.packed"]
    assert (state.done, state.records) == (True, len(read))
    path.write_bytes(pack(lines))
    assert published[:-1] + replay.publish() == lines.splitlines()


@pytest.mark.parametrize("content", [b"words " * 100, b"<rss>" + b"words " * 100, b"\xff\xfe" + b"w\x00" * 300])
def test_a_text_or_feed_over_the_cap_is_refused_with_the_digest_of_all_of_it(replay, content):
    (replay.root / "a").write_bytes(content)
    (found,) = replay.all(caps=Caps(whole=100))
    refused = found.document.refused
    assert (refused.code.name, refused.size) == ("TOO_LARGE", len(content))
    assert found.state_at(found.document.end, 1, done=True).digest == refused.digest


def test_one_bad_line_in_a_million_costs_nothing_here(replay):
    (replay.root / "a").write_bytes(b'{"id":1}\n' * 500_000 + b"bad\n" + b'{"id":2}\n' * 500_000)
    found = replay.all()
    assert sum(one.piece.records for one in found) == 1_000_001
    assert [one.document.refused for one in found if one.document.refused] == []


def test_no_permission_is_said_and_the_others_are_read(replay, monkeypatch):
    for name in ("a", "b"):
        (replay.root / name).write_bytes(b"words")
    opened = os.open

    def locked(path, *rest):
        if path.endswith(b"/a"):
            raise PermissionError(13, "Permission denied")
        return opened(path, *rest)

    monkeypatch.setattr(os, "open", locked)
    assert replay.outcomes() == {"a": "UNREADABLE"}
    assert replay.publish() == [b"words"]


def test_a_file_that_vanishes_between_listing_and_opening_is_said(replay):
    for name in ("a", "b"):
        (replay.root / name).write_bytes(b"words")
    for one in replay.iterate():
        (replay.root / "b").unlink(missing_ok=True)
        last = one
    assert (last.path, last.outcome.name) == ("b", "UNREADABLE")


def test_what_is_no_regular_file_is_never_opened(replay, monkeypatch):
    os.mkfifo(replay.root / "fifo")
    monkeypatch.chdir(replay.root)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        (replay.root / "device").symlink_to("/dev/zero")
        monkeypatch.setattr(os, "open", None)
        assert replay.outcomes() == {"fifo": "NOT_A_FILE", "socket": "NOT_A_FILE", "device": "NOT_A_FILE"}


def test_a_file_that_becomes_a_fifo_before_it_is_opened_does_not_block(replay, monkeypatch):
    path = replay.root / "a"
    path.write_bytes(b"words")
    opened = os.open

    def swapped(name, *rest):
        path.unlink()
        os.mkfifo(path)
        return opened(name, *rest)

    monkeypatch.setattr(os, "open", swapped)
    assert replay.outcomes() == {"a": "NOT_A_FILE"}


def test_links_that_lead_nowhere_or_to_themselves_are_said(replay):
    (replay.root / "self").symlink_to("self")
    (replay.root / "nowhere").symlink_to("gone")
    assert replay.outcomes() == {"self": "UNREADABLE", "nowhere": "UNREADABLE"}


@pytest.mark.parametrize("content", [b"words", b"<rss version='2.0'></rss>"])
def test_a_whole_file_that_changes_while_it_is_read_is_not_given(replay, monkeypatch, content):
    path = replay.root / "a"
    path.write_bytes(content)
    real = os.fstat
    calls = []

    def grown(descriptor):
        calls.append(descriptor)
        if len(calls) == 2:
            path.write_bytes(content + b"more")
        return real(descriptor)

    monkeypatch.setattr(os, "fstat", grown)
    (said,) = replay.all()
    assert (said.outcome.name, said.outcome.left) == ("CHANGING", True)


def test_an_array_that_changes_while_it_is_read_is_not_done(replay):
    path = replay.root / "a"
    path.write_bytes(b"[" + b",".join([b'{"a":"%s"}' % (b"x" * 5000)] * 200) + b"]")
    found = []
    for one in replay.iterate():
        found.append(one)
        path.write_bytes(path.read_bytes() + b" ")
    assert [one.last for one in found if isinstance(one, Found)] == [False] * (len(found) - 1)
    assert found[-1].outcome.name == "CHANGING"


def test_lines_may_grow_while_they_are_read_but_not_shrink(replay):
    path = replay.root / "a"
    line = b'{"a":"%s"}\n' % (b"x" * 5000)
    for change, outcomes in ((line, []), (b"", ["CHANGING"])):
        path.write_bytes(line * 200)
        found = []
        for one in replay.iterate():
            if not found:
                path.write_bytes(line * 200 + line if change else line)
            found.append(one)
        assert [one.outcome.name for one in found if not isinstance(one, Found)] == outcomes
        assert found[-1 - len(outcomes)].last == (not outcomes)


def test_only_reads_what_is_named_and_says_what_is_not_there(replay):
    for name in ("a", "b"):
        (replay.root / name).write_bytes(name.encode())
    wanted = Wanted(only=frozenset({"b", "c"}))
    assert replay.publish(wanted) == [b"b"]
    assert replay.outcomes(wanted)["c"] == "UNREADABLE"


def test_two_files_of_one_path_in_a_data_set_are_not_taken_for_one(replay, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (replay.root / "a").write_bytes(b"words")
    (other / "a").write_bytes(b"other words")
    found, said = replay.all(roots=[replay.root, other])
    assert found.document.data == b"words"
    assert (said.outcome.name, said.outcome.left) == ("SAME_PATH", True)


def test_an_empty_array_is_without_a_record_and_nothing_is_wrong_with_that(replay):
    (replay.root / "a").write_bytes(b"[]")
    (said,) = replay.all()
    assert (said.outcome.name, said.outcome.left, said.state.done) == ("NO_RECORDS", False, True)


def test_standard_input_has_the_same_formats(replay):
    stream = BytesIO(gz(b'{"a":1}\n{"b":2}\n'))
    (found,) = documents_of_stream(stream, SOURCE, lambda: 5)
    assert (found.document.path, found.document.format, found.document.observed_at) == ("-", Format.JSONL, 5)
    assert found.last


def test_standard_input_that_cannot_be_read_is_said():
    class Folder(BytesIO):
        def read(self, size=-1):
            raise IsADirectoryError(21, "Is a directory")

    (said,) = documents_of_stream(Folder(), SOURCE, lambda: 5)
    assert (said.path, said.outcome.name) == ("-", "UNREADABLE")
