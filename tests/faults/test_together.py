"""Everything at once on Kafka, in small: what `make soak` does at length (soak_together.py), and that its oracle sees a bug.

`NEWS_SEED` sets the moments; a failure names the seed.
"""

import os
import random

import pytest
from faults.conftest import made
from faults.planted_polls import planted
from faults.together import Scale, together

SEED = int(os.environ.get("NEWS_SEED", "1"))
PARTITIONS = 4
SMALL = {"workers": 2, "shares": 2, "sites": 2, "each": 2, "stages": 1}


@pytest.fixture
async def place(kafka, tmp_path):
    return await made(tmp_path, f"kafka://{kafka.bootstrap}", partitions=PARTITIONS, hangs=300)


async def test_feeds_replays_an_upstream_topic_and_commands_while_all_of_them_are_killed(
    kafka_to_kill, place, tmp_path
):
    scale = Scale(2000, kills=3, broker_kills=1, freeze_every=0, commands=5, **SMALL)
    async with together(scale, place, kafka_to_kill, random.Random(SEED), tmp_path / "feeds") as everything:
        await everything.fury()
        await everything.replaying  # then what was replayed may be forgotten, too
        everything.asking.begin(2, {"forget": 1})
        outcome = await everything.judged(await everything.calm())
    assert (outcome.verdict.clean, outcome.wrong) == (True, []), f"NEWS_SEED={SEED}: {outcome.verdict}"
    assert outcome.events > scale.events
    assert everything.done.brokers == 1
    assert everything.asking.forgotten


async def test_planted_marks_of_what_is_forgotten_that_nobody_heeds_are_found(kafka, place, tmp_path):
    scale = Scale(400, kills=0, broker_kills=0, **{**SMALL, "workers": 1})
    program = planted("unmarked")
    async with together(scale, place, kafka, random.Random(SEED), tmp_path / "feeds", program=program) as everything:
        await everything.upstream.send(200)
        await place.events_in_all(250)
        everything.asking.begin(3, {"forget": 1})
        await everything.asking.end()
        await everything.upstream.send(200)
        outcome = await everything.judged(await everything.calm())
    assert any("is forgotten" in one for one in outcome.wrong), (outcome, everything.asking.came_to)
