"""`sources`: what is polled, listed, changed and removed, on a file of the embedded broker."""

import json
from io import BytesIO
from types import SimpleNamespace

import click
import pytest

from worker.broker.connect import connect
from worker.core.sources.definitions import Definitions
from worker.errors import BrokerRefused
from worker.model import Record, Topic
from worker.pipeline import definitions

FEED, OTHER = "https://news.example/feed?token=abc", "https://other.example/rss"
FEED_ID = "gazette"


@pytest.fixture
def url(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path}/news.db"
    monkeypatch.setenv("NEWS_WORKER_BROKER", url)
    return url


@pytest.fixture
def sources(url, call):
    """A `sources` command and what it came to."""
    return lambda *arguments: call("sources", *arguments)


@pytest.fixture
def two(sources):
    sources("add", FEED, "--id", FEED_ID, "--title", "The Gazette", "--interval", "15m")
    sources("add", OTHER, "--id", "other")


@pytest.fixture
def write(tmp_path):
    def written(text, name="feeds.txt"):
        file = tmp_path / name
        file.write_text(text)
        return str(file)

    return written


def ids(sources):
    return [line.split("\t")[0] for line in sources("list").out.splitlines()[1:]]


def test_a_source_is_added_and_listed(sources):
    added = sources("add", FEED, "--title", "The Gazette", "--interval", "15m")
    assert (added.code, added.error) == (0, "")
    assert added.out.startswith("added    ")
    assert [line.split("\t")[1:] for line in sources("list").out.splitlines()] == [
        ["title", "url", "interval", "note"],
        ["The Gazette", "https://news.example/feed?token=***", "15m", ""],
    ]


def test_the_list_is_by_site_and_as_json_an_object_a_line(sources, two):
    listed = [json.loads(line) for line in sources("list", "--json").out.splitlines()]
    assert [one["id"] for one in listed] == ["gazette", "other"]
    assert listed[0] == listed[0] | {
        "kind": "feed",
        "url": "https://news.example/feed?token=***",
        "site": "news.example",
        "title": "The Gazette",
        "intervalSeconds": 900,
        "partition": 0,
        "passedOver": None,
    }
    assert listed[0]["addedAt"].endswith("Z")


def test_no_sources_is_said_with_what_to_do(sources, two):
    sources("remove", "gazette", "other")
    outcome = sources("list")
    assert (outcome.code, outcome.out) == (0, "")
    assert "sources add URL" in outcome.error


def test_without_a_file_there_is_nothing_to_list(sources):
    outcome = sources("list")
    assert outcome.code == 2
    assert "`news-worker sources add`" in outcome.error


def test_adding_a_source_again_changes_the_options_given(sources, two):
    changed = sources("add", "HTTPS://NEWS.example/feed?token=abc", "--updates", "none", "--header", "X-Key=a_key")
    assert changed.out == (
        "changed  gazette  https://news.example/feed?token=***  The Gazette"
        "  (updates all → none; headers (none) → X-Key=a_key)\n"
    )
    assert "interval       15m\n" in sources("show", "gazette").out
    assert sources("add", FEED).out.startswith("same     gazette")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["news.example/feed"], "no http://, https:// or kafka://"),
        (["https://me:letmein@news.example/feed"], "credentials"),
        ([FEED, "--interval", "5s"], "interval: '5s' can't be an interval: give one from 60s to 7d"),
        ([FEED, "--zone", "Mars"], "zone: 'Mars' is no time zone"),
        ([FEED, "--credentials", "me:letmein"], "name of a secret"),
        ([FEED, "--header", "X-Key=let me in"], "name of a secret"),
        ([FEED, "--id", "dataset:a"], "can't be an id"),
        ([OTHER, "--id", FEED_ID], "a source is not moved to another site"),
    ],
)
def test_what_can_not_be_added_is_said_without_secrets(sources, two, arguments, said):
    outcome = sources("add", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.error
    assert "letmein" not in outcome.error
    assert ids(sources) == ["gazette", "other"]


def test_a_source_is_shown_by_its_id_or_its_url(sources, two):
    shown = sources("show", "gazette")
    assert shown.code == 0
    assert "url            https://news.example/feed?token=***\n" in shown.out
    assert "polled         yes\n" in shown.out
    assert sources("show", FEED).out == shown.out


@pytest.mark.parametrize("command", ["show", "remove"])
@pytest.mark.parametrize("named", ["nobody", "https://nobody.example/"])
def test_a_source_that_is_not_there_is_said(sources, two, command, named):
    outcome = sources(command, named)
    assert outcome.code == 2
    assert "there is no source" in outcome.error
    assert ids(sources) == ["gazette", "other"]


def test_sources_are_removed_by_id_or_url(sources, two):
    removed = sources("remove", "other", FEED)
    assert removed.code == 0
    assert [line.split()[:2] for line in removed.out.splitlines()] == [["removed", "other"], ["removed", "gazette"]]
    assert sources("list").out == ""


def test_lists_are_applied_and_what_differs_is_said(sources, two, write):
    file = write(f"{FEED}\nhttps://third.example/feed\n")
    outcome = sources("apply", file)
    assert outcome.code == 0
    assert [line.split()[0] for line in outcome.out.splitlines()] == ["added"]
    assert outcome.error == "1 added, 0 changed, 1 the same, 1 in no list: kept (--prune removes)\n"
    assert len(ids(sources)) == 3


def test_several_lists_are_one(sources, two, write):
    outcome = sources("apply", write(FEED, "a.txt"), write(OTHER, "b.txt"), "--prune")
    assert outcome.error == "0 added, 0 changed, 2 the same\n"


def test_sources_that_are_added_can_be_told_to_skip_what_they_show_already(sources, two, write):
    listed = write(
        "[[source]]\nurl = 'https://third.example/rss'\ninitial = 'publish'\n" + f"[[source]]\nurl = '{OTHER}'\n"
    )
    assert sources("apply", listed, "--initial", "skip").code == 0
    found = {one["site"]: one.get("initial") for one in map(json.loads, sources("list", "--json").out.splitlines())}
    assert found == {"news.example": None, "other.example": None, "third.example": "skip"}


def test_what_can_not_be_initial_is_said_before_anything_is_read(sources, write):
    outcome = sources("apply", "nowhere.opml", "--initial", "yesterday")
    assert (outcome.code, "can't be `initial`" in outcome.error) == (2, True)


def test_a_list_may_come_by_standard_input(sources, monkeypatch):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=BytesIO(FEED.encode())))
    assert sources("apply", "-").out.startswith("added")
    assert len(ids(sources)) == 1


def test_a_second_source_of_one_feed_is_added_and_noted(sources, two):
    outcome = sources("add", FEED, "--id", "twin")
    assert outcome.out.startswith("added    twin")
    assert outcome.error.startswith(f"note: {FEED_ID} has this URL too")
    assert sources("add", FEED, "--id", "twin", "--interval", "1h").error == ""


def test_what_could_not_be_written_is_not_said_to_be_added(sources, write, monkeypatch):
    def full(broker, records):
        raise BrokerRefused("no room left")

    monkeypatch.setattr(definitions, "write", full)
    outcome = sources("apply", write(FEED))
    assert (outcome.code, outcome.out) == (2, "")


def test_a_dry_run_says_the_same_and_changes_nothing(sources, two, write):
    outcome = sources("apply", write("https://third.example/feed\n"), "--dry-run", "--prune")
    assert [line.split()[0] for line in outcome.out.splitlines()] == ["added", "removed", "removed"]
    assert outcome.error.startswith("dry run, nothing was changed: 1 added")
    assert ids(sources) == ["gazette", "other"]


def test_a_dry_run_makes_no_file(sources, write, tmp_path):
    assert sources("apply", write(FEED), "--dry-run").out.startswith("added")
    assert not (tmp_path / "news.db").exists()


def test_what_is_wrong_in_a_list_costs_only_itself(sources, two, write):
    outcome = sources("apply", write("https://third.example/feed\nnonsense\n"))
    assert outcome.code == 1
    assert "feeds.txt, line 2: this is no http://" in outcome.error
    assert len(ids(sources)) == 3


def test_a_broken_list_prunes_nothing(sources, two, write):
    outcome = sources("apply", write(f"{FEED}\nnonsense\n"), "--prune", "--yes")
    assert outcome.code == 2
    assert "Nothing was changed" in outcome.error
    assert outcome.out == ""
    assert ids(sources) == ["gazette", "other"]


def test_pruning_removes_what_is_in_no_list(sources, two, write):
    outcome = sources("apply", write(FEED), "--prune")
    assert outcome.code == 0
    assert outcome.out.startswith("removed  other  ")
    assert ids(sources) == ["gazette"]


def test_removing_more_than_half_is_to_be_confirmed(sources, two, write):
    sources("add", "https://third.example/feed", "--id", "third")
    refused = sources("apply", write(FEED), "--prune")
    assert refused.code == 2
    assert "this removes 2 of 3 sources" in refused.error
    assert refused.out == ""
    assert len(ids(sources)) == 3
    assert sources("apply", write(FEED), "--prune", "--yes").code == 0
    assert ids(sources) == ["gazette"]


@pytest.mark.parametrize(("text", "said"), [("<html/>", "no OPML"), (None, "can't be read: No such file")])
def test_a_file_that_is_no_list_changes_nothing(sources, two, write, tmp_path, text, said):
    file = str(tmp_path / "missing") if text is None else write(text)
    outcome = sources("apply", file)
    assert outcome.code == 2
    assert said in outcome.error


@pytest.mark.parametrize("form", ["opml", "toml"])
def test_an_export_applied_elsewhere_is_the_same(sources, two, write, tmp_path, monkeypatch, form):
    file = write(sources("export", "--format", form).out)
    here = sources("export").out
    assert "token=abc" in here
    assert sources("apply", file).error == "0 added, 0 changed, 2 the same\n"
    monkeypatch.setenv("NEWS_WORKER_BROKER", f"sqlite:///{tmp_path}/elsewhere.db")
    assert sources("apply", file).error == "2 added, 0 changed, 0 the same\n"
    assert sources("export").out == here


def test_a_definition_of_a_newer_release_is_not_taken_for_empty(sources, two, url):
    async def newer():
        async with connect(url, create=False) as broker:
            await broker.append([Record(Topic.SOURCES, b"new", b'{"v":2}', (), 1, b"new.example")])

    import asyncio

    asyncio.run(newer())
    outcome = sources("list")
    assert outcome.code == 2
    assert "newer news-worker" in outcome.error


def test_a_definition_in_the_wrong_partition_is_listed_and_can_not_be_removed(sources, two, monkeypatch):
    monkeypatch.setattr(Definitions, "_right", lambda self, partition, one: one.id != "other")
    (line,) = [line for line in sources("list").out.splitlines() if line.startswith("other")]
    assert "not polled: in partition 0, but its site belongs" in line
    assert "polled         no: in partition 0" in sources("show", "other").out


def test_on_a_terminal_it_is_asked_and_no_is_no(sources, two, write, monkeypatch):
    asked = []

    def confirm(question, **_):
        asked.append(question)
        raise click.Abort

    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr(click, "confirm", confirm)
    outcome = sources("apply", write("https://third.example/feed"), "--prune")
    assert outcome.code == 130
    assert asked == ["This removes 2 of 2 sources. Go on?"]
    assert ids(sources) == ["gazette", "other"]
