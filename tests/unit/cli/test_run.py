"""`news-worker run` as it is called: what it says, and what it ends with."""

import os
import signal
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

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
    assert "1 source could not be read, and will be asked again later:" in outcome.error
    assert "404" in outcome.error


def test_a_private_address_is_not_asked_and_what_opens_it_is_said(feeds, call):
    outcome = call("run", "--once", "--feeds", feeds("feed.xml"))
    assert outcome.code == 1
    assert "--allow-net" in outcome.error


def test_without_sources_it_says_how_to_add_one(site, call):
    outcome = call("run", "--once")
    assert outcome.code == 0
    assert "no sources are defined: news-worker sources add URL" in outcome.error


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


def test_a_signal_ends_it_well(feeds, tmp_path):
    command = [sys.executable, "-m", "worker", "run", "--feeds", feeds("feed.xml"), "--allow-net", "127.0.0.0/8"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        said = []
        for line in process.stderr:
            said.append(line)
            if '"event":"feed.polled"' in line:
                process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
    assert any('"event":"worker.stopping"' in line for line in said)
    assert "Traceback" not in "".join(said)
