"""`tail`: which records, decoded how."""

import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from worker.broker.port import Start
from worker.cli.tail import start_of
from worker.errors import BrokerAway
from worker.model import Topic

HANGS = 60.0
NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
ARTICLE = {
    "articleId": "6d1f0c5e-0000-5000-8000-000000000001",
    "version": 1,
    "item": {
        "headlines": [{"value": "Zes dagen regen \x1b]0;owned\x07"}],
        "bodies": [{"value": "Het water\n\nstijgt. " + "x" * 400}],
    },
    "published": {"value": "2023-01", "precision": "month"},
    "language": {"value": "nl", "basis": "detected"},
    "source": {"id": "dataset:seeds"},
}
EVENT = {
    "ce_specversion": "1.0",
    "ce_id": "e-1",
    "ce_type": "news.article.created.v1",
    "ce_subject": ARTICLE["articleId"],
    "content_type": "application/json",
}


def article(broker, timestamp=0, **changed):
    value = json.dumps(ARTICLE | changed).encode()
    return broker.put(Topic.ARTICLES, ARTICLE["articleId"].encode(), value, timestamp, **EVENT)


def lines(outcome):
    assert outcome.code == 0, outcome.error
    return [json.loads(line) for line in outcome.out.splitlines()]


def test_an_article_is_one_line_with_its_cloudevents_attributes_apart(broker, call):
    article(broker, 1_700_000_000_123)
    (line,) = lines(call("tail", "articles"))
    assert line == {
        "topic": "news.articles.v1",
        "partition": 0,
        "offset": 0,
        "timestamp": "2023-11-14T22:13:20.123Z",
        "key": ARTICLE["articleId"],
        "headers": {"content-type": "application/json"},
        "value": ARTICLE,
        "cloudevent": {
            "specversion": "1.0",
            "id": "e-1",
            "type": "news.article.created.v1",
            "subject": ARTICLE["articleId"],
            "datacontenttype": "application/json",
        },
    }


@pytest.mark.parametrize("name", ["rejects", "news.rejects.v1", "eu.news.rejects.v1"])
def test_a_topic_goes_by_its_short_and_its_full_name(broker, call, name):
    broker.put(Topic.REJECTS, b"k", b'{"cut')
    (line,) = lines(call("tail", name, "--prefix", "eu."))
    assert line["value"] == '{"cut'
    assert broker.opened_with == [{"url": "fake://broker", "prefix": "eu.", "create": False}]


def test_an_unknown_topic_names_the_nearest(broker, call):
    outcome = call("tail", "artciles")
    assert outcome.code == 2
    assert "did you mean articles?" in outcome.error


@pytest.mark.parametrize(
    ("topic", "raw", "value"),
    [
        (Topic.REJECTS, b"\xff\x00", {"base64": "/wA="}),
        (Topic.REJECTS, b'{"a": 1}', '{"a": 1}'),
        (Topic.REJECTS, b"", ""),
        (Topic.REPLAYS, b'{"a": 1}', {"a": 1}),
        (Topic.REPLAYS, None, None),
        (Topic.CHECKPOINTS, b"\x01\xfe", {"base64": "Af4="}),
        (Topic.INBOX, b"<rss/>", "<rss/>"),
    ],
)
def test_a_value_is_decoded_by_its_topic(broker, call, topic, raw, value):
    broker.put(topic, b"\xff", raw)
    (line,) = lines(call("tail", topic.value))
    assert (line["key"], line["value"]) == ({"base64": "/w=="}, value)
    assert "cloudevent" not in line


def test_limit_ends_it(broker, call):
    for _ in range(3):
        article(broker)
    assert [line["offset"] for line in lines(call("tail", "articles", "--limit", "2"))] == [0, 1]


@pytest.mark.parametrize(
    ("arguments", "offsets"),
    [
        ([], [0, 1, 2]),
        (["--from", "earliest"], [0, 1, 2]),
        (["--from", "latest"], []),
        (["--from", "1"], [1, 2]),
        (["--from", "1970-01-01T00:00:02Z"], [2]),
        (["--from", "1970-01-01T01:00:01+01:00"], [1, 2]),
        (["--from", "1d"], []),
    ],
)
def test_from_says_where_to_begin(broker, call, arguments, offsets):
    for second in range(3):
        article(broker, second * 1000)
    assert [line["offset"] for line in lines(call("tail", "articles", *arguments))] == offsets


@pytest.mark.parametrize(("arguments", "count"), [([], 0), (["--from", "earliest"], 1)])
def test_following_begins_with_what_comes_next_and_ends_quietly_when_interrupted(broker, call, arguments, count):
    article(broker)
    outcome = call("tail", "articles", "--follow", *arguments)
    assert (outcome.code, outcome.error.strip()) == (130, "")
    assert len(outcome.out.splitlines()) == count


def test_following_a_quiet_topic_ends_as_soon_as_nobody_reads(tmp_path):
    broker = f"sqlite:///{tmp_path}/news.db"
    (tmp_path / "one.txt").write_text("The ferry is back.")
    news_worker = [sys.executable, "-m", "worker"]
    subprocess.run(
        [*news_worker, "replay", str(tmp_path / "one.txt"), "--broker", broker], check=True, capture_output=True
    )
    command = [*news_worker, "tail", "articles", "--follow", "--from", "earliest", "--broker", broker]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as following:
        assert json.loads(following.stdout.readline())["offset"] == 0
        following.stdout.close()
        try:
            assert following.wait(HANGS) == 0
        finally:
            following.kill()
        assert following.stderr.read() == b""


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("90s", Start(since=1769860710000)),
        ("2h", Start(since=1769853600000)),
        ("3d", Start(since=1769601600000)),
        ("2026-01-31", Start(since=1769817600000)),
        ("2026-01-31T00:00:00.5Z", Start(since=1769817600500)),
        ("20260131", Start(offset=20260131)),
    ],
)
def test_a_start_is_an_offset_a_time_or_an_age(text, start):
    assert start_of(text, NOW) == start


@pytest.mark.parametrize("text", ["yesterday", "2026-01-31T08:00", "-1", "", "2x", "999999w"])
def test_a_start_that_means_nothing_is_refused(broker, call, text):
    outcome = call("tail", "articles", f"--from={text}")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.error.startswith("error: Invalid value for '--from'")


def test_pretty_shows_an_article_to_a_person_and_no_escape_to_the_terminal(broker, call):
    article(broker)
    outcome = call("tail", "articles", "--format", "pretty")
    assert outcome.code == 0
    assert "Zes dagen regen \\x1b]0;owned\\x07" in outcome.out
    assert "2023-01 (month)" in outcome.out
    assert "Het water stijgt." in outcome.out
    assert "\x1b" not in outcome.out


@pytest.mark.parametrize("value", [b"{}", b"[]", b"null", b"\xff", b'{"item": {"headlines": 1}}', None])
def test_pretty_takes_whatever_a_topic_holds(broker, call, value):
    broker.put(Topic.ARTICLES, b"k", value)
    outcome = call("tail", "articles", "--format", "pretty")
    assert (outcome.code, outcome.error) == (0, "")
    assert "0:0" in outcome.out


def test_pretty_shows_a_rejection_with_its_reason(broker, call):
    broker.put(
        Topic.REJECTS,
        b"k",
        "na\u00efef \x07".encode() * 100,
        reject_code="invalid_json",
        reject_message="it breaks off",
    )
    outcome = call("tail", "rejects", "--format", "pretty")
    assert "invalid_json: it breaks off" in outcome.out
    assert "na\u00efef \\x07" in outcome.out


def test_a_broker_that_is_away_is_exit_3(broker, call):
    broker.error = BrokerAway("the file is locked; try again")
    outcome = call("tail", "articles")
    assert (outcome.code, outcome.error) == (3, "error: the file is locked; try again\n")
