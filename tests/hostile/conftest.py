from __future__ import annotations

import contextlib
from ipaddress import ip_network

import pytest
import pytest_asyncio
from hostile.asking import fetched
from hostile.server import serving

from worker.sources.feed import Client, ClientOptions, Request

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@pytest_asyncio.fixture
async def server():
    async with serving() as server:
        yield server


@pytest_asyncio.fixture
async def other():
    """A server on another host."""
    async with serving("127.0.0.2") as server:
        yield server


@pytest.fixture
def client():
    """Makes a client that may reach loopback, with the options given."""

    @contextlib.asynccontextmanager
    async def made(**options):
        async with Client(ClientOptions(**{"allowed": LOOPBACK, "total_s": 20.0} | options)) as client:
            yield client

    return made


@pytest.fixture
def fetch(client):
    """Asks once, with the options given: for a URL or a whole request."""

    async def asked_once(asked, **options):
        async with client(**options) as one:
            return await fetched(one, asked if isinstance(asked, Request) else Request(asked))

    return asked_once
