"""The server that readers are forked from. It loads what they need once, so whoever is going to read starts it first."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import ForkServerContext
from typing import Final

_LOADED: Final = ("worker.pipeline.readers.reader", "worker.pipeline.readers.warm")


def context() -> ForkServerContext:
    """Never fork: the child would inherit the loop's signal wake-up, and killing it could shut the parent down."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload([*_LOADED])
    return made


def start() -> None:
    """Start it now, so that its imports and those of the caller go side by side."""
    context()
    with unheeded():
        forkserver.ensure_running()


@contextmanager
def unheeded() -> Iterator[None]:
    """What is started within, the server too, never sees the signals that are the worker's to handle.

    They go to a whole group (Ctrl-C, systemd), and would end a fork server or a reader that is just being started: that
    would look like a reader that can't be. The mask is the calling thread's own.
    """
    resource_tracker.ensure_running()  # first: in some versions of Python it unblocks the signals
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
