"""The worker in the image, as process 1 on a read-only root: what it publishes, how it ends, and what it leaves behind."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from faults.polled import Polled
from faults.running import Place
from feeds.serving import serving, sites
from image.contained import SEEDS, below, first_process, signalled
from image.engine import TREE

from worker.model import Topic

STOPS = 3  # SIGTERMs in the middle of polling
MORE = 5  # events that a worker is let publish before it gets one
TERMINATED = 128 + signal.SIGTERM
HANGS = 60  # seconds


@pytest.fixture
async def polled(place, tmp_path):
    """Feeds that go on by themselves, and are asked for every second."""
    if place.kind == "embedded":
        code, said = await place.run("run", "--once")  # makes the file, as the image's user
        assert code == 0, said
    else:
        await place.make()
    with serving(tmp_path / "feeds", sites(6, moves=10**6)) as server:
        polled = Polled(place, server)
        await polled.define(interval_s=1)
        yield polled


async def test_a_replay_of_the_samples_publishes_what_it_does_outside_and_once(embedded, tmp_path):
    code, said = await embedded.replay(SEEDS, "--dataset", "seeds")
    assert code == 1, said  # one of the samples is broken on purpose
    outside = Place(tmp_path, f"sqlite:///{tmp_path}/news.db")
    assert (await outside.replay(str(TREE / "seeds")))[0] == 1
    assert await keys(embedded) == await keys(outside)

    code, said = await embedded.replay(SEEDS, "--dataset", "seeds")
    assert await keys(embedded) == await keys(outside), said
    owners = {(path.stat().st_uid, path.stat().st_gid) for path in embedded.folder.iterdir()}
    assert owners == {embedded.user}


async def test_sigterm_in_the_middle_of_polling_ends_it_with_0_and_loses_nothing(place, polled):
    for _ in range(STOPS):
        async with polled.running() as process:
            await place.events_or_end(MORE, process)
            signalled(process, signal.SIGTERM)
            _, said = await process.communicate()
            assert process.returncode == 0, said.decode()
            assert b"worker.stopping" in said
    await polled.to_the_end()
    verdict = await polled.judged()
    assert verdict.clean, verdict


async def test_a_stop_of_something_that_only_reads_is_heeded_too(place, polled):
    async with place.running("tail", "articles", "--follow", stdout=asyncio.subprocess.PIPE) as process:
        async with polled.running():
            assert await process.stdout.readline()
        signalled(process, signal.SIGTERM)
        _, said = await process.communicate()
        assert process.returncode == TERMINATED, said.decode()


async def test_without_a_tmp_its_sockets_lie_on_the_volume(embedded):
    bare = replace(embedded, memory=())
    code, said = await bare.replay(SEEDS, "--dataset", "seeds", "--jobs", "2")
    assert code == 1, said


async def test_its_healthcheck_asks_the_worker_and_not_the_broker(place, polled):
    check = place.image.config["Healthcheck"]["Test"][1:]
    async with place.running(program=check) as process:
        await process.communicate()
        assert process.returncode == 1
    async with polled.running() as worker:
        await place.events_or_end(1, worker)
        async with place.running(program=check, stdout=asyncio.subprocess.PIPE) as process:
            out, said = await process.communicate()
            assert (process.returncode, out) == (0, b'{"ok":true,"why":[]}\n'), said.decode()


async def test_processes_that_were_killed_leave_no_zombies(embedded, tmp_path):
    """The server that readers are forked from too, which leaves its own to process 1."""
    with serving(tmp_path / "feeds", sites(6, moves=10**6)) as server:
        code, said = await embedded.run("run", "--once")
        assert code == 0, said
        polled = Polled(embedded, server)
        await polled.define(interval_s=1)
        async with polled.running("--jobs", "1") as process:  # one reader, which has begun once there are events
            await embedded.events_or_end(MORE, process)
            for child in below(first_process(process)):
                os.kill(child, signal.SIGKILL)
            async with asyncio.timeout(HANGS):
                while process.returncode is None and (not (found := states(process)) or "Z" in found):
                    await embedded.events_or_end(1, process)
            assert process.returncode is None, (await process.communicate())[1].decode()


def states(process):
    """A letter for each process that the worker has started: Z is a zombie."""
    stats = [Path(f"/proc/{child}/stat").read_text() for child in below(first_process(process))]
    return [stat.rpartition(")")[2].split()[0] for stat in stats]


async def keys(place):
    async with place.connect() as broker:
        return sorted([record.key async for record in broker.read(Topic.ARTICLES)])
