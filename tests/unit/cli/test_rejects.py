"""`rejects`: the list, one of them, and the command that runs it again."""

import json

import pytest
from rich.console import Console

from worker.cli.run_again import run_again
from worker.model import Topic


def reject(broker, raw=b'{"cut', code="invalid_json", at=1_700_000_000_000, **headers):
    named = {
        "reject_stage": "read",
        "reject_code": code,
        "reject_message": "it breaks off after 5 bytes",
        "reject_source_id": "dataset:my seeds",
        "reject_entry_key": '["nl/bad file.jsonl",3]',
    }
    return broker.put(Topic.REJECTS, b"k", raw, at, **named | headers)


def test_the_list_is_a_line_each_with_tabs_when_piped(broker, call):
    reject(broker)
    outcome = call("rejects", "list")
    assert outcome.code == 0
    assert [line.split("\t") for line in outcome.out.splitlines()] == [
        ["place", "time", "code", "source", "entry", "message"],
        [
            "0:0",
            "2023-11-14T22:13:20.000Z",
            "invalid_json",
            "dataset:my seeds",
            '["nl/bad file.jsonl",3]',
            "it breaks off after 5 bytes",
        ],
    ]


def test_on_a_terminal_of_80_columns_no_word_of_the_list_is_cut(broker, call, monkeypatch):
    monkeypatch.setattr(Console, "is_terminal", property(lambda _: True))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    message = "its text is longer than what a message of the topic may have, by a long way, so that it is here for you"
    reject(broker, code="too_large", reject_message=message)
    lines = call("rejects", "list").out.splitlines()
    assert lines[0] == "0:0 · too_large"
    assert all(len(line) <= 80 for line in lines)
    assert " ".join(" ".join(lines[1:]).split()) == (
        f'2023-11-14T22:13:20.000Z · dataset:my seeds · ["nl/bad file.jsonl",3] {message}'
    )


def test_the_list_keeps_the_newest_and_says_so(broker, call):
    for _ in range(3):
        reject(broker)
    outcome = call("rejects", "list", "--limit", "2")
    assert [line.split("\t")[0] for line in outcome.out.splitlines()] == ["place", "0:1", "0:2"]
    assert "the newest 2 of 3" in outcome.error


def test_the_list_can_be_of_one_code(broker, call):
    reject(broker)
    reject(broker, code="too_large")
    outcome = call("rejects", "list", "--code", "too_large")
    assert [line.split("\t")[0] for line in outcome.out.splitlines()] == ["place", "0:1"]


@pytest.mark.parametrize(
    ("options", "places"),
    [
        (["--source", "gazette"], ["0:1", "0:2"]),
        (["--since", "2023-11-15"], ["0:2", "0:3"]),
        (["--source", "gazette", "--since", "2023-11-15"], ["0:2"]),
        (["--source", "gazette", "--code", "invalid_json"], ["0:1"]),
        (["--source", "gazette", "--since", "2023-11-15", "--code", "invalid_json"], []),
    ],
)
def test_the_list_can_be_of_one_source_and_since_a_time_and_all_of_that_at_once(broker, call, options, places):
    reject(broker)
    reject(broker, reject_source_id="gazette")
    reject(broker, code="too_large", at=1_700_100_000_000, reject_source_id="gazette")
    reject(broker, at=1_700_100_000_000)
    outcome = call("rejects", "list", *options)
    assert [line.split("\t")[0] for line in outcome.out.splitlines()][1:] == places
    assert (outcome.code, outcome.error) == (0, "" if places else "no such rejections\n")


def test_an_unknown_code_is_a_usage_error(broker, call):
    outcome = call("rejects", "list", "--code", "huge")
    assert outcome.code == 2
    assert "too_large" in outcome.error


def test_no_rejections_is_said(broker, call):
    outcome = call("rejects", "list")
    assert (outcome.code, outcome.out, outcome.error) == (0, "", "no rejections\n")


def test_a_message_cannot_break_the_list_or_the_terminal(broker, call):
    reject(broker, reject_message="a\tb\nc\x1b[2J")
    assert "a b c\\x1b[2J" in call("rejects", "list").out


def test_one_is_shown_with_headers_bytes_and_what_to_do(broker, call):
    reject(broker)
    outcome = call("rejects", "show", "0")
    assert outcome.code == 0
    assert "reject_code       invalid_json" in outcome.out
    assert 'all 5:\n\n{"cut\n' in outcome.out
    assert "news-worker replay ROOT --dataset 'my seeds' --only 'nl/bad file.jsonl' --changed\n" in outcome.out
    assert "news-worker replay ROOT --dataset 'my seeds' --only 'nl/bad file.jsonl' --again\n" in outcome.out


def test_of_a_feeds_entry_it_is_said_who_has_to_mend_it(broker, call):
    reject(broker, reject_source_id="0123456789abcdef")
    assert "from a feed, whose publisher has to mend it" in call("rejects", "show", "0").out


def test_of_a_feeds_entry_it_is_said_how_it_is_decided_once_more(broker, call):
    reject(broker, reject_source_id="0123456789abcdef")
    assert "news-worker rejects redrive 0:0" in call("rejects", "show", "0").out


def test_bytes_that_are_no_text_are_dumped(broker, call):
    reject(broker, b"\x7fELF\x00\xff" + b"A" * 12)
    shown = call("rejects", "show", "0").out
    assert "00000000  7f 45 4c 46 00 ff 41 41 41 41 41 41 41 41 41 41  .ELF..AAAAAAAAAA\n" in shown
    assert "00000010  41 41                                            AA\n" in shown


def test_what_was_cut_is_said(broker, call):
    reject(broker, reject_cut="1048577")
    assert "the first 5 of 1048577:" in call("rejects", "show", "0").out


def test_raw_writes_exactly_the_bytes(broker, call):
    raw = bytes(range(256)) + b"\r\n\xff"
    reject(broker, raw)
    assert call("rejects", "show", "0", "--raw").raw == raw


@pytest.mark.parametrize(("kept", "said"), [(0, "none are kept"), (2, "0 to 1 are kept")])
def test_an_offset_that_is_not_there_says_which_are(broker, call, kept, said):
    for _ in range(kept):
        reject(broker)
    outcome = call("rejects", "show", "7")
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.error


@pytest.mark.parametrize(
    ("entry_key", "path"),
    [
        (json.dumps(["a.txt", 0]), "a.txt"),
        ("urn:an-id-of-its-own", "PATH"),
        ("sha256:00", "PATH"),
        ("12", "PATH"),
        ("[]", "PATH"),
        ("", "PATH"),
    ],
)
def test_the_path_comes_from_the_entry_key_where_it_is_in_it(entry_key, path):
    assert run_again("dataset:seeds", entry_key) == f"news-worker replay ROOT --dataset seeds --only {path}"


def test_only_a_data_set_is_replayed_again():
    assert run_again("0123456789abcdef", '["a.txt",0]') is None
