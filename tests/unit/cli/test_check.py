"""`check`: says what is fine and what isn't, and changes nothing."""

import pytest

from worker.errors import BrokerAway
from worker.model import Topic


def test_a_good_set_up_is_said_to_be_fine_with_what_the_topics_hold(broker, call):
    broker.put(Topic.ARTICLES, b"k", b"{}")
    outcome = call("check")
    assert (outcome.code, outcome.error) == (0, "")
    assert "configuration: fine" in outcome.out
    assert "broker: fake://broker\n  reachable" in outcome.out
    assert "news.articles.v1\t1\t1\t0 to 0" in outcome.out
    assert "news.rejects.v1\t1\t0\tnone" in outcome.out
    assert broker.opened_with[0]["create"] is False


def test_a_broker_that_is_away_is_said(broker, call):
    broker.error = BrokerAway("kafka://me:pass@host does not answer")
    outcome = call("check")
    assert outcome.code == 3
    assert "configuration: fine" in outcome.out
    assert outcome.error == "error: kafka://***@host does not answer\n"


@pytest.mark.parametrize("absolute", [True, False])
def test_an_embedded_file_that_is_missing_is_announced_not_made(call, tmp_path, monkeypatch, absolute):
    monkeypatch.chdir(tmp_path)
    outcome = call("check", "--broker", f"sqlite:///{tmp_path if absolute else '.'}/news.db")
    assert outcome.code == 0
    assert "the first replay makes it" in outcome.out
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_configuration_is_exit_2_and_says_where(call, monkeypatch):
    monkeypatch.setenv("NEWS_WORKER_JOBS", "many")
    outcome = call("check")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.error.startswith("error: NEWS_WORKER_JOBS: jobs = 'many'")


def test_show_lists_every_setting_with_its_origin_and_no_secret(broker, call, monkeypatch):
    monkeypatch.setenv("NEWS_WORKER_BROKER", "kafka://me:hush@host")
    outcome = call("check", "--show", "--prefix", "eu.")
    rows = [line.split("\t") for line in outcome.out.splitlines()]
    assert ["broker", "kafka://***@host", "NEWS_WORKER_BROKER"] in rows
    assert ["prefix", "eu.", "--prefix"] in rows
    assert ["log_level", "info", "default"] in rows
    assert "hush" not in outcome.out


def test_a_misspelt_variable_is_pointed_out(broker, call, monkeypatch):
    monkeypatch.setenv("NEWS_WORKER_PREFX", "eu.")
    assert "NEWS_WORKER_PREFX is not used; did you mean NEWS_WORKER_PREFIX?" in call("check").out
