"""The partition of a key, held to vectors that Kafka's own class agrees with (tests/kafka/test_partitions.py)."""

import json

import pytest

from worker import contract
from worker.broker.kafka.partitions import partition_of

VECTORS = json.loads((contract.schema_folder() / "vectors" / "partitions.json").read_text())["cases"]


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: case["why"])
def test_a_key_is_in_the_partition_that_the_vectors_say(case):
    assert partition_of(bytes.fromhex(case["key"]), case["count"]) == case["partition"]
