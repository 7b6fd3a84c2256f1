"""What an owner finds: all that any former owner committed to the state, up to the moment it fenced them."""

from contract.ledger import publish, restored

from worker.model import Record, Topic


def remembered(key, value):
    return Record(Topic.REPLAYS, key, value, (("h", b"1"),), 1_700_000_000_000, b"ledger")


async def newest(claim):
    return {record.key: record.value async for record in claim.restore()}


async def committed(broker, shard, *records):
    claim = await broker.claim(shard)
    await claim.commit(records)
    await claim.release()


async def test_a_new_shard_has_nothing_to_restore(broker, place):
    claim = await broker.claim(place.shard("ledger"))
    assert await newest(claim) == {}
    await claim.release()


async def test_what_every_former_owner_committed_is_there(broker, place):
    shard = place.shard("ledger")
    for number in range(3):
        await committed(broker, shard, remembered(b"%d" % number, b"v"))

    claim = await broker.claim(shard)
    assert await newest(claim) == {b"0": b"v", b"1": b"v", b"2": b"v"}
    await claim.release()


async def test_the_newest_value_of_a_key_comes_last_within_a_commit_too(broker, place):
    shard = place.shard("ledger")
    await committed(broker, shard, remembered(b"a", b"1"), remembered(b"b", b"1"), remembered(b"a", b"2"))
    await committed(broker, shard, remembered(b"b", b"2"))

    claim = await broker.claim(shard)
    assert await newest(claim) == {b"a": b"2", b"b": b"2"}
    await claim.release()


async def test_a_tombstone_stands_where_its_value_stood(broker, place):
    shard = place.shard("ledger")
    await committed(broker, shard, remembered(b"a", b"1"), remembered(b"b", b""))
    await committed(broker, shard, remembered(b"a", None))

    claim = await broker.claim(shard)
    found = await newest(claim)
    assert found.get(b"a") is None
    assert found[b"b"] == b""
    await claim.release()


async def test_what_is_committed_after_fencing_is_not_restored(broker, place):
    claim = await broker.claim(place.shard("ledger"))
    await committed(broker, place.shard("another"), remembered(b"late", b"v"))

    assert b"late" not in await newest(claim)
    await claim.release()


async def test_a_large_state_is_restored_whole(broker, place):
    shard = place.shard("ledger")
    await committed(broker, shard, *(remembered(b"%d" % number, bytes(2_000)) for number in range(5_000)))

    claim = await broker.claim(shard)
    assert len(await newest(claim)) == 5_000
    await claim.release()


async def test_an_owner_goes_on_where_the_last_one_stood(broker, place):
    shard = place.shard("ledger")
    assert await publish(broker, shard, [2, 3]) == 5
    assert await publish(broker, shard, [4]) == 9

    claim = await broker.claim(shard)
    assert await restored(claim, shard) == 9
    await claim.release()
