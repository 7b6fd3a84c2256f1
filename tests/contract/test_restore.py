"""What an owner finds: all that any former owner committed to the state, up to the moment it fenced them."""

import asyncio

from contract.ledger import NOW, publish, restored, state

from worker.model import Record, Topic


def remembered(key, value):
    return Record(Topic.REPLAYS, key, value, (("h", b"1"),), NOW, b"ledger")


async def newest(broker, shard):
    return {record.key: record.value async for _, record in broker.restore([shard])}


async def committed(broker, shard, *records):
    claim = await broker.claim(shard)
    await claim.commit(records)
    await claim.release()


async def test_a_new_shard_has_nothing_to_restore(broker, place):
    shard = place.shard("ledger")
    claim = await broker.claim(shard)
    assert await newest(broker, shard) == {}
    await claim.release()


async def test_what_every_former_owner_committed_is_there(broker, place):
    shard = place.shard("ledger")
    for number in range(3):
        await committed(broker, shard, remembered(b"%d" % number, b"v"))

    claim = await broker.claim(shard)
    assert await newest(broker, shard) == {b"0": b"v", b"1": b"v", b"2": b"v"}
    await claim.release()


async def test_the_newest_value_of_a_key_comes_last_within_a_commit_too(broker, place):
    shard = place.shard("ledger")
    await committed(broker, shard, remembered(b"a", b"1"), remembered(b"b", b"1"), remembered(b"a", b"2"))
    await committed(broker, shard, remembered(b"b", b"2"))

    claim = await broker.claim(shard)
    assert await newest(broker, shard) == {b"a": b"2", b"b": b"2"}
    await claim.release()


async def test_a_tombstone_stands_where_its_value_stood(broker, place):
    shard = place.shard("ledger")
    await committed(broker, shard, remembered(b"a", b"1"), remembered(b"b", b""))
    await committed(broker, shard, remembered(b"a", None))

    claim = await broker.claim(shard)
    found = await newest(broker, shard)
    assert found.get(b"a") is None
    assert found[b"b"] == b""
    await claim.release()


async def test_many_claims_are_restored_at_once_each_with_what_its_partition_holds(broker, place):
    names = [f"shard {number}" for number in range(8)]
    for name in names:
        await publish(broker, place.shard(name), [len(name)])

    claims = [await broker.claim(place.shard(name)) for name in names]
    found = {name: {} for name in names}
    async for shard, record in broker.restore([place.shard(name) for name in names]):
        found[shard.partition_by.decode()][record.key] = record.value
    for name, claim in zip(names, claims, strict=True):
        assert found[name][state(place.shard(name), 0).key] == b"%d" % len(name)
        await claim.release()


async def test_another_shard_that_commits_meanwhile_does_not_keep_a_restore_from_its_end(broker, place):
    await publish(broker, place.shard("ledger"), [3])
    async with asyncio.TaskGroup() as tasks:
        other = tasks.create_task(publish(broker, place.shard("another"), [1] * 50))
        shard = place.shard("ledger")
        claim = await broker.claim(shard)
        assert await restored(broker, shard) == 3
        await claim.release()
    assert other.result() == 50


async def test_a_large_state_is_restored_whole(broker, place):
    shard = place.shard("ledger")
    await committed(broker, shard, *(remembered(b"%d" % number, bytes(2_000)) for number in range(5_000)))

    claim = await broker.claim(shard)
    assert len(await newest(broker, shard)) == 5_000
    await claim.release()


async def test_an_owner_goes_on_where_the_last_one_stood(broker, place):
    shard = place.shard("ledger")
    assert await publish(broker, shard, [2, 3]) == 5
    assert await publish(broker, shard, [4]) == 9

    claim = await broker.claim(shard)
    assert await restored(broker, shard) == 9
    await claim.release()
