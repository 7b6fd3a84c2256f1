"""The feed server itself: documents that parse, validators that hold, a ledger that says what was shown before it is sent."""

import asyncio

import aiohttp
import feedparser
import orjson
import pytest
from feeds.feed import Plan
from feeds.oracle import MARK
from feeds.serving import serving, sites

from worker.core.read import read
from worker.model import Article, Document, Format, Rejection, Source, Withdrawal

LIMIT = 1_048_588
SOURCE = Source("dataset:d", "dataset", "dataset:d")


@pytest.fixture
def served(tmp_path):
    plans = [*sites(3, entries=5), Plan("json", "127.0.9.1", "json", "modified", entries=5)]
    with serving(tmp_path / "feeds", [*plans, Plan("bare", "127.0.9.1", "rss", "none", entries=5)]) as server:
        yield server


async def fetched(server, name, **headers):
    async with aiohttp.ClientSession() as session, session.get(server.url(name), headers=headers) as answer:
        return answer.status, answer.headers, await answer.read()


@pytest.mark.parametrize("name", ["f0", "f1", "json"])
async def test_a_document_holds_its_entries_whole_and_differs_from_every_other(served, name):
    _, headers, body = await fetched(served, name)
    if name == "json":
        assert len(orjson.loads(body)["items"]) == 5
    else:
        assert len(feedparser.parse(body).entries) == 5
        reading = read(Document(SOURCE, "f", Format.FEED, body, 0, -1, 0, 1), LIMIT)
        assert all(isinstance(item, Article) for item in reading.items)
    assert {found["number"] for found in MARK.finditer(body.decode())} == {"1", "2", "3", "4", "5"}
    assert headers["Content-Type"].startswith("application/")


async def test_its_own_validators_get_304_and_prove_the_document_until_it_changes(served):
    _, headers, _ = await fetched(served, "f0")
    status, _, body = await fetched(served, "f0", **{"If-None-Match": headers["ETag"]})
    assert (status, body) == (304, b"")
    served.change("edit", "f0")
    status, later, _ = await fetched(served, "f0", **{"If-None-Match": headers["ETag"]})
    assert status == 200
    assert later["ETag"] != headers["ETag"]
    assert [set(line) for line in served.ledger] == [{"shown", "states"}, {"proven"}, {"shown", "states"}]
    assert [asked.status for asked in served.requests] == [200, 304, 200]


async def test_a_publisher_who_reverts_has_the_old_validators_too(served):
    _, headers, body = await fetched(served, "f0")
    served.change("add", "f0", 2)
    await fetched(served, "f0")
    served.revert("f0")
    assert (await fetched(served, "f0"))[2] == body
    assert (await fetched(served, "f0", **{"If-None-Match": headers["ETag"]}))[0] == 304


async def test_a_date_alone_is_a_validator_where_nothing_else_is_given_and_none_is_none(served):
    _, headers, _ = await fetched(served, "json")
    assert "ETag" not in headers
    assert (await fetched(served, "json", **{"If-Modified-Since": headers["Last-Modified"]}))[0] == 304
    _, headers, body = await fetched(served, "bare")
    assert not {"ETag", "Last-Modified"} & set(headers)
    assert (await fetched(served, "bare"))[2] == body


async def test_what_is_deleted_is_told_and_not_shown(served):
    served.change("delete", "f1")
    _, _, body = await fetched(served, "f1")
    reading = read(Document(SOURCE, "f", Format.FEED, body, 0, -1, 0, 1), LIMIT)
    assert sorted(type(item).__name__ for item in reading.items) == sorted(
        [Withdrawal.__name__, *[Article.__name__] * 4]
    )
    assert sorted(served.ledger[-1]["states"].values()) == ["1"] * 4 + ["withdrawn"]


async def test_it_goes_on_by_itself_only_once_what_it_shows_was_proven(tmp_path):
    with serving(tmp_path / "feeds", sites(1, entries=3, moves=2)) as server:
        seen = {(await fetched(server, "f0"))[1]["ETag"] for _ in range(3)}
        assert len(seen) == 1
        for _ in range(3):
            _, headers, _ = await fetched(server, "f0")
            assert server.restless == ["f0"]
            await fetched(server, "f0", **{"If-None-Match": headers["ETag"]})
            seen.add(headers["ETag"])
        assert len(seen) == 3
        assert server.restless == []


async def test_requests_are_written_down_with_their_time_so_that_two_at_once_are_seen(tmp_path):
    shared = [Plan(name, "127.0.9.2", entries=1, slow=0.05) for name in ("a", "b")]
    with serving(tmp_path / "feeds", shared) as server:
        await asyncio.gather(fetched(server, "a"), fetched(server, "b"))
        one, two = server.requests
    assert one.begun < two.ended
    assert two.begun < one.ended


async def test_a_feed_of_two_names_goes_on_once_it_was_taken_in_under_both(tmp_path):
    with serving(tmp_path / "feeds", sites(1, entries=3, moves=1, twins=["twin"])) as server:
        (_, headers, body), (_, _, same) = await fetched(server, "f0"), await fetched(server, "twin")
        assert same == body
        for name, changed in (("f0", False), ("f0", False), ("twin", True)):
            await fetched(server, name, **{"If-None-Match": headers["ETag"]})
            assert ((await fetched(server, "f0"))[2] != body) is changed


async def test_an_entry_that_is_empty_is_rejected_with_its_mark_until_it_is_edited(tmp_path):
    with serving(tmp_path / "feeds", [Plan("a", "127.0.9.3", entries=1, empty_every=1)]) as server:
        for wanted in (Rejection, Article):
            _, _, body = await fetched(server, "a")
            (item,) = read(Document(SOURCE, "f", Format.FEED, body, 0, -1, 0, 1), LIMIT).items
            assert isinstance(item, wanted)
            assert MARK.search(body.decode())
            server.change("edit", "a")
