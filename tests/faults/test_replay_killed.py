"""A replay killed or stopped at any moment and called again, on each broker: each article and rejection once, and in order.

`NEWS_KILLS` sets how many kills, `NEWS_SEED` which moments; a failure names the seed.
"""

import asyncio
import json
import os
import random
import select
import signal
from contextlib import suppress
from pathlib import Path

import pytest
from faults import committed_apart

from worker.model import Topic

KILLS = int(os.environ.get("NEWS_KILLS", "0"))
SHORT = {"embedded": 20, "kafka": 8}  # kills, unless told
SEED = int(os.environ.get("NEWS_SEED", "1"))
MOST_BETWEEN = 80  # events from one kill to the next
TRANSACTION = {"embedded": 0.01, "kafka": 0.03}  # seconds, about: so that the kill falls anywhere within one


async def test_sigkill_at_random_moments_loses_nothing_and_doubles_nothing(place, folder):
    chosen = random.Random(SEED)
    kills = KILLS or SHORT[place.kind]
    each = kills * MOST_BETWEEN // 2  # several times what goes between the kills, for on a slow machine they come late
    folder.array("a.json", each)
    folder.feed("b.xml", min(each, 300))
    folder.jsonl("c.jsonl", each, bad_every=50)
    folder.jsonl("d.jsonl.gz", each, bad_every=70)
    folder.texts(200)
    folder.binary("z.bin")
    killed = 0
    for _ in range(kills):
        async with place.replaying("set", "--rate", "800") as process:
            await place.events_or_end(chosen.randint(1, MOST_BETWEEN), process)
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), chosen.uniform(0, TRANSACTION[place.kind]))
            killed += process.returncode is None
    assert killed == kills, f"some ended by themselves: the kills proved nothing (NEWS_SEED={SEED})"

    code, said = await place.replay("set")
    assert code == 1, said  # some records were rejected
    verdict = await place.judged(folder)
    assert verdict.clean, f"NEWS_SEED={SEED}: {verdict}"

    code, said = await place.replay("set")
    assert (code, "nothing was published" in said) == (0, True), said
    assert (await place.judged(folder)).clean


@pytest.mark.parametrize("send", [os.kill, os.killpg], ids=["alone", "with its group"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_stopped_by_a_signal_it_says_that_it_goes_on_and_does(embedded, folder, number, send):
    folder.jsonl("a.jsonl", 600, bad_every=100)
    folder.texts(50)
    async with embedded.replaying("set", "--rate", "400") as process:
        await embedded.events_or_end(20, process)
        send(process.pid, number)
        _, said = await process.communicate()
    assert process.returncode == 1, said
    assert b"it goes on where it was" in said
    assert b"Traceback" not in said
    assert (await embedded.judged(folder)).lost

    assert (await embedded.replay("set"))[0] in (0, 1)
    assert (await embedded.judged(folder)).clean


async def test_a_second_signal_ends_it_at_once(place, folder):
    folder.jsonl("a.jsonl", 600)
    async with place.replaying("set", "--rate", "400") as process:
        await place.events_or_end(20, process)
        process.send_signal(signal.SIGSTOP)  # so that it gets both before it can end by the first
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGCONT)
        await process.communicate()
    assert process.returncode in (128 + signal.SIGTERM, 128 + signal.SIGINT)

    assert (await place.replay("set"))[0] == 0
    assert (await place.judged(folder)).clean


async def test_no_process_outlives_a_worker_that_is_killed_even_one_that_hangs(embedded, folder):
    folder.jsonl("a.jsonl", 8000)  # a batch of its own, and the beginning of the one that hangs
    (folder.path / "b.xml").write_text(hanging_feed())
    async with embedded.replaying("set", "--jobs", "1", read_timeout_s=600) as process:
        await embedded.events_or_end(2000, process)  # once they are there, its reader is at the next batch
        others = processes_of(process.pid) - {process.pid}
        assert len(others) >= 2  # at the least, the fork server and a reader
        watched = [os.pidfd_open(pid) for pid in others]
        process.kill()
        gone = await asyncio.gather(*(asyncio.to_thread(ended, descriptor) for descriptor in watched))
        for descriptor in watched:
            os.close(descriptor)
    assert all(gone)


async def test_a_signal_ends_it_while_a_document_hangs(embedded, folder):
    folder.jsonl("a.jsonl", 8000)
    (folder.path / "b.xml").write_text(hanging_feed())
    async with embedded.replaying("set", "--jobs", "1", read_timeout_s=600) as process:
        await embedded.events_or_end(2000, process)
        process.terminate()
        _, said = await process.communicate()
    assert process.returncode == 1, said
    async with embedded.connect() as broker:
        assert [record async for record in broker.read(Topic.REJECTS)] == []


async def test_a_signal_ends_it_while_nothing_comes_from_standard_input(embedded, folder):
    folder.jsonl("a.jsonl", 8000)
    async with embedded.replaying("-", stdin=asyncio.subprocess.PIPE) as process:
        process.stdin.write((folder.path / "a.jsonl").read_bytes())
        await embedded.events_or_end(2000, process)  # the rest waits for more to come
        process.terminate()
        said = await process.stderr.read()  # to its end: the pipe to it stays open
        await process.wait()
    assert process.returncode == 1, said


async def test_a_signal_ends_it_while_nobody_reads_its_standard_output_and_a_cut_line_shows_it(embedded, folder):
    folder.jsonl("a.jsonl", 2000)  # more than a pipe holds
    end, given = os.pipe()
    async with embedded.replaying("set", "--to", "-", stdout=given) as process:
        os.close(given)
        begun = await asyncio.to_thread(os.read, end, 1)
        process.terminate()
        said = await process.stderr.read()
        await process.wait()
    whole, _, cut = (begun + os.read(end, 2**20)).rpartition(b"\n")
    os.close(end)
    assert process.returncode == 1, said
    assert b"Traceback" not in said
    assert [json.loads(line)["provenance"]["file"] for line in whole.splitlines()]
    assert cut
    with pytest.raises(json.JSONDecodeError):
        json.loads(cut)


async def test_the_older_of_two_replays_of_a_data_set_says_so_and_leaves_the_rest_to_the_newer(place, folder):
    folder.jsonl("a.jsonl", 1500, bad_every=100)
    folder.texts(100)
    async with place.replaying("set", "--rate", "200") as older:
        await place.events_or_end(20, older)
        newer, told = await place.replay("set")
        _, said = await older.communicate()
    assert older.returncode == 1, said
    assert b"another replay of data set 'set' has begun" in said
    assert newer == 1, told
    assert (await place.judged(folder)).clean


async def test_two_data_sets_side_by_side_into_one_file_are_both_complete(place, folder, tmp_path):
    other = type(folder)(tmp_path / "other")
    for one in (folder, other):
        one.jsonl("a.jsonl", 2000, bad_every=100)
        one.texts(100)
    results = await asyncio.gather(place.replay("set"), place.replay("other"))
    assert [code for code, _ in results] == [1, 1], results
    assert (await place.judged(folder, other)).clean


@pytest.mark.parametrize(("first", "fault"), [("state", "lost"), ("events", "twice")])
async def test_the_judge_sees_a_worker_that_commits_events_and_state_apart(place, folder, first, fault):
    folder.texts(300)
    program = (committed_apart.__file__, first)
    async with place.replaying("set", "--rate", "300", program=program) as process:
        await process.communicate()
    assert process.returncode == -signal.SIGKILL

    assert (await place.replay("set"))[0] == 0
    assert getattr(await place.judged(folder), fault)


def hanging_feed() -> str:
    """Parsing its categories takes minutes: feedparser compares each with all before it."""
    many = "".join(f"<category>{number}</category>" for number in range(60_000))
    return f'<rss version="2.0"><channel><title>t</title><item><title>x</title>{many}</item></channel></rss>'


def processes_of(session: int) -> set[int]:
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended meanwhile
            text = stat.read_text()
            if int(text.rpartition(")")[2].split()[3]) == session:
                found.add(int(stat.parent.name))
    return found


def ended(pidfd: int) -> bool:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(60_000))
