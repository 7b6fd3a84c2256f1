"""The table of the topics, against what the contract says of each."""

import pytest

from worker.broker.topics import SETTINGS, name
from worker.model import Topic

DAY = 86_400_000


def test_every_topic_of_the_contract_is_set():
    assert set(SETTINGS) == set(Topic)


@pytest.mark.parametrize(
    ("topic", "policy", "retention"),
    [
        (Topic.ARTICLES, "compact,delete", 90 * DAY),
        (Topic.REJECTS, "delete", 30 * DAY),
        (Topic.SOURCES, "compact", None),
        (Topic.CHECKPOINTS, "compact", None),
        (Topic.INBOX, "delete", 7 * DAY),
        (Topic.REPLAYS, "compact", None),
    ],
)
def test_clean_up_is_as_the_contract_says(topic, policy, retention):
    assert SETTINGS[topic]["cleanup.policy"] == policy
    assert SETTINGS[topic].get("retention.ms") == (None if retention is None else str(retention))


def test_a_live_reader_has_seven_days_to_see_every_version():
    assert SETTINGS[Topic.ARTICLES]["min.compaction.lag.ms"] == str(7 * DAY)


def test_the_longest_prefix_still_makes_a_name_that_kafka_takes():
    assert all(len(name(topic, "x" * 200)) <= 249 for topic in Topic)
