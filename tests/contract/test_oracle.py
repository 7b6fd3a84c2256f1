"""The oracle itself: each thing that can go wrong turns it red, and so do the bugs it is there for."""

import pytest
from contract.ledger import events, offer, publish, read, state, together
from contract.oracle import Verdict, judge

from worker.errors import ClaimLost
from worker.model import Topic

OFFERED = [("a", 1), ("b", 1), ("a", 2)]


def test_the_same_again_is_clean():
    assert judge(OFFERED, OFFERED).clean


def test_keys_may_be_read_in_any_order_among_each_other():
    assert judge(OFFERED, [("b", 1), ("a", 1), ("a", 2)]).clean


@pytest.mark.parametrize(
    ("got", "verdict"),
    [
        ([("a", 1), ("b", 1)], Verdict(lost=(("a", 2),))),
        ([*OFFERED, ("b", 1)], Verdict(twice=(("b", 1),))),
        ([*OFFERED, ("c", 1)], Verdict(invented=(("c", 1),))),
        ([("a", 2), ("b", 1), ("a", 1)], Verdict(out_of_order=("a",))),
    ],
)
def test_what_went_wrong_is_told_apart(got, verdict):
    assert judge(OFFERED, got) == verdict


async def test_planted_state_committed_apart_from_its_events_is_found(broker, place):
    class Killed(Exception):
        pass

    async def apart(claim, published, remembered):
        await claim.commit(published)
        raise Killed

    with pytest.raises(Killed):
        await publish(broker, place.shard("ledger"), [3], commit=apart)
    reached = await publish(broker, place.shard("ledger"), [3])

    assert judge(offer(reached), await read(broker)).twice


async def test_planted_former_owner_not_fenced_is_found(broker, place):
    unfenced = place.shard("ledger"), place.shard("ledger of another name")
    former, latter = [await broker.claim(shard) for shard in unfenced]
    await together(former, events(0, 3), state(unfenced[0], 3))
    await together(latter, events(0, 3), state(unfenced[0], 3))

    assert judge(offer(3), await read(broker)).twice
    await former.release()
    await latter.release()


async def test_a_former_owner_fenced_leaves_nothing_for_the_oracle(broker, place):
    shard = place.shard("ledger")
    former, latter = await broker.claim(shard), await broker.claim(shard)
    await together(latter, events(0, 3), state(shard, 3))
    with pytest.raises(ClaimLost):
        await together(former, events(0, 3), state(shard, 3))

    assert judge(offer(3), await read(broker)).clean
    assert [record.value async for record in broker.read(Topic.REPLAYS)] == [b"3"]
    await former.release()
    await latter.release()
