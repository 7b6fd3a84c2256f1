"""Variables named like settings that are none: each is pointed out with the setting it is most like, but what platforms add."""

import pytest

from worker.cli.overlooked import overlooked


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("NEWS_WORKER_LOG_LEVL", "NEWS_WORKER_LOG_LEVEL"),
        ("NEWS_WORKER_KAFKA_USERNAME", "NEWS_WORKER_KAFKA_SASL_USERNAME"),
        ("NEWS_WORKER_BROKER_URL", "NEWS_WORKER_BROKER"),
        ("NEWS_WORKER_SECRET_DIR", "NEWS_WORKER_SECRETS_DIR"),
        ("NEWS_WORKER_HEALTH_PORT", "NEWS_WORKER_HEALTH_ADDRESS"),
    ],
)
def test_a_misspelt_setting_is_pointed_out_with_the_nearest(name, near):
    assert overlooked({name: "x", "NEWS_WORKER_BROKER": "sqlite:///x.db"}) == [
        f"the environment variable {name} is not used; did you mean {near}?"
    ]


def test_one_that_is_like_no_setting_is_pointed_out_too():
    assert overlooked({"NEWS_WORKER_XYZZY": "1"}) == [
        "the environment variable NEWS_WORKER_XYZZY is not used; `news-worker check --show` lists the settings"
    ]


def test_what_kubernetes_sets_for_services_named_so_is_none():
    ours = {"HOST": "10.0.0.1", "PORT": "9464", "PORT_HTTP": "9464"}
    added = {f"NEWS_WORKER_SERVICE_{name}": value for name, value in ours.items()}
    added |= {"NEWS_WORKER_PORT": "tcp://10.0.0.1:9464", "NEWS_WORKER_METRICS_PORT": "tcp://10.0.0.1:9464"}
    added |= {f"NEWS_WORKER_PORT_9464_TCP{end}": "x" for end in ("", "_ADDR", "_PORT", "_PROTO")}
    assert overlooked(added) == []


def test_a_secret_of_a_source_is_none():
    assert overlooked({"NEWS_WORKER_SECRET_A": "x", "NEWS_WORKER_CONFIG": "news.toml", "HOME": "/"}) == []
