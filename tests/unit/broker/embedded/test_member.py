"""One worker polls the sources of a file, however the last one ended; all else lives beside it."""

import subprocess
import sys

import pytest

from worker.broker.connect import connect
from worker.errors import BrokerRefused
from worker.model import Record, Topic

HOLDER = """
import asyncio, sys
from worker.broker.connect import connect

async def main(url, prefix):
    async with connect(url, prefix=prefix, create=True) as broker, broker.membership():
        print("joined", flush=True)
        await asyncio.Event().wait()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/news.db"


@pytest.fixture
def holder(url):
    """Another process that is a member."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, url, ""], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"joined\n"
        yield process
    finally:
        process.kill()
        process.communicate()


async def join(url, prefix=""):
    async with connect(url, prefix=prefix, create=True) as broker, broker.membership() as member:
        return len(member.share.shards)


async def test_a_second_worker_on_a_file_is_told_of_the_first(url, holder):
    with pytest.raises(BrokerRefused, match=rf"process {holder.pid}\) polls the sources"):
        await join(url)


async def test_within_a_process_too(url):
    async with connect(url, create=True) as broker, broker.membership():
        with pytest.raises(BrokerRefused, match="end it first"):
            await join(url)
    assert await join(url) == 1


async def test_through_a_link_it_is_the_same_file(tmp_path, url, holder):
    (tmp_path / "link.db").symlink_to(tmp_path / "news.db")
    with pytest.raises(BrokerRefused):
        await join(f"sqlite:///{tmp_path}/link.db")


async def test_a_worker_that_was_killed_holds_nobody_up(url, holder):
    holder.kill()
    holder.wait()
    assert await join(url) == 1


@pytest.mark.usefixtures("holder")
async def test_another_prefix_is_another_installation(url, holder):
    assert await join(url, "other.") == 1


async def test_others_append_and_read_beside_it(url, holder):
    async with connect(url, create=False) as broker:
        await broker.append([Record(Topic.SOURCES, b"k", b"v", (), 1, b"site")])
        assert [record.key async for record in broker.read(Topic.SOURCES)] == [b"k"]
