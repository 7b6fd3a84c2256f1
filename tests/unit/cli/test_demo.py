"""The feed that the demo polls, and what its second half says of each entry."""

import json

import aiohttp
from feedparser import parse

from worker.broker.port import Stored
from worker.cli.demo_feed import document, samples, served
from worker.cli.demo_polls import rows


def test_the_evenings_feed_differs_from_the_mornings_by_just_what_it_says():
    morning, evening = ({entry.title: entry for entry in parse(document(changed=it)).entries} for it in (False, True))
    shown = {entry.title: entry.change for entry in samples()}
    assert {title for title, change in shown.items() if change == "new"} == set(evening) - set(morning)
    assert {title for title, change in shown.items() if change.startswith("withdrawn")} == set(morning) - set(evening)
    both = set(morning) & set(evening)
    assert {title for title in both if morning[title].content != evening[title].content} == of(shown, "edited")
    assert {title for title in both if morning[title].id != evening[title].id} == of(shown, "its guid drifted")
    assert len(both) >= 6


async def test_whoever_has_the_feed_as_it_is_gets_304():
    async with served(changed=False) as feed, aiohttp.ClientSession() as session:
        async with session.get(feed.url) as answer:
            first = answer.headers["ETag"]
            assert await answer.read() == document(changed=False)
        async with session.get(feed.url, headers={"If-None-Match": first}) as answer:
            assert answer.status == 304
        feed.changed = True
        async with session.get(feed.url, headers={"If-None-Match": first}) as answer:
            assert await answer.read() == document(changed=True)


def test_each_entry_is_set_against_what_the_events_tell_of_it():
    before = [event(sample.slug, "created", 1, sample.title) for sample in samples() if sample.change != "new"]
    since = [
        event("bibliotheek", "updated", 2, "Bibliotheek leent voortaan ook gereedschap uit"),
        event("pont", "withdrawn", 2, None),
        event("eclipse", "created", 1, "Clouds promised for the eclipse, and an orchestra"),
    ]
    told = {headline: (change, fate) for change, fate, headline in rows(before, since)}
    assert told["The night ferry will stop for anyone who waves"] == ("nothing", "unchanged")
    assert told["Bibliotheek leent voortaan ook gereedschap uit"] == ("edited", "updated, version 2")
    assert told["Le pont tournant tourne de nouveau"] == ("withdrawn (at:deleted-entry)", "withdrawn, version 2")
    assert told["Трамвай номер сім знайшли в депо"] == ("its guid drifted", "unchanged")
    assert told["Clouds promised for the eclipse, and an orchestra"] == ("new", "created, version 1")


def test_an_entry_that_never_arrived_is_not_called_unchanged():
    assert {fate for _, fate, _ in rows([], [])} == {"not there"}


def test_the_whole_demo_shows_each_fate_and_run_again_finds_all_of_it_there(call, tmp_path):
    folder = str(tmp_path / "demo")
    first = call("demo", "--folder", folder)
    assert first.code == 0, first.error
    fates = {
        line.split("\t")[1] for line in first.out.splitlines() if line.endswith(tuple(one.title for one in samples()))
    }
    assert {"created, version 1", "updated, version 2", "withdrawn, version 2", "unchanged"} <= fates
    assert "1 created, 1 updated, 1 withdrawn, 5 unchanged" in first.out
    again = call("demo", "--folder", folder)
    assert again.code == 0, again.error
    assert "all of it was already there: nothing was published" in again.out
    assert "An earlier demo has published all of it" in again.out


def of(shown, wanted):
    return {title for title, change in shown.items() if change == wanted}


def event(article, kind, version, title):
    item = {"headlines": [{"value": title}]} if title else {"pubStatus": "canceled"}
    value = {"articleId": article, "version": version, "item": item, "source": {"id": "halfway-post"}}
    headers = (("ce_type", f"news.article.{kind}.v1".encode()),)
    return Stored("news.articles.v1", 0, 0, 0, article.encode(), json.dumps(value).encode(), headers)
