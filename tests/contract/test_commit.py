"""What a commit promises: all or nothing, by the owner alone, in order, and just the bytes that were given."""

import asyncio

import pytest
from contract.ledger import NOW, events, publish, read, restored, state, together

from worker.errors import ClaimLost, RecordRefused
from worker.model import Record, Topic


@pytest.fixture
async def claims(broker, place):
    """Claims of a shard by its name, given back at the end."""
    made = []

    async def claim(name="ledger"):
        made.append(await broker.claim(place.shard(name)))
        return made[-1]

    yield claim
    for claim in made:
        await claim.release()


def article(key=b"k", value=b"v", headers=(), timestamp=NOW):
    return Record(Topic.ARTICLES, key, value, headers, timestamp, b"site")


async def stored(broker, topic=Topic.ARTICLES, **where):
    return [record async for record in broker.read(topic, **where)]


async def test_records_of_several_topics_become_visible_together(broker, place, claims):
    claim = await claims()
    await together(claim, events(0, 1_000), state(place.shard("ledger"), 1_000))

    assert len(await read(broker)) == 1_000
    assert [record.value for record in await stored(broker, Topic.REPLAYS)] == [b"1000"]


async def test_an_empty_commit_is_a_commit(broker, claims):
    claim = await claims()
    await claim.commit([])
    await claim.commit([article()])

    assert len(await read(broker)) == 1


async def test_order_is_that_of_the_commits_and_within_them(broker, claims):
    claim = await claims()
    numbers = iter(range(2_000))
    for size in (1, 999, 3, 600, 397):
        await claim.commit([article(value=b"%d" % next(numbers)) for _ in range(size)])

    got = await stored(broker)
    assert [record.value for record in got] == [b"%d" % number for number in range(2_000)]
    assert [record.offset for record in got] == sorted({record.offset for record in got})


@pytest.mark.parametrize("value", [None, b"", b"\x00\xff", "Ключ".encode()])
async def test_values_come_back_as_they_were_given(broker, claims, value):
    claim = await claims()
    await claim.commit([article(value=value)])

    assert [record.value for record in await stored(broker)] == [value]


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("ce_id", b""),),
        (("twice", b"1"), ("twice", b"2"), ("a", b"\x00\xff\xfe")),
        (("naïve ключ", bytes(range(256))),) * 30,
    ],
)
async def test_headers_come_back_in_order_and_byte_for_byte(broker, claims, headers):
    claim = await claims()
    await claim.commit([article(headers=headers, key=b"\x00\xff", timestamp=NOW - 12_345)])

    (record,) = await stored(broker)
    assert (record.headers, record.key, record.timestamp) == (headers, b"\x00\xff", NOW - 12_345)


async def test_a_former_owner_can_not_commit_even_if_it_did_before(broker, place, claims):
    former = await claims()
    await together(former, events(0, 2), state(place.shard("ledger"), 2))
    await claims()

    with pytest.raises(ClaimLost):
        await together(former, events(2, 4), state(place.shard("ledger"), 4))
    assert len(await read(broker)) == 2


async def test_a_worker_elsewhere_fences_as_well(broker, place, claims):
    former = await claims()
    async with place.connect() as elsewhere:
        latter = await elsewhere.claim(place.shard("ledger"))
        with pytest.raises(ClaimLost):
            await former.commit([article()])
        await latter.commit([article()])
        await latter.release()

    assert len(await read(broker)) == 1


async def test_shards_live_side_by_side(broker, place, claims):
    await asyncio.gather(*(publish(broker, place.shard(name), [1] * 20) for name in ("left", "right")))

    assert len(await read(broker)) == 40
    await claims("left")
    assert await restored(broker, place.shard("left")) == 20


async def test_a_record_too_large_leaves_nothing_of_its_commit(broker, claims):
    most = broker.max_record_bytes(Topic.ARTICLES)
    claim = await claims()
    with pytest.raises(RecordRefused):
        await claim.commit([article(), article(key=b"k", value=bytes(most)), article()])
    assert await read(broker) == []

    again = await claims()
    await again.commit([article(key=b"k", value=bytes(most - 1))])
    assert len(await read(broker)) == 1


async def test_a_commit_cancelled_is_whole_or_absent_and_the_shard_can_be_claimed_anew(broker, place, claims):
    claim = await claims()
    committing = asyncio.create_task(together(claim, events(0, 5_000), state(place.shard("ledger"), 5_000)))
    await asyncio.sleep(0)  # lets it begin
    committing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await committing
    await claim.release()

    await claims()
    reached = await restored(broker, place.shard("ledger"))
    assert len(await read(broker)) == reached
    assert reached in {0, 5_000}
