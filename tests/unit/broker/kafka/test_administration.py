"""Topics made while a cluster counts none of its brokers, or too few of them: waited for in the one case, refused in the other."""

from types import SimpleNamespace

import pytest
from aiokafka.errors import NodeNotReadyError

from worker.broker.kafka import administration as module
from worker.broker.kafka.administration import KafkaAdministration
from worker.broker.port import Layout
from worker.errors import BrokerAway, BrokerRefused
from worker.kafka.connection import Connection
from worker.kafka.options import KafkaOptions

ENOUGH, TOO_FEW = 0, 38  # the broker's codes
LAYOUT = Layout("news.articles.v1", 6, 3, {})


class Client:
    """A cluster that counts so many brokers, or can't be asked, and answers so when topics are to be made; the last for ever."""

    def __init__(self, counted, answers):
        self._counted, self._answers = list(counted), list(answers)
        self.made = 0

    async def describe_cluster(self):
        if isinstance(self._counted[0], Exception):
            raise self._counted.pop(0)
        count = self._counted.pop(0) if len(self._counted) > 1 else self._counted[0]
        return {"brokers": [{"node_id": number} for number in range(count)], "cluster_id": "c"}

    async def create_topics(self, topics):
        self.made += 1
        code = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return SimpleNamespace(
            topic_errors=[(one.name, code, "All brokers are fenced." if code else None) for one in topics]
        )


@pytest.fixture
def administering(monkeypatch):
    monkeypatch.setattr(module, "_PAUSE", 0.0)
    asked = []

    async def known_by(_client, broker, _names):
        asked.append(broker)
        return [{"error_code": 0}]

    def made(*counted, answers=(ENOUGH,)):
        client = Client(counted, answers)
        monkeypatch.setattr(module, "AIOKafkaAdminClient", lambda **_: client)
        return KafkaAdministration(Connection((("broker", 9092),), KafkaOptions()), ""), client, asked

    monkeypatch.setattr(module, "topics_as_known_by", known_by)
    return made


async def test_while_none_is_counted_nobody_has_heard_of_a_topic(administering):
    administration, _, asked = administering(0, 0, 3)
    await administration.create([LAYOUT])
    assert asked == [0, 1, 2]


async def test_a_broker_that_is_lost_but_still_counted_is_waited_for(administering):
    administration, _, asked = administering(NodeNotReadyError(), 3)
    await administration.create([LAYOUT])
    assert asked == [0, 1, 2]


async def test_copies_are_reckoned_by_brokers_that_are_counted(administering):
    administration, _, _ = administering(0, 2)
    assert {layout.replication for layout in (await administration.layouts()).values()} == {2}


async def test_a_cluster_that_has_the_brokers_but_takes_them_for_lost_is_asked_again(administering):
    administration, client, _ = administering(3, answers=(TOO_FEW, TOO_FEW, ENOUGH))
    await administration.create([LAYOUT])
    assert client.made == 3


async def test_one_that_has_too_few_refuses_at_once(administering):
    administration, client, _ = administering(2, answers=(TOO_FEW,))
    with pytest.raises(BrokerRefused, match="could not be made: All brokers are fenced"):
        await administration.create([LAYOUT])
    assert client.made == 1


@pytest.mark.parametrize(
    ("counted", "answers", "why"),
    [((0,), (ENOUGH,), "counts no broker"), ((3,), (TOO_FEW,), "could not be made: All brokers are fenced")],
)
async def test_what_is_missing_for_too_long_is_named(administering, monkeypatch, counted, answers, why):
    monkeypatch.setattr(module, "_SECONDS", 0.05)
    administration, _, _ = administering(*counted, answers=answers)
    with pytest.raises(BrokerAway, match=why):
        await administration.create([LAYOUT])
