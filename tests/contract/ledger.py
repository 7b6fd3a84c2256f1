"""A worker as small as can be that still needs all that a broker promises: it counts up and publishes each number.

What it offers is known beforehand (`offer`), so whatever happens to it, the oracle can judge what came out. Run as a
program (`ledger.py URL PREFIX SHARD TRANSACTIONS SEED`) it says `claimed N`, then `committed N` after each commit.
"""

import asyncio
import random
import sys
import time
from collections.abc import Awaitable, Callable, Sequence

from contract.oracle import Entry

from worker.broker.connect import connect
from worker.broker.port import Broker, Claim, Shard
from worker.kafka.options import KafkaOptions
from worker.model import Record, Topic

NOW = time.time_ns() // 1_000_000  # records of other years would be removed at once: retention goes by their time
KEYS = 5  # few, so that order within a key is put to the test
Commit = Callable[[Claim, Sequence[Record], Record], Awaitable[None]]


def offer(until: int) -> list[Entry]:
    return [(b"article %d" % (number % KEYS), b"%d" % number) for number in range(until)]


def events(first: int, end: int) -> list[Record]:
    return [
        Record(Topic.ARTICLES, b"article %d" % (number % KEYS), b"%d" % number, (("n", b"1"),), NOW + number, b"site")
        for number in range(first, end)
    ]


def state(shard: Shard, position: int) -> Record:
    return Record(shard.state, b"position of " + shard.partition_by, b"%d" % position, (), NOW, shard.partition_by)


async def restored(broker: Broker, shard: Shard) -> int:
    position = 0
    async for _, record in broker.restore([shard]):
        if record.key == b"position of " + shard.partition_by:
            position = int(record.value or b"0")
    return position


async def together(claim: Claim, published: Sequence[Record], remembered: Record) -> None:
    await claim.commit([*published, remembered])


async def publish(
    broker: Broker, shard: Shard, sizes: Sequence[int], *, commit: Commit = together, say: Callable[[str], object] = len
) -> int:
    """Claim, restore, and publish in transactions of the given sizes from where it stood; the position reached."""
    claim = await broker.claim(shard)
    try:
        position = await restored(broker, shard)
        say(f"claimed {position}")
        for size in sizes:
            await commit(claim, events(position, position + size), state(shard, position + size))
            position += size
            say(f"committed {position}")
        return position
    finally:
        await claim.release()


async def read(broker: Broker) -> list[Entry]:
    return [(record.key, record.value) async for record in broker.read(Topic.ARTICLES)]


def tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def main(url: str, prefix: str, name: str, transactions: int, seed: int) -> None:
    chosen = random.Random(seed)
    sizes = [chosen.choice((1, 2, 10, 200)) for _ in range(transactions)]
    async with connect(url, prefix=prefix, create=True, kafka=KafkaOptions(partitions=3, replication=1)) as broker:
        shard = Shard(name, Topic.REPLAYS, b"ledger")
        await publish(broker, shard, sizes, say=tell)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4], int(sys.argv[4]), int(sys.argv[5])))
