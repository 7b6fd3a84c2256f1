"""`news-worker healthy`: what a worker's own answer comes to as an exit code."""

import asyncio
import http.client
import queue
import socket
import threading
from contextlib import contextmanager
from functools import partial

import pytest

from worker.model import Standing, Totals
from worker.ops.metrics import Readers
from worker.ops.server import serving


@contextmanager
def answering(totals):
    """The worker's own server, in a thread, as the command blocks; its port."""
    started = queue.SimpleQueue()

    async def serve():
        stop = asyncio.Event()
        async with serving("127.0.0.1", 0, totals, lambda: Readers(0, 0, 0, 0)) as port:
            started.put((port, partial(asyncio.get_running_loop().call_soon_threadsafe, stop.set)))
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    port, stop = started.get(timeout=20)
    try:
        yield port
    finally:
        stop()
        thread.join()


@pytest.fixture
def port_of_nobody():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_worker_that_lives_is_healthy_wherever_it_listens(call, host):
    with answering(Totals(settled=True)) as port:
        outcome = call("healthy", "--health-address", f"{host}:{port}")
    assert (outcome.code, outcome.out) == (0, '{"ok":true,"why":[]}\n')


def test_one_whose_broker_is_away_lives_but_is_not_ready(call):
    totals = Totals(settled=True, standing={"sources/3": Standing(waits_for="broker away")})
    with answering(totals) as port:
        assert call("healthy", "--health-address", f"127.0.0.1:{port}").code == 0
        outcome = call("healthy", "--ready", "--health-address", f"127.0.0.1:{port}")
    assert outcome.code == 1
    assert "broker away" in outcome.out


def test_where_nothing_listens_nothing_lives(call, port_of_nobody):
    outcome = call("healthy", "--health-address", f"127.0.0.1:{port_of_nobody}")
    assert outcome.code == 1
    assert outcome.error.startswith(f"no answer from 127.0.0.1:{port_of_nobody}")


def test_what_answers_something_else_is_no_worker(call, monkeypatch):
    whole = http.client.HTTPConnection.getresponse

    def broken(self):
        whole(self)  # a server that ends before it has answered leaves the connection to whatever test comes next
        raise http.client.BadStatusLine("SSH-2.0")

    monkeypatch.setattr(http.client.HTTPConnection, "getresponse", broken)
    with answering(Totals()) as port:
        assert call("healthy", "--health-address", f"127.0.0.1:{port}").code == 1


def test_without_an_address_there_is_nobody_to_ask(call):
    outcome = call("healthy")
    assert outcome.code == 2
    assert "health_address is not set" in outcome.error
