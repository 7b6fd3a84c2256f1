from __future__ import annotations

import pytest

from worker.model import Definition, Fault, FaultKind
from worker.sources.feed import request_of, secrets_from


def define(**rest):
    return Definition("a", "https://example.com/feed", "example.com", 0, **rest)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "secret_login").write_text("jo:sésame\n", "utf-8")
    (tmp_path / "kafka_sasl_password").write_text("not for publishers")
    return tmp_path


def test_a_secret_is_a_file_of_the_folder_or_else_a_variable(folder):
    secrets = secrets_from(folder, {"NEWS_WORKER_SECRET_LOGIN": "other", "NEWS_WORKER_SECRET_KEY": "k1"})
    assert [secrets("login"), secrets("key"), secrets("none")] == ["jo:sésame", "k1", None]
    assert secrets_from(None, {"NEWS_WORKER_SECRET_LOGIN": "other"})("login") == "other"


@pytest.mark.parametrize("name", ["kafka_sasl_password", "../secret_login", "HOME", "", "a/b", "login\0"])
def test_nothing_else_can_be_had_by_the_name_of_a_secret(folder, name):
    secrets = secrets_from(folder, {"HOME": "/root", "NEWS_WORKER_KAFKA_SASL_PASSWORD": "x"})
    assert secrets(name) is None


def test_a_request_has_the_values_of_what_its_definition_names(folder):
    secrets = secrets_from(folder, {"NEWS_WORKER_SECRET_KEY": "k1"})
    request = request_of(define(credentials="login", headers=(("X-Key", "key"),)), None, None, secrets)
    assert request.headers == (("X-Key", "k1"),)
    assert request.authorization == "Basic am86c8Opc2FtZQ=="


@pytest.mark.parametrize(
    ("rest", "value", "said"),
    [
        ({"credentials": "key"}, None, "secret_key"),
        ({"headers": (("X", "key"),)}, None, "NEWS_WORKER_SECRET_KEY"),
        ({"headers": (("X", "key"),)}, "", "missing"),
        ({"headers": (("X", "key"),)}, "a\r\nHost: evil", "line break"),
        ({"headers": (("X: y", "key"),)}, "k1", "header"),
        ({"credentials": "key"}, "nocolon", "user:password"),
        ({"credentials": "no/name"}, "a:b", "named"),
    ],
)
def test_what_is_missing_or_can_not_be_sent_is_said_without_saying_the_secret(rest, value, said):
    secrets = secrets_from(None, {} if value is None else {"NEWS_WORKER_SECRET_KEY": value})
    fault = request_of(define(**rest), None, None, secrets)
    assert isinstance(fault, Fault)
    assert fault.kind is FaultKind.UNCONFIGURED
    assert said in fault.message
    assert not value or value not in fault.message


def test_a_file_that_can_not_be_read_is_said(tmp_path):
    (tmp_path / "secret_key").write_bytes(b"\xff\xfe")
    fault = request_of(define(credentials="key"), None, None, secrets_from(tmp_path, {}))
    assert "can't be read" in fault.message
