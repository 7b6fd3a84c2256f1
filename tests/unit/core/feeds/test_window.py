"""What leaves a feed: no withdrawal, remembered for a month, of a busy feed the newest."""

import pytest
from unit.core.feeds.polling import DAY, Shard, entry, source

from worker.core.feeds import window

A, B = (entry(name, headline=name, body=name) for name in "ab")


def test_leaving_the_window_is_no_withdrawal_and_coming_back_within_a_month_no_event():
    shard = Shard(source())
    shard.poll("one", A, B)
    assert shard.poll("one", B, after=DAY) == {"unchanged": 1}
    assert shard.poll("one", A, B, after=29 * DAY) == {"unchanged": 2}
    assert shard.poll("one", B, after=DAY) == {"unchanged": 1}
    assert shard.poll("one", A, B, after=29 * DAY) == {"unchanged": 2}


def test_a_month_after_it_left_it_is_forgotten_and_its_versions_begin_anew():
    shard = Shard(source())
    shard.poll("one", A, B)
    shard.poll("one", B)
    shard.poll("one", B, after=30 * DAY)
    assert shard.memory.remembered("one") == 1
    shard.restart()
    assert shard.poll("one", A, B) == {"created": 1, "unchanged": 1}


def test_of_what_left_the_newest_are_kept_and_all_that_is_in_the_window(monkeypatch):
    monkeypatch.setattr(window, "_KEPT", 2)
    shard = Shard(source())
    items = [entry(f"guid-{n}", headline=f"Headline {n}", body="b") for n in range(8)]
    for first in range(6):
        shard.poll("one", *items[first : first + 3], after=DAY)
    assert shard.memory.remembered("one") == 3 + 3  # as many as the largest window
    assert shard.poll("one", items[2], items[4]) == {"unchanged": 2}
    assert shard.poll("one", items[1]) == {"created": 1}


@pytest.mark.parametrize("days", [0, 29])
def test_a_rejected_entry_is_remembered_as_long_as_any_other(days):
    shard = Shard(source())
    broken = entry("broken", rejected="<item/>")
    shard.poll("one", broken)
    shard.poll("one", A)
    assert shard.poll("one", broken, after=days * DAY) == {"unchanged": 1}
