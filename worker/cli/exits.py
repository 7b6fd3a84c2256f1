"""Exit codes, and which error ends with which: the one place that maps them."""

from __future__ import annotations

from enum import IntEnum

from worker import errors


class Exit(IntEnum):
    """What a process that calls the worker can tell from its exit code."""

    OK = 0
    LEFT = 1  # some input was rejected, found invalid, or left, be it to a newer replay
    USAGE = 2  # the call, the configuration or what it points to is wrong: waiting won't help
    BROKER = 3  # the broker was lost: call again
    INTERRUPTED = 130  # 128 + SIGINT


def exit_of(error: errors.WorkerError) -> Exit:
    """The exit code of a process that this error ends."""
    match error:
        case errors.BrokerAway() | errors.Unsure() | errors.ClaimLost():
            return Exit.BROKER
        case errors.Superseded():  # called again, as after a lost broker, it would throw the newer one out
            return Exit.LEFT
    return Exit.USAGE
