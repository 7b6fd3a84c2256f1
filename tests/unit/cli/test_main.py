"""The frame: help, exit codes, and what becomes of errors, interrupts and closed pipes."""

import os
import re
import subprocess
import sys
from importlib import import_module

import click
import pytest

from worker import errors
from worker.cli.exits import Exit, exit_of
from worker.cli.main import COMMANDS

HEAVY = (
    "asyncio",
    "orjson",
    "pydantic",
    "rich",
    "structlog",
    "jsonschema_rs",
    "sqlite3",
    "worker.model",
    "worker.settings",
)


def worker(*arguments: str, **options: object) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run([sys.executable, "-m", "worker", *arguments], check=False, capture_output=True, **options)


def test_the_main_help_lists_every_command_and_the_exit_codes(call):
    outcome = call("--help")
    assert outcome.code == 0
    assert all(name in outcome.out for name in COMMANDS)
    assert "Exit codes:" in outcome.out


@pytest.mark.parametrize("arguments", [["--help"], ["tail", "--help"], ["rejects", "--help"], ["schema", "--help"]])
def test_help_imports_nothing_that_does_work(arguments):
    program = (
        f"import sys; sys.argv = ['news-worker', *{arguments!r}]\n"
        "import worker.__main__ as program\n"
        "try: program.main()\n"
        "except SystemExit as end: assert end.code == 0\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stderr.strip() == ""


@pytest.mark.parametrize("name", ["tail", "rejects", "schema", "check"])
def test_every_command_has_help_with_an_example(call, name):
    outcome = call(name, "--help")
    assert outcome.code == 0
    assert re.search(rf"^    news-worker {name} .*$", outcome.out, re.MULTILINE)  # on a line of its own


def test_every_command_in_the_table_is_there():
    assert all(isinstance(import_module(f"worker.cli.{name}").command, click.Command) for name in COMMANDS)


def test_an_unknown_command_says_where_help_is(call):
    outcome = call("tial")
    assert (outcome.code, outcome.out) == (2, "")
    assert "error: " in outcome.error
    assert "try: news-worker --help" in outcome.error


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.UsageError, 2),
        (errors.BrokerRefused, 2),
        (errors.BrokerAway, 3),
        (errors.Unsure, 3),
        (errors.ClaimLost, 3),
        (errors.Superseded, 1),
        (errors.RecordRefused, 2),
    ],
)
def test_each_kind_of_error_has_its_exit_code(kind, code):
    assert exit_of(kind("why")) == code


def failing(monkeypatch, error):
    def command() -> None:
        raise error

    monkeypatch.setattr(import_module("worker.cli.check"), "command", click.command("check")(command))


def test_an_error_is_a_sentence_without_traceback_secrets_or_escapes(call, monkeypatch):
    failing(monkeypatch, errors.BrokerAway("kafka://me:pass@host does not answer \x1b[2J; start it"))
    outcome = call("check")
    assert outcome.code == Exit.BROKER
    assert outcome.error == "error: kafka://***@host does not answer \\x1b[2J; start it\n"


def test_an_interrupt_ends_quietly_with_130(call, monkeypatch):
    failing(monkeypatch, KeyboardInterrupt())
    outcome = call("check")
    assert outcome.code == Exit.INTERRUPTED
    assert outcome.error.strip() == ""


def test_a_command_returns_its_exit_code(call, monkeypatch):
    monkeypatch.setattr(import_module("worker.cli.check"), "command", click.command("check")(lambda: Exit.LEFT))
    assert call("check").code == Exit.LEFT


def test_a_closed_pipe_ends_quietly():
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "worker", "schema", "show", "article-event"],
        check=False,
        stdout=writer,
        stderr=subprocess.PIPE,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_terminal_without_unicode_does_not_end_a_command():
    done = worker("schema", "show", "article-event", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, b"")
