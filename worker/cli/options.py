"""The options that are settings, the same on every command that has them, and the settings made of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import click

if TYPE_CHECKING:
    from worker.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")

_COMMON = {
    "broker": click.option(
        "--broker", metavar="URL", help="Where topics live (default: sqlite:///news.db, a file here)."
    ),
    "prefix": click.option("--prefix", metavar="TEXT", help="Put before every topic's name (default: nothing)."),
    "log_level": click.option(
        "--log-level",
        type=click.Choice(["debug", "info", "warning", "error"]),
        help="The least that is logged (default: info).",
    ),
    "log_format": click.option(
        "--log-format",
        type=click.Choice(["auto", "json", "pretty"]),
        help="How logs look on standard error (default: by terminal).",
    ),
}
_OTHER = {
    "jobs": click.option(
        "--jobs", type=int, metavar="N", help="Processes that read documents (default: one more than usable CPUs)."
    ),
    "allow_net": click.option(
        "--allow-net",
        multiple=True,
        callback=lambda _context, _option, given: given or None,
        metavar="CIDR",
        help="A network of private addresses that feeds may be on, 10.0.0.0/8 say; may be given several times (default: none).",
    ),
    "health_address": click.option(
        "--health-address",
        metavar="HOST:PORT",
        help="Where /livez, /readyz and /metrics are answered (default: nowhere).",
    ),
    "proxy": click.option(
        "--proxy",
        metavar="URL",
        help="Through which feeds are fetched; the guard against private addresses then rests with it.",
    ),
}


def where(settings: Settings) -> str:
    """The options that were given to name the broker, for a command that is to be run next; "" when none was."""
    from shlex import quote

    from worker.settings import explain

    given = [(name, value) for name, value, origin in explain(settings) if origin == f"--{name}"]
    return "".join(f" --{name} {quote(value)}" for name, value in given if name in ("broker", "prefix"))


def with_settings(*others: str) -> Callable[[Callable[Concatenate[Settings, P], R]], Callable[P, R]]:
    """Give a command the common options (and the others named); load the settings, set up logs, pass the settings.

    One with "jobs" is going to read documents: the server of their readers is started before anything else.
    UsageError when a setting is wrong, wherever it stands.
    """
    options = _COMMON | {name: _OTHER[name] for name in others}

    def decorate(function: Callable[Concatenate[Settings, P], R]) -> Callable[P, R]:
        @wraps(function)
        def command(*args: P.args, **kwargs: P.kwargs) -> R:
            if "jobs" in others:
                from worker.pipeline.readers import forkserver

                forkserver.start()  # before the imports that follow, which take as long as its own
            from worker.ops import logs
            from worker.settings import load

            named: dict[str, Any] = kwargs
            config = named.pop("config")
            settings = load({name: named.pop(name) for name in options}, config=config)
            logs.set_up(settings.log_level, settings.log_format)
            click.get_current_context().obj = settings.log_format  # for what is said at the end
            return function(settings, *args, **kwargs)

        decorated: Any = command
        for option in reversed(options.values()):
            decorated = option(decorated)
        config = click.option(
            "--config", type=click.Path(path_type=Path), metavar="FILE", help="A TOML file of settings."
        )
        result: Callable[P, R] = config(decorated)
        return result

    return decorate
