"""Processes that read documents and can be killed: for taking too long, for taking too much memory, or because they crash.

Each has a socket of its own, so one that dies in the middle of an answer harms no other (why this is no library:
docs/decisions/0002). A batch that kills its process is read again one document at a time, a document of records in halves,
until the culprit is alone; that one is rejected, or a fault of its source where it was polled.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.context import ForkServerContext, ForkServerProcess
from types import TracebackType
from typing import Self

import structlog

from worker.core.parse.halve import halve
from worker.core.read import read
from worker.errors import UsageError
from worker.model import Code, Document, Reading, Refusal
from worker.pipeline.readers import forkserver, reader

log = structlog.get_logger()

_SERVER_DIED = 255  # multiprocessing's word for: how it ended is not known, as the fork server has died
_TRIES = 100  # a second in all
_STARTS = 5  # of a reader, after pauses that double
_FIRST_PAUSE = 0.1  # seconds


@dataclass(frozen=True, slots=True)
class Limits:
    """What a reader's process may take for one call."""

    seconds: float
    memory_bytes: int


class _ReadFailed(Exception):
    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code


class ReaderPool:
    """At most `jobs` processes, started when first needed, replaced when they die. Use as `async with`."""

    def __init__(self, jobs: int, limits: Limits) -> None:
        self._limits = limits
        self._context = forkserver.context()
        self.jobs = jobs
        self._slots = asyncio.Semaphore(jobs)
        self._idle: list[_Reader] = []
        self._running: set[_Reader] = set()
        self.killed = 0  # processes that a document took too long in, or crashed

    @property
    def idle(self) -> int:
        """How many processes wait for something to read."""
        return len(self._idle)

    @property
    def processes(self) -> list[int]:
        """Their ids, those that are idle included."""
        return [worker.pid for worker in self._running]

    async def read(self, documents: Sequence[Document], limit: int, *, alone: bool = False) -> list[list[Reading]]:
        """The readings of each document, in order: one, or several of one that had to be halved.

        `limit`: bytes that one event's record may have. Every document gets a reading, whatever it does to the process
        that reads it. `alone`: the one document was tried before, and gets a process that has read nothing yet.
        """
        try:
            return [[reading] for reading in await self._call(documents, limit, fresh=alone)]
        except _ReadFailed as failure:
            if len(documents) > 1:
                # Not in halves: each of them that holds the culprit would take the whole time limit again.
                return [(await self.read([document], limit))[0] for document in documents]
            parts = halve(documents[0])
            if parts is None and not alone:
                # It may be innocent: killed while idle, stopped for a while, or full of what earlier documents left.
                return await self.read(documents, limit, alone=True)
            if parts is None:
                place = {"source": documents[0].source.id} if documents[0].fetched else {"file": documents[0].path}
                log.warning("reader.document_rejected", **place, code=failure.code, reason=str(failure))
                refusal = Refusal(failure.code, str(failure))
                return [[read(replace(documents[0], refused=refusal), limit)]]
        return [[reading for part in parts for reading in (await self.read([part], limit))[0]]]

    async def _call(self, documents: Sequence[Document], limit: int, *, fresh: bool) -> list[Reading]:
        async with self._slots:
            if fresh and self._idle:
                await self._end(self._idle.pop())
            worker = self._idle.pop() if self._idle and not fresh else await self._start()
            reply: reader.Reply = ""
            try:
                async with asyncio.timeout(self._limits.seconds):
                    reply = await worker.ask((documents, limit))
            except TimeoutError as error:
                self.killed += 1
                raise _ReadFailed(Code.TIMED_OUT, f"reading it took over {self._limits.seconds:g} s") from error
            except (EOFError, OSError) as error:
                self.killed += 1
                raise _ReadFailed(
                    Code.READER_DIED, "reading it crashed its process, or took too much memory"
                ) from error
            finally:
                # After a time-out, a crash or a cancellation nobody knows what the process is doing: it goes.
                if isinstance(reply, str):
                    await self._end(worker)
                else:
                    self._idle.append(worker)
        if isinstance(reply, str):
            raise _ReadFailed(Code.READER_DIED, f"reading it failed: {reply}")
        return reply

    async def _start(self) -> _Reader:
        """A reader that is ready. UsageError: one after another ends as it starts."""
        for left in reversed(range(_STARTS)):
            try:
                return await self._started()
            except (EOFError, OSError) as error:
                # No document's fault: were it taken for one, all of them would be rejected. Nor is one that is killed as it
                # starts, or the server that it is forked from, a fault of the settings.
                if not left:
                    raise UsageError(
                        "the processes that read documents end as they start: is read_memory_mb enough?"
                    ) from error
                log.warning("reader.not_started", reason=repr(error))
            await asyncio.sleep(_FIRST_PAUSE * 2 ** (_STARTS - 1 - left))
        raise AssertionError

    async def _started(self) -> _Reader:
        worker = await asyncio.to_thread(_Reader, self._context, self._limits)
        self._running.add(worker)
        ready = False
        try:
            await worker.ready()
            ready = True
        finally:
            if not ready:
                await self._end(worker)
        return worker

    async def _end(self, worker: _Reader) -> None:
        self._running.discard(worker)
        await asyncio.shield(asyncio.to_thread(worker.kill))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._running:
            await asyncio.to_thread(worker.kill)
        self._running.clear()


class _Reader:
    """One process and the socket to it; one request at a time."""

    def __init__(self, context: ForkServerContext, limits: Limits) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process: ForkServerProcess = context.Process(
                target=reader.serve, args=(theirs, limits.memory_bytes), daemon=True, name="news-worker-reader"
            )
            try:
                with forkserver.unheeded():
                    self._process.start()
            except BaseException:
                self._socket.close()
                raise
        self._socket.settimeout(0)

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    async def ready(self) -> None:
        """Wait until it can be asked. EOFError or OSError: it died before."""
        await self._receive(len(reader.READY))

    async def ask(self, request: reader.Request) -> reader.Reply:
        """Send, and wait for the answer. EOFError or OSError: the process died."""
        loop = asyncio.get_running_loop()
        packed = pickle.dumps(request, pickle.HIGHEST_PROTOCOL)
        await loop.sock_sendall(self._socket, reader.LENGTH.pack(len(packed)) + packed)
        (length,) = reader.LENGTH.unpack(await self._receive(reader.LENGTH.size))
        reply: reader.Reply = pickle.loads(await self._receive(length))  # noqa: S301 (from the own child)
        return reply

    async def _receive(self, size: int) -> bytearray:
        loop = asyncio.get_running_loop()
        data = bytearray(size)
        view = memoryview(data)
        while view:
            count = await loop.sock_recv_into(self._socket, view)
            if not count:
                raise EOFError
            view = view[count:]
        return data

    def kill(self) -> None:
        """End the process and wait until it is gone."""
        self._socket.close()
        self._process.kill()
        self._process.join()
        if os.getpid() == 1 and self._process.pid and self._process.exitcode == _SERVER_DIED:
            _bury(self._process.pid)


def _bury(pid: int) -> None:
    """In a container, process 1 inherits the readers of a fork server that died: nobody else waits for them.

    It inherits them only once the server is gone for good, which is a moment after it is seen to be.
    """
    for _ in range(_TRIES):
        with suppress(ChildProcessError):  # not ours yet
            if os.waitpid(pid, os.WNOHANG) == (0, 0):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            return
        time.sleep(0.01)
