"""The worker with something planted in it on Kafka: a signal to itself at one point of a transaction, or a bug.

`planted.py PLANT,… replay …`: PLANT is POINT:SIGNAL:TRANSACTION, counted from the claim's own, 1, or the name of a bug, or
ahead:FILE, a clock that is two hours ahead while there is such a file.
"""

import os
import sys
import time
import uuid
from collections.abc import Iterable
from pathlib import Path
from signal import SIGKILL, Signals

from aiokafka import AIOKafkaProducer
from aiokafka.producer.sender import EndTxnHandler

from worker.broker.kafka import broker, consumers
from worker.broker.kafka.ends import Ends
from worker.cli.main import run

POINTS = ("begun", "some sent", "all sent", "ending", "ended")
TWO_HOURS = 2 * 60 * 60 * 10**9  # a broker as it comes takes one
BUGS = ("unfenced", "short restore")


def at(point: str, number: int, signal: Signals = SIGKILL) -> str:
    """The plant that sends it the signal in the transaction of this number."""
    assert point in POINTS
    return f"{point}:{signal.name}:{number}"


def planted(*plants: str) -> tuple[str, str]:
    """The program that `Place.replaying` runs."""
    return __file__, ",".join(plants)


class Signalled(AIOKafkaProducer):
    """A producer that sends its process a signal. The count is the process's: a claim has a producer of its own."""

    transactions = 0
    sent = 0
    wanted: tuple[str, Signals, int] | None = None

    @classmethod
    def reached(cls, point: str) -> None:
        if cls.wanted and (point, cls.transactions) == (cls.wanted[0], cls.wanted[2]):
            signal, cls.wanted = cls.wanted[1], None
            os.kill(os.getpid(), signal)

    async def begin_transaction(self):
        await super().begin_transaction()
        Signalled.transactions += 1
        Signalled.sent = 0
        self.reached("begun")

    async def send_batch(self, *arguments, **named):
        future = await super().send_batch(*arguments, **named)
        Signalled.sent += 1
        if self.wanted and self.wanted[0] == "some sent" and self.sent == 1:
            await future  # acknowledged: it lies in the log, of a transaction that is open
            self.reached("some sent")
        return future

    async def commit_transaction(self):
        self.reached("all sent")
        await super().commit_transaction()


class Unfenced(Signalled):
    """The bug: a name of its own for each producer, so that no owner fences the one before."""

    def __init__(self, *, transactional_id, **named):
        super().__init__(transactional_id=f"{transactional_id}-{uuid.uuid4()}", **named)


def plant(plants: Iterable[str]) -> None:
    broker.AIOKafkaProducer = Signalled
    for name in plants:
        if name == "unfenced":
            broker.AIOKafkaProducer = Unfenced
        elif name == "short restore":
            _restore_to_the_read_committed_end()
        elif name.startswith("ahead:"):
            _two_hours_ahead_while(Path(name.removeprefix("ahead:")))
        else:
            point, signal, number = name.split(":")
            Signalled.wanted = point, Signals[signal], int(number)
            _signal_around_the_end()


def _signal_around_the_end() -> None:
    made, handled = EndTxnHandler.create_request, EndTxnHandler.handle_response

    def create_request(self):
        Signalled.reached("ending")  # nothing of it is written yet
        return made(self)

    def handle_response(self, response):
        Signalled.reached("ended")  # the broker has said what became of it
        return handled(self, response)

    EndTxnHandler.create_request, EndTxnHandler.handle_response = create_request, handle_response


def _two_hours_ahead_while(mark: Path) -> None:
    right = time.time_ns
    time.time_ns = lambda: right() + mark.exists() * TWO_HOURS


def _restore_to_the_read_committed_end() -> None:
    made = consumers._consumer
    consumers._consumer = lambda connection, partitions, _isolation: made(connection, partitions, "read_committed")
    Ends.check = lambda *_: None  # else a worker that itself had come further would notice


if __name__ == "__main__":
    plant(sys.argv[1].split(","))
    sys.exit(run(sys.argv[2:]))
