"""Which URLs are a broker's, and what is said of the others."""

import pytest

from worker.broker.connect import connect
from worker.errors import BrokerRefused, UsageError
from worker.model import Topic


@pytest.mark.parametrize(
    "url", ["", "news.db", "sqlite:news.db", "sqlite:///", "kafka:host:9092", "postgres://host/news"]
)
def test_another_url_is_refused_with_one_that_would_do(url):
    with pytest.raises(UsageError, match=r"sqlite:///news\.db"):
        connect(url, create=True)


@pytest.mark.parametrize("prefix", ["a/b", 'a"b', "a b", "ключ", "x" * 201])
def test_a_prefix_that_no_topic_can_have_is_refused(prefix):
    with pytest.raises(UsageError, match="prefix"):
        connect("sqlite:///news.db", prefix=prefix, create=True)


async def test_three_slashes_are_relative_to_the_folder_and_four_are_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    async with connect("sqlite:///here.db", create=True):
        pass
    async with connect(f"sqlite:///{tmp_path}/there.db", create=True):
        pass

    assert sorted(file.name for file in tmp_path.iterdir()) == ["here.db", "there.db"]


async def test_a_missing_file_is_made_only_when_asked_to(tmp_path):
    with pytest.raises(BrokerRefused, match="`news-worker sources add` and `replay` make it"):
        async with connect(f"sqlite:///{tmp_path}/news.db", create=False):
            pass
    assert list(tmp_path.iterdir()) == []


async def test_two_prefixes_share_a_file_without_meeting(tmp_path):
    url = f"sqlite:///{tmp_path}/news.db"
    async with connect(url, prefix="a.", create=True) as one, connect(url, prefix="b.", create=True) as other:
        assert (await one.describe(Topic.INBOX)).layout.name == "a.news.inbox.v1"
        assert (await other.describe(Topic.INBOX)).layout.name == "b.news.inbox.v1"


async def test_a_prefix_nobody_wrote_under_is_told_apart_from_an_empty_topic(tmp_path):
    url = f"sqlite:///{tmp_path}/news.db"
    async with connect(url, prefix="a.", create=True):
        pass
    with pytest.raises(BrokerRefused, match="prefix"):
        async with connect(url, prefix="b.", create=False):
            pass
