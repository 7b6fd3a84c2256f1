"""The frame of the command line: the table of commands, and what becomes of whatever they raise.

A command's module is imported only when it is called or its own help is shown, so `news-worker --help` imports click
and nothing else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper

import click

from worker import __version__
from worker.cli.exits import Exit, exit_of
from worker.errors import WorkerError
from worker.shown import visible, without_secrets

COMMANDS = {
    "demo": "Replay sample articles, poll a sample feed, and show what became of them.",
    "run": "Poll feeds and topics; publish what is new, changed or withdrawn.",
    "replay": "Read files and folders of articles into the topics.",
    "sources": "Define the feeds that are polled.",
    "status": "Show the workers, what they poll, and how late they are.",
    "tail": "Show what is in a topic.",
    "rejects": "Show what could not become an article, and why.",
    "forget": "Take an article down, for good.",
    "repair": "Take out what is stored and can't be read.",
    "schema": "Show the schemas of events, or validate events against them.",
    "check": "Say whether configuration and broker are fine.",
    "healthy": "Ask the worker that runs here whether it lives.",
    "topics": "Make and check the topics.",
}


class Commands(click.Group):
    """A group whose members are the modules named in COMMANDS, in that order."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click calls it so
        """The names in the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click calls it so
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"worker.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click calls it so
        """The table as it stands: click's own would import every command for its first sentence."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a closed pipe is its end, not an error: whoever read the output had enough."""
        try:
            code = super().invoke(ctx)
            sys.stdout.flush()  # here, where it can still be caught, rather than when the interpreter ends
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # takes what is still buffered
            return Exit.OK
        return code


def _version(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:  # noqa: FBT001  click passes it so
    if wanted:
        click.echo(f"news-worker {__version__}")
        ctx.exit()


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version and exit."
)
def cli() -> None:
    """Turn articles from files and feeds into events in topics, each version exactly once.

    \b
    A way in:
      news-worker demo                      sample articles, and what became of them
      news-worker replay my-articles/       your own, into ./news.db
      news-worker run --feeds my.opml       what your feeds have, polled for good
      news-worker tail articles --limit 3   the events made of them
      news-worker COMMAND --help            more about a command

    \b
    Exit codes:
      0  all well
      1  some input was rejected, left or found invalid
      2  the call, the configuration or the broker's file is wrong
      3  the broker was lost; what was committed stays, call again

    Settings come from options, variables NEWS_WORKER_*, secrets files (in NEWS_WORKER_SECRETS_DIR) and a TOML file
    (NEWS_WORKER_CONFIG); `news-worker check --show` tells which counts.
    """


def run(arguments: Sequence[str]) -> int:
    """Do what the arguments say and return the exit code; errors become sentences on standard error, no traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter must not end the command
    try:
        code = cli.main(arguments, prog_name="news-worker", standalone_mode=False)
    except WorkerError as error:
        _complain(str(error))
        return exit_of(error)
    except OSError as error:  # a full disk under standard output, mostly
        _complain(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}")
        return Exit.USAGE
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return Exit.USAGE
    except click.ClickException as error:
        _complain(error.format_message())
        if isinstance(error, click.UsageError) and error.ctx:
            click.echo(f"try: {error.ctx.command_path} --help", err=True)
        return Exit.USAGE
    except click.Abort:
        return Exit.INTERRUPTED
    return Exit.OK if code is None else int(code)


def _complain(sentences: str) -> None:
    for sentence in sentences.splitlines():
        click.echo(f"error: {visible(without_secrets(sentence))}", err=True)
