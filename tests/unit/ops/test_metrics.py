"""The metrics are those of their table, and so are the docs; their number doesn't grow with what feeds say."""

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from worker.model import Fate, FaultKind, Part, Standing, Totals
from worker.ops.metrics import PREFIX, TABLE, Metrics, Readers, resident

DOCS = Path(__file__).parents[3] / "docs" / "metrics.md"
READERS = Readers(running=2, idle=1, killed=3, bytes=5_000)


@pytest.fixture
def totals():
    return Totals(settled=True, standing={"shard/0": Standing(waits_for=None, sources=7, failing=2, late=1_500)})


def families(totals):
    text = Metrics(totals, lambda: READERS, lambda: 0.0).text().decode()
    return {family.name.removeprefix(PREFIX): family for family in text_string_to_metric_families(text)}


def value(totals, metric, **labels):
    found = families(totals)[metric]
    return next(s.value for s in found.samples if s.labels == labels and not s.name.endswith("_created"))


def test_the_metrics_are_those_of_the_table_in_kind_and_labels(totals):
    found = families(totals)
    assert found.keys() == {described.name for described in TABLE}
    for described in TABLE:
        family = found[described.name]
        assert family.type == described.kind
        assert family.documentation == described.meaning
        for sample in family.samples:
            assert sample.labels.keys() - {"le"} == set(described.labels)


def test_no_metric_has_more_series_than_the_table_says(totals):
    for described in TABLE:
        samples = [s for s in families(totals)[described.name].samples if not s.name.endswith("_created")]
        assert len(samples) <= described.most


def test_the_docs_have_the_table_as_it_is():
    rows = re.findall(
        r"^\| `news_worker_(\w+)` \| (\w+) \| ([^|]*) \| (\d+) \| (.*) \|$", DOCS.read_text(), re.MULTILINE
    )
    expected = [
        (d.name + ("_total" if d.kind == "counter" else ""), d.kind, ", ".join(d.labels), str(d.most), d.meaning)
        for d in TABLE
    ]
    assert [(name, kind, labels.strip(), most, meaning) for name, kind, labels, most, meaning in rows] == expected


def test_the_docs_have_every_event_of_the_logs():
    tree = Path(__file__).parents[3] / "worker"
    code = "".join(path.read_text() for path in tree.rglob("*.py"))
    said = set(re.findall(r"""log\.(?:debug|info|warning|error)\(\s*"([a-z_]+\.[a-z_]+)\"""", code))
    said |= set(re.findall(r"""\(log\.info if new else log\.debug\)\("([a-z_]+\.[a-z_]+)\"""", code))
    said |= {"shard.lost", "broker.away"}
    assert set(re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", DOCS.read_text(), re.MULTILINE)) == said


def test_what_was_committed_is_counted(totals):
    totals.adopt([Part("a", (), {Fate.CREATED: 2}, entries=2, dated=(1_000,))], 0.02, 61_000)
    totals.poll_faults[FaultKind.DNS] += 1
    assert value(totals, "entries") == 2
    assert value(totals, "entry_fates", fate="created") == 2
    assert value(totals, "poll_faults", kind="dns") == 1
    assert value(totals, "commit_seconds", le="0.025") == 1
    assert value(totals, "commit_seconds", le="0.01") == 0
    assert value(totals, "publication_to_commit_seconds", le="60.0") == 1


def test_shards_sources_and_readers_are_as_they_stand(totals):
    totals.standing["shard/1"] = Standing(sources=3, late=2_500)
    assert (value(totals, "shards", state="owned"), value(totals, "shards", state="waiting")) == (1, 1)
    assert (value(totals, "sources", state="all"), value(totals, "sources", state="failing")) == (10, 2)
    assert value(totals, "lateness_seconds") == 2.5
    assert (value(totals, "readers", state="busy"), value(totals, "readers", state="idle")) == (1, 1)
    assert value(totals, "readers_killed") == 3
    assert value(totals, "memory_bytes", process="readers") == 5_000


def test_ready_is_what_readyz_says_from_the_start_on(totals):
    assert value(Totals(), "ready") == 0
    assert value(totals, "ready") == 1
    totals.standing["shard/0"].waits_for = "Kafka does not answer in time"
    assert value(totals, "ready") == 0


def test_who_asks_again_within_a_second_is_given_the_same_and_costs_nothing(totals):
    now, asked = [100.0], []
    metrics = Metrics(totals, lambda: asked.append(now[0]) or READERS, lambda: now[0])
    first = metrics.text()
    totals.commits = 7
    now[0] = 100.9
    assert [metrics.text() for _ in range(10)] == [first] * 10
    now[0] = 101.0
    assert b"news_worker_commits_total 7.0" in metrics.text()
    assert asked == [100.0, 101.0]


def test_the_memory_of_a_process_that_is_no_more_is_none():
    assert resident(2**22 + 1) == 0
