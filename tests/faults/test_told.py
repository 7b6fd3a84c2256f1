"""What a command says of a broker that fails it, and of who no longer listens: on a real Kafka, from outside."""

import asyncio
import os

import aiohttp
from unit.cli.test_start import free_port


async def readyz(port, status, said=""):
    """Asked again and again, as whoever watches it does, until it answers with that status, and says so."""
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"http://127.0.0.1:{port}/readyz") as response:
                    if response.status == status and said in await response.text():
                        return
            except aiohttp.ClientConnectorError:
                pass  # it is not there yet
            await asyncio.sleep(0.05)


async def test_readyz_names_a_broker_that_was_frozen_later_and_is_well_once_it_goes_on(on_kafka, kafka_to_kill):
    port = free_port()
    async with on_kafka.running("run", "--jobs", "1", health_address=f"127.0.0.1:{port}", kafka_session_timeout_s=6):
        await readyz(port, 200)
        kafka_to_kill.freeze()
        await readyz(port, 503, f"Kafka at {kafka_to_kill.bootstrap} has not answered for ")
        kafka_to_kill.thaw()
        await readyz(port, 200)


async def test_a_quiet_tail_on_kafka_ends_as_soon_as_nobody_reads(on_kafka):
    reader, writer = os.pipe()
    async with on_kafka.running("tail", "articles", "--follow", "--from", "earliest", stdout=writer) as following:
        os.close(writer)
        (on_kafka.folder / "one.txt").write_text("The ferry is back.")
        assert (await on_kafka.replay("one.txt"))[0] == 0
        read = await asyncio.to_thread(os.read, reader, 1_000_000)
        assert b'"offset":' in read
        os.close(reader)
        assert await following.wait() == 0
