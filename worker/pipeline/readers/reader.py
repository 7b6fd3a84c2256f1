"""What runs inside a reader's process: requests in, readings out, over one socket, until the parent is gone.

The process is made to be killed: it keeps nothing, and whatever it can't do it says in one line and ends.
"""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import pickle
import resource
import signal
import socket
import struct
from collections.abc import Sequence
from contextlib import suppress

from worker.core.read import read
from worker.model import Document, Format, Reading, Source

READY = b"!"  # the first thing said, once a document could be read within the limits
_TEXT = b"It rained for six days, and on the seventh the river rose."  # long enough for its language to be looked for
_TRIAL = Document(Source("", "", ""), "", Format.TEXT, _TEXT, 0, len(_TEXT), 0, 0)
_ROOM = 16 * 1024 * 1024  # bytes that must be left besides what the fork server has loaded
LENGTH = struct.Struct("!Q")
# (documents, the most bytes an event's record may have)
Request = tuple[Sequence[Document], int]
# the readings, or why there are none
Reply = list[Reading] | str


def serve(connection: socket.socket, memory_bytes: int) -> None:
    """Answer requests until the socket closes. Ctrl-C and SIGTERM are the parent's to handle, so both are ignored here."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _end_with_worker()
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(BrokenPipeError, ConnectionResetError), connection, connection.makefile("rwb") as stream:
        if not trial():
            return
        stream.write(READY)
        stream.flush()
        while header := stream.read(LENGTH.size):
            documents, limit = pickle.loads(stream.read(LENGTH.unpack(header)[0]))  # noqa: S301 (from the own parent)
            reply = _answer(documents, limit)
            packed = pickle.dumps(reply, pickle.HIGHEST_PROTOCOL)
            stream.write(LENGTH.pack(len(packed)))
            stream.write(packed)
            stream.flush()
            if isinstance(reply, str):
                os._exit(1)


def trial() -> bool:
    """Whether a document can be read here; all that reading needs is loaded then."""
    try:
        bytes(_ROOM)  # asked for, never touched: costs nothing
    except MemoryError:
        return False
    return not isinstance(_answer([_TRIAL], len(_TEXT) + 10_000), str)


def _end_with_worker() -> None:
    """Have the kernel send SIGIO, which ends a process, when the worker is gone: nothing stuck in C code would notice.

    PR_SET_PDEATHSIG tells nothing: the parent is the fork server, and that lives for as long as one of its children.
    """
    worker = multiprocessing.parent_process()
    if worker:
        signal.signal(signal.SIGIO, signal.SIG_DFL)
        fcntl.fcntl(worker.sentinel, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(worker.sentinel, fcntl.F_SETFL, fcntl.fcntl(worker.sentinel, fcntl.F_GETFL) | os.O_ASYNC)


def _answer(documents: Sequence[Document], limit: int) -> Reply:
    try:
        return [read(document, limit) for document in documents]
    except Exception as error:  # noqa: BLE001 (a fault of ours must cost one document, not the replay; the pool says it)
        return f"{type(error).__name__}: {error}"
