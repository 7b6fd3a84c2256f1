"""Logs: one form on one stream, for whoever logs, without secrets."""

import io
import json
import logging
import warnings

import pytest
import structlog

from worker.ops import logs


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def restored():
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:], logging.root.level = handlers, level
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def written(form="json", level="info", stream=None):
    stream = stream or io.StringIO()
    logs.set_up(level, form, stream)
    return stream


def test_an_event_is_a_line_of_json_with_name_level_and_time():
    stream = written()
    structlog.get_logger().info("shard.lost", shard="a b", count=3)
    event = json.loads(stream.getvalue())
    assert event.pop("timestamp").endswith("Z")
    assert event == {"event": "shard.lost", "level": "info", "shard": "a b", "count": 3}


def test_what_is_below_the_level_is_not_logged():
    stream = written(level="warning")
    structlog.get_logger().info("quiet")
    logging.getLogger("other").info("quiet")
    assert stream.getvalue() == ""


def test_other_packages_and_warnings_take_the_same_way_out():
    stream = written()
    logging.getLogger("asyncio").error("slow %s", "callback")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("outdated", stacklevel=1)
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["event"], first["level"]) == ("slow callback", "error")
    assert "outdated" in second["event"]


@pytest.mark.parametrize("form", ["json", "pretty"])
def test_no_secret_is_logged_not_even_in_an_exception(form):
    stream = written(form)
    try:
        int("kafka://me:pass@host")
    except ValueError:
        structlog.get_logger().exception(
            "broker.away", url="kafka://me:pass@host", all=["kafka://me:pass@host"], n={"u": "x://me:pass@h"}
        )
    logging.getLogger("other").warning("kafka://me:pass@host")
    assert "kafka://***@host" in stream.getvalue()
    assert "pass" not in stream.getvalue()


def test_pretty_keeps_escapes_from_the_terminal():
    stream = written("pretty")
    structlog.get_logger().info("file.left", path="a\x1b[2Jb")
    assert "a\\x1b[2Jb" in stream.getvalue()


@pytest.mark.parametrize(("stream", "is_json"), [(io.StringIO(), True), (Terminal(), False)])
def test_the_form_follows_the_terminal(stream, is_json):
    written("auto", stream=stream)
    structlog.get_logger().info("hello")
    assert stream.getvalue().startswith("{") is is_json


def test_any_value_can_be_logged():
    stream = written()
    structlog.get_logger().info("odd", path=io.StringIO, raw=b"\xff", lone="\ud800")
    assert json.loads(stream.getvalue())["raw"] == "b'\\xff'"
