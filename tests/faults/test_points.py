"""A replay on Kafka killed, or stopped for long, at each point of a transaction."""

from signal import SIGCONT, SIGKILL, SIGSTOP

import pytest
from faults.planted import POINTS, at, planted
from faults.running import counted, stopped

LATER = 4  # transaction, counted from the claim's own; the articles' first is 2
PACE = ("--rate", "400")  # so that there are many


async def test_killed_at_each_point_of_a_transaction_it_loses_nothing_and_doubles_nothing(on_kafka, folder):
    folder.jsonl("a.jsonl", 1500, bad_every=20)
    folder.texts(30)
    for number in (1, 2, LATER):
        for point in POINTS:
            async with on_kafka.replaying("set", *PACE, program=planted(at(point, number))) as process:
                _, said = await process.communicate()
            assert process.returncode == -SIGKILL, (point, number, said)
        verdict = await on_kafka.judged(folder)
        assert not (verdict.twice or verdict.invented or verdict.out_of_order), (number, verdict)
        assert verdict.lost, "it was ready before the last kill: the kills proved nothing"

    code, said = await on_kafka.replay("set")
    assert code == 1, said  # some records were rejected
    assert (await on_kafka.judged(folder)).clean


@pytest.mark.parametrize("aborted", [False, True], ids=["at once", "after the broker has aborted what was open"])
async def test_one_that_was_stopped_commits_nothing_more_once_a_newer_has_begun(on_kafka, folder, aborted):
    folder.jsonl("a.jsonl", 800, bad_every=20)
    program = planted(at("all sent", LATER, SIGSTOP))
    async with on_kafka.replaying("set", *PACE, program=program) as older:
        await stopped(older)
        if aborted:
            await on_kafka.nothing_open()
        newer, told = await on_kafka.replay("set")
        older.send_signal(SIGCONT)
        _, said = await older.communicate()
    assert newer == 1, told
    assert older.returncode == 3, said
    assert b"another replay of data set 'set' has begun" in said
    assert counted(told) + counted(said.decode()) == len(folder.offered)
    assert (await on_kafka.judged(folder)).clean
