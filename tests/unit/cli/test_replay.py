"""`news-worker replay` as it is called: what it writes where, and what it ends with."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from worker.cli.progress import bytes_in

TREE = Path(__file__).parents[3]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A data set of four articles in three files; the broker's file is beside it."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("NEWS_WORKER_")]:
        monkeypatch.delenv(name)
    path = tmp_path / "set"
    (path / "sub").mkdir(parents=True)
    write_lines(path / "a.jsonl", "a1", "a2")
    (path / "b.txt").write_text("date 2023-01\nIt rained for six days.")
    (path / "sub" / "c.txt").write_text("On the seventh it snowed.")
    return path


def write_lines(path, *titles):
    path.write_text("".join(json.dumps({"headline": title}) + "\n" for title in titles))


def published(outcome):
    return int(outcome.error.partition(" article")[0].rpartition("\n")[2].replace(",", ""))


def published_dry(outcome):
    return int(re.search(r"(\d+) articles? would be published", outcome.error)[1])


def events(call):
    return [json.loads(line)["value"] for line in call("tail", "articles").out.splitlines()]


def ids(call):
    return [json.loads(line)["cloudevent"]["id"] for line in call("tail", "articles").out.splitlines()]


def shell(command, stdin=b""):
    program = f"{sys.executable} -m worker"
    environment = {**os.environ, "PYTHONPATH": str(TREE), "WORKER": program}
    return subprocess.run(["bash", "-c", command], input=stdin, capture_output=True, env=environment, check=False)


def test_all_well_is_0_and_a_second_run_says_that_it_was_already_there(folder, call):
    first = call("replay", "set")
    assert (first.code, first.out, published(first)) == (0, "", 4)
    second = call("replay", "set")
    assert (second.code, published(second)) == (0, 0)
    assert "all of it was already there: nothing was published" in second.error
    assert len(events(call)) == 4


def test_a_record_that_is_rejected_is_1_and_said_with_what_to_do(folder, call):
    with (folder / "a.jsonl").open("a") as file:
        file.write("{broken\n")
    outcome = call("replay", "set")
    assert (outcome.code, published(outcome)) == (1, 4)
    assert "a.jsonl, invalid_json" in outcome.error
    assert "news-worker rejects list" in outcome.error


@pytest.mark.parametrize(
    "arguments",
    [
        ["nowhere"],
        ["set", "--to", "elsewhere"],
        ["set", "--to", "-", "--dry-run"],
        ["-", "--only", "a.jsonl"],
        ["set", "--dataset", " "],
        ["set", "--dataset", "é" * 128],
        ["-", "--dataset", "x" * 256],
        ["set", "--dataset", "\udcff"],
        ["set", "--limit", "0"],
        ["set", "--rate", "0"],
        ["set", "--split", "1"],
        ["set", "--split", "2/2"],
        ["set", "--split", "0/0"],
        ["set", "--split", "0/1001"],
        ["set", "--split", "0/2", "--to", "-"],
        ["-", "--split", "0/2"],
        ["set", "--broker", "carrier-pigeon://"],
        [],
    ],
)
def test_a_call_that_is_wrong_is_2_and_makes_no_file(folder, call, arguments):
    outcome = call("replay", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert "Traceback" not in outcome.error
    assert not Path("news.db").exists()


def test_the_longest_name_of_a_data_set_is_published_and_remembered(folder, call):
    for name in ("\x01" * 255, "%" * 255, "ü" * 127):
        assert published(call("replay", "set", "--dataset", name)) == 4
        assert published(call("replay", "set", "--dataset", name)) == 0
    assert "255 at most can be" in call("replay", "set", "--dataset", "x" * 256).error


def test_a_brokers_file_that_is_none_is_2_and_left_as_it_is(folder, call):
    Path("news.db").write_bytes(b"minutes of a meeting " * 500)
    outcome = call("replay", "set")
    assert outcome.code == 2
    assert "news.db is no SQLite database" in outcome.error
    assert Path("news.db").read_bytes() == b"minutes of a meeting " * 500


def test_events_as_lines_are_valid_and_nothing_else_is_on_standard_output(folder):
    done = shell("$WORKER replay set --to - | $WORKER schema validate -")
    assert done.returncode == 0, done.stderr.decode()
    assert not Path("news.db").exists()
    lines = [json.loads(line) for line in shell("$WORKER replay set --to -").stdout.splitlines()]
    assert [line["provenance"]["file"] for line in lines] == ["a.jsonl", "a.jsonl", "b.txt", "sub/c.txt"]


def test_a_pipe_that_is_closed_ends_it_quietly(folder):
    write_lines(folder / "a.jsonl", *map(str, range(20_000)))
    done = shell("set -o pipefail; $WORKER replay set --to - | head -1")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 1
    assert b"Traceback" not in done.stderr
    assert b"rror" not in done.stderr


def test_a_dry_run_tells_what_would_be_and_makes_no_file(folder, call):
    outcome = call("replay", "set", "--dry-run")
    assert outcome.code == 0
    assert "4 articles would be published" in outcome.error
    assert not Path("news.db").exists()
    call("replay", "set", "--limit", "3")
    assert "1 article would be published" in call("replay", "set", "--dry-run").error
    assert len(events(call)) == 3


def test_splits_share_a_data_set_and_a_dry_run_tells_what_each_would_publish(folder, call):
    would = [published_dry(call("replay", "set", "--split", f"{index}/2", "--dry-run")) for index in range(2)]
    assert sum(would) == 4
    assert published(call("replay", "set", "--split", "0/2")) == would[0]
    assert published(call("replay", "set", "--split", "1/2")) == would[1]
    assert len(set(ids(call))) == 4


def test_another_number_of_splits_is_refused_with_what_to_do_by_a_dry_run_too(folder, call):
    call("replay", "set", "--split", "2/3", "--limit", "1")
    for arguments in ([], ["--dry-run"]):
        outcome = call("replay", "set", "--split", "0/2", *arguments)
        assert outcome.code == 2
        assert "begun in 3 splits and is not finished: finish --split 2/3 first" in outcome.error


@pytest.mark.parametrize("root", ["set", "set/", "./set", "set/a.jsonl"])
def test_progress_measures_the_files_that_are_to_be_read(folder, root):
    keys = []
    assert bytes_in([Path(root)], lambda key: not keys.append(key)) > 0
    assert sorted(keys) == (["a.jsonl"] if root.endswith("l") else ["a.jsonl", "b.txt", "sub/c.txt"])
    assert bytes_in([Path(root)], lambda _key: False) == 0


def test_a_limit_is_gone_on_from_by_the_next_call(folder, call):
    assert [published(call("replay", "set", "--limit", "3")) for _ in range(3)] == [3, 1, 0]
    assert len(set(ids(call))) == 4


def test_a_rate_changes_nothing_but_the_pace(folder, call):
    assert published(call("replay", "set", "--rate", "1000")) == 4
    assert len(events(call)) == 4


def test_ids_and_memory_are_scoped_by_the_data_set(folder, call):
    call("replay", "set")
    assert published(call("replay", "set", "--dataset", "other")) == 4
    found = events(call)
    assert len({event["articleId"] for event in found}) == 8
    assert {event["source"]["id"] for event in found} == {"dataset:set", "dataset:other"}


def test_a_data_set_may_be_moved_and_is_still_known(folder, call):
    call("replay", "set")
    folder.rename("moved")
    assert published(call("replay", "moved", "--dataset", "set")) == 0


def test_again_publishes_the_same_articles_under_new_event_ids(folder, call):
    call("replay", "set")
    assert published(call("replay", "set", "--again")) == 4
    assert len(set(ids(call))) == 8
    assert len({event["articleId"] for event in events(call)}) == 4


def test_only_takes_the_files_named_and_tells_of_one_that_is_not_there(folder, call):
    outcome = call("replay", "set", "--only", "sub/c.txt", "--only", "d.txt")
    assert (outcome.code, published(outcome)) == (1, 1)
    assert "d.txt: there is no such file" in outcome.error
    assert published(call("replay", "set")) == 3


def test_a_file_that_was_changed_is_left_until_it_is_asked_for(folder, call):
    call("replay", "set")
    (folder / "b.txt").write_text("It never rained.")
    left = call("replay", "set")
    assert (left.code, published(left)) == (1, 0)
    assert "b.txt: not what was published" in left.error
    asked = call("replay", "set", "--changed")
    assert (asked.code, published(asked)) == (0, 1)


def test_lines_that_were_added_are_published_and_no_others(folder, call):
    call("replay", "set")
    write_lines(folder / "a.jsonl", "a1", "a2", "a3")
    grown = call("replay", "set")
    assert (grown.code, published(grown)) == (0, 1)
    assert "grown: went on at the end" in grown.error
    assert events(call)[-1]["item"]["headlines"][0]["value"] == "a3"


def test_several_paths_are_data_sets_of_their_own_unless_named_as_one(folder, call):
    assert published(call("replay", "set/b.txt", "set/sub")) == 2
    assert {event["source"]["id"] for event in events(call)} == {"dataset:b.txt", "dataset:sub"}


def test_standard_input_is_read_as_it_comes(folder, call):
    done = shell("cat set/a.jsonl | $WORKER replay - --dataset piped")
    assert done.returncode == 0, done.stderr.decode()
    found = events(call)
    assert [event["source"]["id"] for event in found] == ["dataset:piped"] * 2
    assert [event["provenance"]["file"] for event in found] == ["-"] * 2
