"""What is remembered of a source that has shown no entry yet."""

from worker.core.feeds import ShardMemory, faulted
from worker.model import Definition, Fault, FaultKind

DEFINITION = Definition("gazette", "https://news.example/feed", "news.example", 5)


def test_a_source_that_is_gone_before_it_showed_an_entry_stays_gone_over_a_restart():
    before, after = ShardMemory("first"), ShardMemory("second")
    before.restored()
    before.define(DEFINITION)
    list(faulted(DEFINITION, before, Fault(FaultKind.GONE, "answers 410", 410), 9))
    assert before.head("gazette").gone

    for record in before.records(9):
        after.absorb(record.key, record.value)
    after.restored()
    assert after.head("gazette").gone
