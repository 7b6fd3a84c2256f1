"""An article of a topic that was taken down is kept out of each shard, whichever share of its topic falls to it."""

from dataclasses import asdict

from worker.core import identity
from worker.core.feeds import ShardMemory
from worker.core.feeds.commands import Asked, carried_out
from worker.core.feeds.entry import hashed
from worker.core.feeds.inbox import Command, State
from worker.core.takedown import Published
from worker.model import Mode

NOW = 1_700_000_000_000
ARTICLE = identity.article_id("topic:desk", "id", "7")
SOURCE = {"id": "desk-0-2", "kind": "topic", "site": "topic:desk/0/2"}
TAKEN_DOWN = Published(ARTICLE, 1, "a" * 32, False, SOURCE, Mode.LIVE, "7", None, None, "https://a.example/7", "A")


def asked(memory, said):
    return carried_out(Asked(Command("c", "keep_out", "desk-0-2", said), memory, NOW, 5))


def restored(*records):
    memory = ShardMemory("token")
    for record in records:
        memory.absorb(record.key, record.value)
    memory.restored()
    return memory


def test_it_is_marked_once_in_the_partition_of_the_shard_that_is_asked_and_stays_so():
    memory = restored()
    answers = [asked(memory, {"article": asdict(TAKEN_DOWN)}) for _ in range(2)]
    assert [one.state for one in answers] == [State.DONE] * 2
    assert [one.part for one in answers] == [None, None]
    assert "as before" in answers[1].message
    (mark,) = memory.records(NOW)
    assert mark.partition_by == 5
    assert restored(mark).forgot(identity.binary(ARTICLE), b"")
    assert memory.records(NOW) == []


def test_it_is_kept_out_by_its_link_too_as_another_share_may_know_it_under_another_id():
    memory = restored()
    asked(memory, {"article": asdict(TAKEN_DOWN)})
    for again in (memory, restored(*memory.records(NOW))):
        other = identity.binary(identity.article_id("topic:desk", "id", "8"))
        assert again.forgot(other, hashed(("link", TAKEN_DOWN.compared_link())))
        assert not again.forgot(other, hashed(("link", "a.example/8")))


def test_one_that_names_no_article_is_refused():
    assert asked(restored(), {"article": {"article_id": "none"}}).state is State.REFUSED
