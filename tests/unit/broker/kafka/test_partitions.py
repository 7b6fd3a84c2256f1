"""The partition of a key, held to vectors that Kafka's own class agrees with (tests/kafka/test_partitions.py)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker import contract
from worker.broker.kafka.partitions import murmur2, partition_of

VECTORS = json.loads((contract.schema_folder() / "vectors" / "partitions.json").read_text())["cases"]


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: case["why"])
def test_a_key_is_in_the_partition_that_the_vectors_say(case):
    assert partition_of(bytes.fromhex(case["key"]), case["count"]) == case["partition"]


@given(st.lists(st.binary(max_size=40) | st.uuids().map(lambda found: str(found).encode())))
def test_a_key_among_others_is_hashed_as_it_is_alone(keys):
    assert murmur2(keys) == [alone for key in keys for alone in murmur2([key])]
