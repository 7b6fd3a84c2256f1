"""Logs: events with names and fields on standard error, as JSON lines or, on a terminal, for people.

What other packages log through `logging` or `warnings` takes the same way out: standard error is JSON throughout.
"""

from __future__ import annotations

import logging
import sys
import time
from typing import TYPE_CHECKING, Literal, TextIO

import orjson
import structlog

from worker.ops.quiet import Quiet
from worker.shown import visible, without_secrets

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger

_CHATTY = "aiokafka"
_CHATTY_SECONDS = 30.0
# Of each address in turn; then the error of the whole says it.
_SAID_OTHERWISE = ('Unable connect to "%s:%s": %s', 'Unable to request metadata from "%s:%s": %s')


Form = Literal["auto", "json", "pretty"]


def are_json(form: Form, stream: TextIO | None = None) -> bool:
    """Whether logs of this form are JSON there (standard error unless told)."""
    return form == "json" or (form == "auto" and not (stream or sys.stderr).isatty())


def set_up(level: Literal["debug", "info", "warning", "error"], form: Form, stream: TextIO | None = None) -> None:
    """Send logs to the stream (standard error unless told); called once, by whatever starts the process."""
    stream = stream or sys.stderr
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,  # before the secrets go: the text of an exception may hold a URL
        _fit_to_show,
    ]
    if not are_json(form, stream):
        colours = stream.isatty()
        plain = structlog.dev.plain_traceback
        last: Processor = structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=plain)
    else:
        last = structlog.processors.JSONRenderer(serializer=_json)

    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last]
        )
    )
    handler.addFilter(Quiet(_CHATTY, _CHATTY_SECONDS, time.monotonic, _SAID_OTHERWISE))
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    # What it tells at level info is of use only to who looks into it.
    logging.getLogger(_CHATTY).setLevel(logging.NOTSET if level == "debug" else logging.WARNING)
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _json(event: object, **_: object) -> str:
    return orjson.dumps(event, default=repr).decode()


def _fit_to_show(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {name: _shown(value) for name, value in event.items()}


def _shown(value: object) -> object:
    """The value with every string in it fit to show; a path that is no UTF-8 holds surrogates, which JSON can't."""
    match value:
        case str():
            return visible(without_secrets(value))
        case list() | tuple():
            return [_shown(member) for member in value]
        case dict():
            return {name: _shown(member) for name, member in value.items()}
    return value
