"""A partition as the broker keeps it: records, undecided until their transactions are, and marks of these, each with its offset."""

from __future__ import annotations

from dataclasses import dataclass, field

from worker.broker.port import Stored


@dataclass(eq=False)
class Transaction:
    """`committed`: None as long as it is open."""

    producer: str
    committed: bool | None = None
    touched: dict[Partition, int] = field(default_factory=dict)  # where it has records, and the first of them

    def end(self, *, committed):
        """Everywhere at once; a mark takes an offset in each partition."""
        assert self.committed is None
        self.committed = committed
        for partition in self.touched:
            del partition.open[self]
            partition.next += 1


@dataclass(eq=False)
class Partition:
    """See above. `next`: the offset that comes next."""

    topic: str
    number: int
    compacted: bool
    records: list[tuple[Stored, Transaction | None, int]] = field(default_factory=list)
    open: dict[Transaction, int] = field(default_factory=dict)
    next: int = 0
    swept: int = 0  # how many records the last sweep has left

    def add(self, record, transaction, serial):
        """`serial`: of all that the broker is given, so that order over partitions is known to who judges."""
        stored = Stored(
            self.topic, self.number, self.next, record.timestamp, record.key, record.value, tuple(record.headers)
        )
        if transaction is not None and self not in transaction.touched:
            transaction.touched[self] = self.open[transaction] = self.next
        self.records.append((stored, transaction, serial))
        self.next += 1
        return stored

    @property
    def stable(self):
        """The end for who reads read_committed: behind it something is undecided."""
        return min(self.open.values(), default=self.next)

    @property
    def start(self):
        return self.records[0][0].offset if self.records else self.next

    def committed(self, start, end):
        """What a read_committed reader gets between two offsets, `end` being at most `stable`."""
        first = len(self.records)
        while first and self.records[first - 1][0].offset >= start:
            first -= 1
        return [
            stored
            for stored, transaction, _ in self.records[first:]
            if stored.offset < end and (transaction is None or transaction.committed)
        ]

    def sweep(self):
        """Now and then what was superseded goes, where that is kept no longer, and so does what was never committed.

        So often that most of what a restore reads was superseded; more of it would take time and show nothing else.
        """
        if not self.compacted or self.open or len(self.records) < 2 * self.swept + 50:
            return
        newest = {}
        for entry in self.records:
            if entry[1] is None or entry[1].committed:
                newest[entry[0].key] = entry
        self.records = sorted(newest.values(), key=lambda entry: entry[0].offset)
        self.swept = len(self.records)
