"""`news-worker run` as it is called: what it says, and what it ends with."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from worker import __version__
from worker.broker.embedded.broker import EmbeddedBroker
from worker.cli import run_report
from worker.errors import BrokerAway
from worker.model import Fault, FaultKind, Totals

FEED = (
    "<rss version='2.0'><channel><title>Harbour</title><item><guid isPermaLink='false'>h1</guid>"
    "<title>{}</title><description>A ship came in with the tide.</description></item></channel></rss>"
)


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder served on loopback: its URL and itself; the broker's file lies elsewhere."""
    for name in [name for name in os.environ if name.startswith("NEWS_WORKER_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "feed.xml").write_text(FEED.format("A ship came in"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    serving = threading.Thread(target=server.serve_forever, args=(0.01,))
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    serving.join()
    server.server_close()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def feeds(site, tmp_path):
    """Lists of sources, by the paths of the feeds."""

    def listed(*paths):
        file = tmp_path / "feeds.txt"
        file.write_text("".join(f"{site}/{path}\n" for path in paths))
        return str(file)

    return listed


def test_once_with_a_list_publishes_what_its_feeds_have_and_ends_well(feeds, call):
    outcome = call("run", "--once", "--feeds", feeds("feed.xml"), "--allow-net", "127.0.0.0/8")
    assert outcome.code == 0, outcome.error
    assert "1 poll: 1 read, 0 had nothing new, 0 failed\nentries: 1 created\n" in outcome.error
    again = call("run", "--once", "--allow-net", "127.0.0.0/8")
    assert (again.code, "1 poll: 0 read, 1 had nothing new, 0 failed" in again.error) == (0, True)


def test_once_a_feed_that_can_not_be_read_is_named_with_its_reason_and_ends_with_1(feeds, call):
    outcome = call("run", "--once", "--feeds", feeds("feed.xml", "missing.xml"), "--allow-net", "127.0.0.0/8")
    assert outcome.code == 1
    (said,) = outcome.error.split("1 source could not be read, and will be asked again later:\n  ")[1:]
    assert re.match(r"[0-9a-f]{16} \(http://127\.0\.0\.1:[0-9]+/missing\.xml\): .*404", said)


def test_once_an_entry_of_a_list_that_is_no_source_is_said_at_the_end_and_ends_with_1(site, tmp_path, call):
    (tmp_path / "feeds.txt").write_text(f"{site}/feed.xml\nnonsense\n")
    outcome = call("run", "--once", "--feeds", str(tmp_path / "feeds.txt"), "--allow-net", "127.0.0.0/8")
    assert outcome.code == 1
    assert "feeds.txt, line 2: this is no http://" in outcome.error
    assert outcome.error.endswith("entries: 1 created\n1 entry of the lists could not be used, see above\n")


def test_a_private_address_is_not_asked_and_what_opens_it_is_said(feeds, call):
    outcome = call("run", "--once", "--feeds", feeds("feed.xml"))
    assert outcome.code == 1
    assert "--allow-net" in outcome.error


def test_without_sources_it_says_how_to_add_one(site, call):
    outcome = call("run", "--once")
    assert outcome.code == 0
    assert "no sources are defined: news-worker sources add URL" in outcome.error


def test_what_ends_it_before_it_knows_its_sources_is_said_alone(feeds, tmp_path, call, monkeypatch):
    call("sources", "apply", feeds("feed.xml"))
    monkeypatch.setenv("NEWS_WORKER_BROKER", f"sqlite:///{tmp_path}/no-folder/news.db")
    outcome = call("run", "--once")
    assert outcome.code == 2
    *_, last = map(json.loads, outcome.error.splitlines())
    assert (last["event"], last["exit_code"]) == ("worker.ended", 2)
    assert last["reason"].startswith("There is no folder")
    assert last["hint"].startswith("mend it")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--allow-net", "127.0.0.1/8"], "has host bits set"),
        (["--feeds", "nowhere.opml"], "does not exist"),
        (["--proxy", "nonsense"], "proxy"),
    ],
)
def test_what_can_not_be_is_a_usage_error(site, call, arguments, said):
    outcome = call("run", "--once", *arguments)
    assert (outcome.code, said in outcome.error) == (2, True), outcome.error


def test_a_broker_that_goes_away_while_lists_are_applied_is_waited_for(feeds, call, monkeypatch):
    append, away = EmbeddedBroker.append, [BrokerAway("away")]

    async def away_at_first(self, records):
        if away:
            raise away.pop()
        await append(self, records)

    monkeypatch.setattr(EmbeddedBroker, "append", away_at_first)
    outcome = call("run", "--feeds", feeds("feed.xml"), "--allow-net", "127.0.0.0/8", "--once")
    assert (outcome.code, away) == (0, []), outcome.error


def test_a_signal_ends_it_well(feeds, tmp_path):
    command = [sys.executable, "-m", "worker", "run", "--feeds", feeds("feed.xml"), "--allow-net", "127.0.0.0/8"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        told, awaited = [], {"worker.ready", "feed.polled"}  # in this order or the other
        for line in process.stderr:
            told.append(json.loads(line))
            if (event := told[-1]["event"]) in awaited:
                awaited.remove(event)
                if not awaited:
                    process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
    assert any(line["event"] == "worker.stopping" for line in told)
    assert any(line["event"] == "worker.ready" and line["shards"] == 1 for line in told)
    first, last = told[0], told[-1]
    assert (first["event"], first["broker"], first["partitions"]) == ("worker.starting", "sqlite:///news.db", 1)
    assert (first["version"], first["health"]) == (__version__, None)
    assert (last["event"], last["exit_code"], last["reason"]) == ("worker.ended", 0, "a signal")


def test_a_misspelt_variable_is_a_line_of_the_log(feeds, call, monkeypatch):
    monkeypatch.setenv("NEWS_WORKER_LOG_LEVL", "debug")
    said = json.loads(call("run", "--once").error.splitlines()[0])
    assert (said["event"], "did you mean NEWS_WORKER_LOG_LEVEL?" in said["reason"]) == ("variable.not_used", True)


def test_what_is_gone_is_told_apart_from_what_is_asked_again():
    totals = Totals(settled=True)
    totals.polls["fault"] = 1
    totals.faults["old"] = Fault(FaultKind.GONE, "the answer was 410", 410)
    assert list(run_report.lines(totals, where=""))[2:] == [
        "1 source gone, and not asked again:",
        "  old: the answer was 410",
    ]


def test_a_run_that_was_interrupted_at_once_does_not_say_that_there_are_no_sources():
    assert list(run_report.lines(Totals(settled=True, interrupted=True), where=""))[2:] == [
        "interrupted: call it again, it goes on where it was"
    ]
