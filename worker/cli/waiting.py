"""`--wait` and `--wait-seconds`, the same on every command that asks the owner of a shard for something."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, TypeVar

import click

R = TypeVar("R")
_HINT = "with --wait it is waited for"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Whether to wait for what becomes of it, and for how long at most; without, `hint` is where to look."""

    so: bool
    seconds: float | None = None
    hint: str = _HINT

    def after(self, seconds: float) -> Waiting:
        """What is left of it by then."""
        return self if self.seconds is None else replace(self, seconds=max(0.0, self.seconds - seconds))


def with_waiting(until: str, hint: str = _HINT) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Give a command both options, and pass what they come to as `waiting`. `until`: when the wait is over, as help says it."""

    def decorate(function: Callable[..., R]) -> Callable[..., R]:
        @click.option("--wait", is_flag=True, help=until)
        @click.option(
            "--wait-seconds", type=click.FloatRange(min=0), metavar="N", help="Wait, but no longer than that (exit 1)."
        )
        @wraps(function)
        def command(*args: Any, wait: bool, wait_seconds: float | None, **kwargs: Any) -> R:
            waiting = Waiting(wait or wait_seconds is not None, wait_seconds, hint)
            return function(*args, waiting=waiting, **kwargs)

        return command

    return decorate
