"""Topics of other systems as sources: their shares, their places, and what is refused."""

import pytest

from worker.core.sources.definitions import source_of
from worker.core.sources.difference import Kind, Wanted, compare
from worker.core.sources.options import parsed
from worker.core.sources.urls import checked


@pytest.mark.parametrize(
    ("url", "options", "why"),
    [
        ("kafka://b:9092/wire", {"interval": "5m"}, "interval is an option of feeds"),
        ("https://news.example/feed", {"format": "feed"}, "format is an option of topics"),
        ("https://news.example/feed", {"share": "0/2"}, "share is an option of topics"),
    ],
)
def test_an_option_that_means_nothing_to_a_source_is_refused(url, options, why):
    (wrong,) = compare([Wanted(url, "here", None, parsed(options))], [], 1).wrong
    assert why in str(wrong)


def test_shares_of_a_topic_are_sources_of_their_own_and_all_of_one_division():
    def wanted(share, source="wire"):
        return Wanted("kafka://b:9092/out", "here", source, parsed({} if share is None else {"share": share}))

    plan = compare([wanted("0/2"), wanted("1/2")], [], 1)
    made = [one.definition for one in plan.differences]
    assert [(one.id, one.site) for one in made] == [("wire-0-2", "topic:wire/0/2"), ("wire-1-2", "topic:wire/1/2")]
    assert {source_of(one).scope for one in made} == {"topic:wire"}
    for other in ("0/3", None):
        assert "published twice" in str(compare([wanted(other)], made, 1).wrong[0])
    assert [one.kind for one in compare([wanted("0/2", None), wanted("1/2", None)], made, 1).differences] == [
        Kind.SAME
    ] * 2
    assert "give the id without" in str(compare([wanted("1/2", "wire-0-2")], made, 1).wrong[0])
    assert compare([wanted(None, "other")], made, 1).differences[0].definition.site == "topic:other"


@pytest.mark.parametrize("source", [None, "wire"])
@pytest.mark.parametrize("whole", [False, True])
def test_a_topic_in_shares_is_not_read_whole_beside_them_nor_one_that_is_read_whole_in_shares(source, whole):
    def planned(share, known):
        options = {} if share is None else {"share": share}
        return compare([Wanted("kafka://b:9092/out", "here", source, parsed(options), whole=whole)], known, 1)

    url = "kafka://b:9092/out"
    (shared,) = compare([Wanted(url, "here", "wire", parsed({"share": "0/2"}))], [], 1).differences
    assert "published twice" in str(planned(None, [shared.definition]).wrong[0])
    (one,) = compare([Wanted(url, "here", "wire")], [], 1).differences
    assert "published twice" in str(planned("0/2", [one.definition]).wrong[0])


def test_a_share_stays_one_where_only_its_id_is_said():
    url = "kafka://b:9092/out"
    (made,) = compare([Wanted(url, "here", "wire", parsed({"share": "0/2"}))], [], 1).differences
    again = Wanted(url, "here", "wire-0-2", parsed({"title": "Wire"}), whole=True)
    (changed,) = compare([again], [made.definition], 1).differences
    assert (changed.kind, changed.definition.share) == (Kind.CHANGED, (0, 2))


@pytest.mark.parametrize("share", ["0/1", "2/2", "1", "a/b", "-1/2", [0, 1]])
def test_what_is_no_share_is_refused(share):
    with pytest.raises(ValueError, match="can't be a share"):
        parsed({"share": share})


def test_a_topic_of_our_own_is_no_source():
    own = {"b:9092/news.articles.v1"}
    (wrong,) = compare([Wanted("kafka://a:9092,b:9092/news.articles.v1", "here")], [], 1, own=own).wrong
    assert "own topic" in str(wrong)
    assert not compare([Wanted("kafka://c:9092/news.articles.v1", "here")], [], 1, own=own).wrong


def test_a_topic_keeps_its_id_where_its_brokers_move_and_no_other_takes_its_place():
    (first,) = compare([Wanted("kafka://a:9092/wire", "here", "wire")], [], 1).differences
    known = [first.definition]
    assert compare([Wanted("kafka://z:9092/wire", "here", "wire")], known, 1).differences[0].kind is Kind.CHANGED
    for other in ("kafka://a:9092/other", "https://news.example/feed"):
        assert "not the topic" in str(compare([Wanted(other, "here", "wire")], known, 1).wrong[0])


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("kafka://b/wire", "broker 1 of 1 is none with its port"),
        ("kafka://b:9092/", "names no topic"),
        ("kafka://b:9092", "names no topic"),
        ("kafka://b:9092/a b", "the name of a topic can't hold ' '"),
        ("kafka://b:9092/wire?password=u:p", "can't hold '?'"),
        ("kafka://u:p/wire", "broker 1 of 1 is none"),
        (f"kafka://b:9092/{'w' * 250}", "249 characters at most"),
        ("kafka://b:9092,/wire", "broker 2 of 2 is none"),
        ("kafka://b:99999/wire", "broker 1 of 1 is none with its port, from 1 to 65535"),
        ("kafka://b:9092/..", "no topic can be called '..'"),
        ("kafka://u:p@b:1/w", "no secrets"),
        ("kafka://u:p/q@b:1/w", "no secrets"),
    ],
)
def test_what_names_no_topic_is_refused_with_what_is_wrong_and_without_repeating_secrets(url, said):
    with pytest.raises(ValueError, match=r"HOST:PORT|no secrets") as error:
        checked(url)
    assert said in str(error.value)
    assert "u:p" not in str(error.value)
