"""A disk that is full, or read-only, for real: the limit is the kernel's, set on a process of its own."""

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TREE = Path(__file__).parents[4]
PROGRAM = """
import asyncio, resource, sys
from worker.broker.connect import connect
from worker.broker.port import Shard
from worker.errors import BrokerAway
from worker.model import Record, Topic

SHARD = Shard("shard", Topic.REPLAYS, b"data")

async def commit(broker, key, size):
    claim = await broker.claim(SHARD)
    try:
        await claim.commit([Record(Topic.ARTICLES, key, bytes(size), (), 1 << 50, b"data")] * 10)
    finally:
        await claim.release()

async def main(url):
    async with connect(url, create=True) as broker:
        await commit(broker, b"before", 1_000)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
        try:
            await commit(broker, b"full", 1_000_000)
        except BrokerAway as error:
            print("away:", error)
        print("kept:", {record.key async for record in broker.read(Topic.ARTICLES)})
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        await commit(broker, b"after", 1_000_000)
        print("kept:", sorted({record.key async for record in broker.read(Topic.ARTICLES)}))

asyncio.run(main(sys.argv[1]))
"""


async def test_a_full_disk_keeps_what_was_committed_and_work_goes_on_when_there_is_room(tmp_path):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, f"sqlite:///{tmp_path}/news.db"),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(TREE)},
    )
    said, _ = await process.communicate()

    away, full, again = said.decode().splitlines()
    assert "is its disk full" in away
    assert full == "kept: {b'before'}"
    assert again == "kept: [b'after', b'before']"


READ_ONLY = """
import asyncio, subprocess, sys
from pathlib import Path
from worker.broker.connect import connect
from worker.broker.port import Shard
from worker.errors import BrokerRefused
from worker.model import Record, Topic

SHARD = Shard("shard", Topic.REPLAYS, b"data")

def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)

async def commit(broker, key):
    claim = await broker.claim(SHARD)
    try:
        await claim.commit([Record(Topic.ARTICLES, key, b"v", (), 1 << 50, b"data")])
    finally:
        await claim.release()

async def main(folder):
    mount("-t", "tmpfs", "tmpfs", folder)
    async with connect(f"sqlite:///{folder}/news.db", create=True) as broker:
        await commit(broker, b"before")
        mount("-o", "remount,ro", folder)
        try:
            await commit(broker, b"lost")
        except BrokerRefused as error:
            print("refused:", error)
        mount("-o", "remount,rw", folder)
        await commit(broker, b"after")
        print("kept:", sorted({record.key async for record in broker.read(Topic.ARTICLES)}))

asyncio.run(main(sys.argv[1]))
"""


@pytest.fixture
def namespace():
    """What a command begins with that is to mount what only it sees."""
    begin = (shutil.which("unshare") or "", "-rm")
    if not begin[0] or subprocess.run([*begin, "true"], check=False, capture_output=True).returncode:
        pytest.skip("mounting in a namespace of one's own isn't allowed: run as root, or allow user namespaces")
    return begin


async def test_a_disk_that_becomes_read_only_is_said_and_nothing_is_half_done(tmp_path, namespace):
    process = await asyncio.create_subprocess_exec(
        *(*namespace, sys.executable, "-c", READ_ONLY, str(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(TREE)},
    )
    said, _ = await process.communicate()

    refused, kept = said.decode().splitlines()
    assert "can't be written" in refused
    assert kept == "kept: [b'after', b'before']"
