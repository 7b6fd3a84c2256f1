"""Splits of a data set side by side on Kafka, and replays that are told to stop: the parts add up to the whole."""

import asyncio
import random
import signal

from faults.running import counted

STOPS = 3


async def test_splits_side_by_side_one_of_them_killed(on_kafka, folder):
    for number in range(12):
        folder.jsonl(f"{number}.jsonl", 80, bad_every=20)
    one, two = ("set", "--rate", "200", "--split", "0/2"), ("set", "--rate", "200", "--split", "1/2")
    async with on_kafka.replaying(*one) as first, on_kafka.replaying(*two) as second:
        await on_kafka.events(60)
        first.kill()
        await first.wait()
        again, told = await on_kafka.replay(*one)
        _, said = await second.communicate()
    assert again == 1, told
    assert second.returncode == 1, said
    assert (await on_kafka.judged(folder)).clean

    code, said = await on_kafka.replay("set")
    assert (code, counted(said)) == (0, 0), said


async def test_told_to_stop_at_random_moments_it_has_counted_each_article_once(place, folder):
    folder.jsonl("a.jsonl", 600, bad_every=20)
    chosen = random.Random(1)
    done = 0
    for _ in range(STOPS):
        async with place.replaying("set", "--rate", "400") as process:
            await place.events_or_end(chosen.randint(1, 100), process)
            await asyncio.sleep(chosen.uniform(0, 0.03))  # within a transaction
            process.send_signal(signal.SIGTERM)
            _, said = await process.communicate()
        assert process.returncode == 1, said
        assert b"it goes on where it was" in said
        done += counted(said.decode())
    code, said = await place.replay("set")
    assert code == 1, said
    assert done + counted(said) == len(folder.offered)
    assert (await place.judged(folder)).clean
