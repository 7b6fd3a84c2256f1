"""A replay on Kafka killed, or stopped for long, at each point of a transaction."""

from signal import SIGCONT, SIGKILL, SIGSTOP

import pytest
from contract.oracle import Verdict
from faults.planted import POINTS, at, planted
from faults.running import counted, stopped

LATER = 4  # transaction, counted from the claim's own; the articles' first is 2
KILLS = [(point, LATER) for point in POINTS] + [("all sent", 1), ("ended", 1), ("some sent", 2)]
PACE = ("--rate", "400")  # so that there are many


async def test_killed_at_each_point_of_a_transaction_it_loses_nothing_and_doubles_nothing(on_kafka, folder):
    folder.jsonl("a.jsonl", 1000, bad_every=20)
    folder.texts(30)
    for point, number in KILLS:
        async with on_kafka.replaying("set", *PACE, program=planted(at(point, number))) as process:
            _, said = await process.communicate()
        assert process.returncode == -SIGKILL, (point, number, said)
        verdict = await on_kafka.judged(folder)
        assert verdict == Verdict(lost=verdict.lost), (point, number)
        assert verdict.lost, "it was ready before the kill: that proved nothing"

    code, said = await on_kafka.replay("set")
    assert code == 1, said  # some records were rejected
    assert (await on_kafka.judged(folder)).clean


async def test_one_that_was_stopped_commits_nothing_more_once_a_newer_has_begun(on_kafka, folder):
    folder.jsonl("a.jsonl", 1000, bad_every=20)
    async with on_kafka.replaying("set", *PACE, program=planted(at("all sent", LATER, SIGSTOP))) as older:
        await stopped(older)
        async with on_kafka.replaying("set", *PACE) as newer:
            await on_kafka.events(20)
            older.send_signal(SIGCONT)
            _, said = await older.communicate()
            _, told = await newer.communicate()
    assert older.returncode == 1, said
    assert b"another replay of data set 'set' has begun" in said
    assert newer.returncode == 1, told
    assert (await on_kafka.judged(folder)).clean


@pytest.mark.parametrize("newer", [False, True], ids=["alone", "with a newer"])
async def test_one_that_was_stopped_for_longer_than_its_transaction_may_last(on_kafka, folder, newer):
    folder.jsonl("a.jsonl", 500, bad_every=20)
    async with on_kafka.replaying("set", *PACE, program=planted(at("all sent", LATER, SIGSTOP))) as older:
        await stopped(older)
        await on_kafka.nothing_open()  # the broker has aborted it
        done = counted((await on_kafka.replay("set"))[1]) if newer else 0
        older.send_signal(SIGCONT)
        _, said = await older.communicate()
    assert older.returncode == 1, said  # some records were rejected, or left to the newer
    assert (b"another replay of data set" in said) is newer
    assert counted(said.decode()) + done == len(folder.offered)
    assert (await on_kafka.judged(folder)).clean
