"""Batches are compressed by ours and read by anybody's."""

import zstandard
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from worker.kafka import adapter

ZSTD = 4
VALUES = [b"A river rose in the night." * 100, b"", b"x"]


def built():
    builder = BatchBuilder(1_000_000, ZSTD, is_transactional=True)
    for number, value in enumerate(VALUES):
        builder.append(timestamp=number, key=b"key", value=value, headers=[("name", b"value")])
    builder.close()
    return bytes(builder._build())


def test_a_batch_is_compressed_by_the_compressor_that_is_kept(monkeypatch):
    used = []
    monkeypatch.setattr(
        adapter, "_COMPRESSOR", type("Seen", (), {"compress": lambda _, data: used.append(data) or b""})()
    )
    built()
    assert len(used) == 1


def test_aiokafka_and_plain_zstd_read_it_back():
    batch = built()
    records = MemoryRecords(batch)
    assert [record.value for record in records.next_batch()] == VALUES
    assert len(zstandard.ZstdDecompressor().decompress(batch[61:])) > len(VALUES[0])
