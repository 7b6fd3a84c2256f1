"""Our partitions against those of Kafka's own class: a key's order holds only where all clients agree on its partition."""

import json
import random
import uuid
from pathlib import Path

from kafka.java import java

from worker import contract
from worker.broker.kafka.partitions import murmur2, partitions_of

PROGRAM = Path(__file__).with_name("Partitions.java")
KEYS = 5_000


def test_keys_are_placed_as_by_kafkas_own_class(kafka_found):
    chosen = random.Random(2)
    keys = [chosen.randbytes(length) for length in range(200)]  # each remainder of four, any last byte
    keys += [chosen.randbytes(chosen.randrange(1, 64)) for _ in range(KEYS)]
    keys += [str(uuid.UUID(int=chosen.getrandbits(128))).encode() for _ in range(KEYS)]
    placed = [(key, chosen.choice((1, 2, 12, 24, 1000))) for key in keys]
    theirs = java(kafka_found, PROGRAM, given="".join(f"{key.hex()} {count}\n" for key, count in placed))
    found = zip(murmur2(keys), partitions_of(keys, [count for _, count in placed]), strict=True)
    assert theirs.splitlines() == [f"{hashed} {partition}" for hashed, partition in found]


def test_the_vectors_say_what_kafkas_own_class_does(kafka_found):
    cases = json.loads((contract.schema_folder() / "vectors" / "partitions.json").read_text())["cases"]
    theirs = java(kafka_found, PROGRAM, given="".join(f"{case['key']} {case['count']}\n" for case in cases))
    assert [int(line.split()[1]) for line in theirs.splitlines()] == [case["partition"] for case in cases]
