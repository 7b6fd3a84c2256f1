"""ReaderPool: whatever a document does to its reader, it alone is rejected, and the others are read as if it weren't there."""

import asyncio
import os
import signal
import subprocess
from itertools import pairwise
from multiprocessing import forkserver
from pathlib import Path

import pytest

from worker.core.read import read
from worker.errors import UsageError
from worker.model import Article, Code, Rejection, Withdrawal
from worker.pipeline.readers.pool import Limits, ReaderPool, _bury, _Reader

MEBIBYTE = 1024 * 1024
LIMIT = MEBIBYTE
SMALL = 128 * MEBIBYTE  # a reader begins with some 70
GREEDY = {"headline": "greedy", "content_html": "<p>a</p>" * 500_000}  # takes many times its 4 MB


def codes(readings):
    return [getattr(item, "code", None) for parts in readings for part in parts for item in part.items]


def pids(pool):
    return [reader._process.pid for reader in pool._running]


async def test_readings_come_in_the_order_of_the_documents(pool, text):
    documents = [text(f"{number}.txt") for number in range(20)]
    assert await pool.read(documents, LIMIT) == [[read(document, LIMIT)] for document in documents]


async def test_every_kind_of_item_comes_back_as_it_was_read(pool, jsonl, text):
    lines = jsonl({"headline": "said", "date": "soon"}, {"uri": "x", "pubStatus": "canceled"}, {"neither": "nor"})
    assert await pool.read([lines, text("a.txt")], LIMIT) == [[read(lines, LIMIT)], [read(text("a.txt"), LIMIT)]]
    assert [type(item) for item in read(lines, LIMIT).items] == [Article, Withdrawal, Rejection]


async def test_calls_side_by_side_share_the_processes_there_are(pool, text):
    results = await asyncio.gather(*(pool.read([text(f"{number}.txt")], LIMIT) for number in range(10)))
    assert [codes(readings) for readings in results] == [[None]] * 10
    assert len(pids(pool)) == 1


async def test_a_document_that_hangs_is_rejected_and_those_beside_it_are_read(text, hanging):
    async with ReaderPool(1, Limits(1, 1024 * MEBIBYTE)) as pool:
        readings = await pool.read([text("a.txt"), hanging, text("b.txt")], LIMIT)
    assert codes(readings) == [None, Code.TIMED_OUT, None]
    assert readings[0] == [read(text("a.txt"), LIMIT)]
    assert readings[1][0].items[0].raw.startswith(b"<rss")


async def test_a_record_that_takes_too_much_memory_is_rejected_alone_in_its_place(jsonl):
    before = [{"headline": f"before {number}"} for number in range(20)]
    after = [{"headline": f"after {number}"} for number in range(11)]
    document = jsonl(*before, GREEDY, *after, start=5_000, ordinal=100)
    async with ReaderPool(1, Limits(60, SMALL)) as pool:
        ((*parts,),) = await pool.read([document], LIMIT)
    items = [item for part in parts for item in part.items]
    assert [type(item) is Article for item in items] == [True] * 20 + [False] + [True] * 11
    assert items[20].code is Code.READER_DIED

    harmless = jsonl(*before, {"headline": "modest"}, *after, ordinal=100)
    expected = read(harmless, LIMIT).items
    assert [item.entry_key for item in items] == [item.entry_key for item in expected]
    articles = [*items[:20], *items[21:]]
    assert [item.article_id for item in articles] == [item.article_id for item in [*expected[:20], *expected[21:]]]
    assert [parts[0].start, parts[-1].end] == [document.start, document.end]
    assert all(one.end == other.start for one, other in pairwise(parts))
    lines = document.data.splitlines(keepends=True)
    assert items[20].end == 5_000 + sum(map(len, lines[:21]))


async def test_a_reader_that_is_killed_while_it_waits_costs_no_document(pool, text):
    await pool.read([text("a.txt")], LIMIT)
    (pid,) = pids(pool)
    os.kill(pid, signal.SIGKILL)
    assert codes(await pool.read([text("b.txt"), text("c.txt")], LIMIT)) == [None, None]
    assert pids(pool) != [pid]


async def test_signals_to_the_whole_group_are_the_workers_to_handle(pool, text):
    await pool.read([text("a.txt")], LIMIT)
    (pid,) = pids(pool)
    fork_server = _parent(pid)
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(pid, number)
        os.kill(fork_server, number)
    assert codes(await pool.read([text("b.txt")], LIMIT)) == [None]
    assert pids(pool) == [pid]
    os.kill(pid, signal.SIGKILL)
    await pool.read([text("c.txt")], LIMIT)
    assert [_parent(pid) for pid in pids(pool)] == [fork_server]


async def test_cancelled_it_kills_the_reader_and_goes_on_with_another(pool, text, hanging):
    await pool.read([text("a.txt")], LIMIT)
    (pid,) = pids(pool)
    watched = os.pidfd_open(pid)
    stuck = asyncio.create_task(pool.read([hanging], LIMIT))
    waiting = asyncio.create_task(pool.read([text("b.txt")], LIMIT))
    await asyncio.sleep(0)  # the first has the only slot
    assert pool._slots.locked()
    stuck.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stuck
    assert codes(await waiting) == [None]
    assert not _lives(watched)
    os.close(watched)
    assert pid not in pids(pool)


async def test_no_reader_is_left_when_the_pool_is(text):
    async with ReaderPool(2, Limits(60, 1024 * MEBIBYTE)) as pool:
        await asyncio.gather(pool.read([text("a.txt")], LIMIT), pool.read([text("b.txt")], LIMIT))
        watched = [os.pidfd_open(pid) for pid in pids(pool)]
    assert len(watched) == 2
    assert not any(map(_lives, watched))
    for descriptor in watched:
        os.close(descriptor)


async def test_readers_that_end_as_they_start_are_no_documents_fault(text):
    async with ReaderPool(1, Limits(60, 1)) as pool:
        with pytest.raises(UsageError, match="read_memory_mb"):
            await pool.read([text("a.txt"), text("b.txt")], LIMIT)


async def test_a_reader_that_is_killed_as_it_starts_is_started_again(pool, text, monkeypatch):
    ready, killed = _Reader.ready, []

    async def killed_at_first(self):
        if not killed:
            killed.append(self.pid)
            os.kill(self.pid, signal.SIGKILL)
        await ready(self)

    monkeypatch.setattr(_Reader, "ready", killed_at_first)
    assert await pool.read([text("a.txt")], LIMIT) == [[read(text("a.txt"), LIMIT)]]
    assert pids(pool) != killed


async def test_a_reader_whose_fork_server_is_killed_as_it_starts_is_started_again(pool, text, monkeypatch):
    server = forkserver._forkserver
    ensure_running, killed = server.ensure_running, []

    def killed_at_first():
        ensure_running()
        if not killed:
            killed.append(server._forkserver_pid)
            os.kill(server._forkserver_pid, signal.SIGKILL)
            os.waitid(os.P_PID, server._forkserver_pid, os.WEXITED | os.WNOWAIT)

    monkeypatch.setattr(server, "ensure_running", killed_at_first)
    assert await pool.read([text("a.txt")], LIMIT) == [[read(text("a.txt"), LIMIT)]]


def _lives(pidfd):
    try:
        signal.pidfd_send_signal(pidfd, 0)
    except ProcessLookupError:
        return False
    return True


def _parent(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_a_reader_that_has_become_our_own_child_is_ended_and_waited_for():
    ours = subprocess.Popen(["sleep", "1000"])
    _bury(ours.pid)
    assert not Path(f"/proc/{ours.pid}").exists()
    assert ours.wait() == 0  # nothing is left to be waited for
