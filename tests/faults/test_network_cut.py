"""The network between a replay and its Kafka cut in every way, seen from the replay."""

import pytest
from faults.going_on import BEFORE, PACE, goes_on
from faults.running import until
from kafka.proxy import END_TXN

AWAY = "broker.away"


@pytest.fixture
def offered(folder):
    folder.jsonl("a.jsonl", 500, bad_every=20)
    return folder


async def test_connections_refused(behind, offered, proxy):
    await goes_on(behind, offered, proxy.refusing(), AWAY)


async def test_a_network_that_swallows_everything_both_ways(behind, offered, proxy):
    await goes_on(behind, offered, proxy.silent(), AWAY)


@pytest.mark.parametrize("reply", [True, False], ids=["its reply", "the request"])
async def test_the_end_of_a_transaction_lost_in_the_network(behind, offered, proxy, reply):
    async with behind.replaying("set", *PACE) as process:
        await behind.events(BEFORE)
        with proxy.losing(END_TXN, reply=reply):  # every one: aiokafka asks again, which is as good as an answer
            await until(process, AWAY)
        _, said = await process.communicate()
    assert process.returncode == 1, said
    assert (await behind.judged(offered)).clean
