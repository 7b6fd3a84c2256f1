"""`sources`: topics of other systems, defined, shown, carried elsewhere, on a file of the embedded broker."""

import json
import tomllib

import pytest

from worker import configured
from worker.settings import load

URL = "kafka://one.example:9092,two.example:9092/wire.out"
OPTIONS = (
    *("--format", "articles", "--security", "sasl_ssl", "--sasl-mechanism", "PLAIN", "--credentials", "wire_login"),
    *("--ca-file", "/etc/wire/ca.pem", "--certificate-file", "/etc/wire/own.pem", "--key-file", "/etc/wire/own.key"),
)


@pytest.fixture
def sources(tmp_path, monkeypatch, call):
    def on(name, *arguments):
        monkeypatch.setenv("NEWS_WORKER_BROKER", f"sqlite:///{tmp_path}/{name}.db")
        return call("sources", *arguments)

    return lambda *arguments, on_file="news": on(on_file, *arguments)


def tables(written):
    return {one["id"]: one for one in tomllib.loads(written)["source"]}


def test_a_topic_is_added_and_shown_with_what_means_something_to_it(sources):
    added = sources("add", URL, "--id", "wire", *OPTIONS)
    assert (added.code, added.error) == (0, "")
    shown = json.loads(sources("show", "wire", "--json").out)
    assert {name: shown[name] for name in ("kind", "site", "url", "format", "security", "credentials")} == {
        "kind": "topic",
        "site": "topic:wire",
        "url": URL,
        "format": "articles",
        "security": "sasl_ssl",
        "credentials": "wire_login",
    }
    said = sources("show", "wire").out
    assert "sasl mechanism" in said
    assert "interval" not in said


def test_topics_and_shares_are_carried_elsewhere_as_toml_and_the_same_ids_come_of_it(sources, tmp_path):
    sources("add", URL, "--id", "wire", "--title", "Wire", *OPTIONS)
    for share in ("0/2", "1/2"):
        sources("add", "kafka://one.example:9092/desk", "--id", "desk", "--share", share)
    written = sources("export", "--format", "toml").out
    assert set(tables(written)) == {"wire", "desk-0-2", "desk-1-2"}
    file = tmp_path / "sources.toml"
    file.write_text(written)
    applied = sources("apply", str(file), on_file="elsewhere")
    assert (applied.code, "3 added, 0 changed" in applied.error) == (0, True)
    assert tables(sources("export", "--format", "toml", on_file="elsewhere").out) == tables(written)
    assert "0 added, 0 changed, 3 the same" in sources("apply", str(file)).error


def test_shares_that_nobody_reads_yet_are_named(sources):
    first = sources("add", URL, "--id", "wire", "--share", "1/3")
    assert "shares 0/3, 2/3 of this topic" in first.error
    sources("add", URL, "--id", "wire", "--share", "0/3")
    assert "note" not in sources("add", URL, "--id", "wire", "--share", "2/3").error
    assert len(sources("list").out.splitlines()) == 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((URL, "--interval", "5m"), "interval is an option of feeds"),
        ((URL, "--initial", "skip"), "initial is an option of feeds"),
        ((URL, "--updates", "none"), "updates is an option of feeds"),
        ((URL, "--daily-updates", "3"), "daily_updates is an option of feeds"),
        ((URL, "--zone", "Europe/Berlin"), "zone is an option of feeds"),
        ((URL, "--header", "X-Key=name"), "headers is an option of feeds"),
        (("https://news.example/feed", "--share", "0/2"), "share is an option of topics"),
        ((URL, "--format", "avro"), "none of auto, articles, feed"),
        ((URL, "--share", "2/2"), "can't be a share"),
        ((URL, "--credentials", "user:hunter2"), "the name of a secret"),
        ((URL, "--key-file", "own.key"), "an absolute path"),
        (("kafka://user:hunter2@one.example:9092/wire",), "hold no secrets"),
        (("kafka://one.example/wire",), "kafka://HOST:PORT/TOPIC"),
    ],
)
def test_what_can_not_be_added_is_said_without_secrets(sources, arguments, said):
    refused = sources("add", *arguments)
    assert (refused.code, refused.out) == (2, "")
    assert said in refused.error
    assert "hunter2" not in refused.error


@pytest.mark.parametrize("broker", ["kafka://Ours.example", "kafka://other.example:9093,ours.example:9092"])
def test_the_worker_s_own_topics_are_known_however_its_broker_is_written(broker):
    own = configured.own_topics(load({"broker": broker, "prefix": "desk."}))
    assert "ours.example:9092/desk.news.articles.v1" in own
    assert not configured.own_topics(load({"broker": "sqlite:///news.db"}))


def test_what_is_applied_to_feeds_alone_leaves_topics_as_they_are(sources, tmp_path):
    file = tmp_path / "sources.toml"
    file.write_text(f'[[source]]\nid = "wire"\nurl = "{URL}"\n[[source]]\nurl = "https://news.example/feed"\n')
    assert sources("apply", str(file), "--initial", "skip").code == 0
    shown = [json.loads(line) for line in sources("list", "--json").out.splitlines()]
    assert {one["kind"]: one.get("initial") for one in shown} == {"topic": None, "feed": "skip"}


def test_of_a_topic_that_is_removed_it_is_said_when_what_it_holds_is_published_again(sources):
    sources("add", URL, "--id", "wire", "--share", "0/2")
    sources("add", "https://news.example/feed", "--id", "gazette")
    removed = sources("remove", "wire-0-2", "gazette")
    assert removed.error.startswith(
        "wire-0-2: added again under that id within 7 days, it goes on where it was; later, or"
    )
    assert "under the same event ids" in removed.error
