"""The end of a `run` as its log has it. Where logs are JSON it is one of their lines, whatever the error was."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, cast

import click

from worker.cli.exits import Exit, exit_of
from worker.errors import WorkerError

if TYPE_CHECKING:
    from worker.ops.logs import Form

_HINTS: Final = {
    Exit.LEFT: "see what was rejected or could not be read",
    Exit.USAGE: "mend it: started again as it is, it ends likewise",
    Exit.BROKER: "start it again: what was committed stays",
}


class Worker(click.Command):
    """A command whose errors are lines of its log, where that is JSON; else they are raised, and become sentences."""

    def make_context(self, *args: Any, **named: Any) -> click.Context:
        """What is wrong with the call ends it likewise."""
        try:
            return super().make_context(*args, **named)
        except click.UsageError as error:
            if not _in_json(None):
                raise
            raise click.exceptions.Exit(_told(error.format_message(), Exit.USAGE)) from None

    def invoke(self, ctx: click.Context) -> object:
        """Run it."""
        try:
            return super().invoke(ctx)
        except WorkerError as error:
            if not _in_json(ctx.obj or ctx.params["log_format"]):
                raise
            return _told(str(error), exit_of(error))


def say_end(code: Exit, reason: str) -> None:
    """Likewise of one that ended without an error."""
    import structlog

    log = structlog.get_logger()
    hint = {"hint": _HINTS[code]} if code else {}
    log.info("worker.ended", exit_code=int(code), reason=reason, **hint)


def _in_json(form: str | None) -> bool:
    """As the settings would say if they could be read: they may be what is wrong."""
    from worker.ops import logs
    from worker.settings import PREFIX

    form = form or os.environ.get(f"{PREFIX}LOG_FORMAT")
    return logs.are_json(cast("Form", form) if form in {"json", "pretty"} else "auto")


def _told(reason: str, code: Exit) -> Exit:
    import structlog

    from worker.ops import logs

    logs.set_up("info", "json")
    log = structlog.get_logger()
    log.error("worker.ended", exit_code=int(code), reason="; ".join(reason.splitlines()), hint=_HINTS[code])
    return code
