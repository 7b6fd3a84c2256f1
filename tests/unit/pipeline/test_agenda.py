"""The agenda: the earliest first, one at a time a site, and nobody waits behind another's slow site."""

import asyncio

import pytest

from worker.pipeline.polls.agenda import Agenda

SITES = {"a": "one.example", "b": "one.example", "c": "two.example"}


@pytest.fixture
def agenda():
    return Agenda()


def taken(agenda, now, sites=SITES):
    found = []
    while (given := agenda.take(now, sites.get)) is not None:
        found.append(given[0])
    return found


def test_what_is_due_is_given_out_the_earliest_first_and_once(agenda):
    agenda.put("c", 30)
    agenda.put("a", 20)
    assert taken(agenda, 10) == []
    assert taken(agenda, 30) == ["a", "c"]
    assert taken(agenda, 30) == []


def test_put_again_a_source_is_due_at_the_new_instant_alone(agenda):
    agenda.put("a", 10)
    agenda.put("a", 50)
    assert taken(agenda, 20) == []
    assert taken(agenda, 50) == ["a"]


def test_of_a_site_one_source_is_given_out_at_a_time_and_others_go_past_it(agenda):
    for source in "abc":
        agenda.put(source, 0)
    assert taken(agenda, 0) == ["a", "c"]
    agenda.free("one.example")
    assert taken(agenda, 0) == ["b"]


def test_a_site_that_is_free_again_is_asked_again(agenda):
    agenda.put("a", 0)
    assert taken(agenda, 0) == ["a"]
    agenda.free("one.example")
    agenda.put("b", 0)
    assert taken(agenda, 0) == ["b"]


def test_what_is_no_more_is_passed_over(agenda):
    agenda.put("a", 0)
    agenda.put("gone", 0)
    agenda.drop("a")
    assert taken(agenda, 0) == []
    assert agenda.idle


def test_it_is_idle_only_when_no_site_is_being_asked(agenda):
    agenda.put("a", 0)
    assert not agenda.idle
    taken(agenda, 0)
    assert not agenda.idle
    agenda.free("one.example")
    assert agenda.idle


async def test_a_wait_ends_when_something_is_put(agenda):
    waiting = asyncio.create_task(agenda.wait(0))
    await asyncio.sleep(0)
    assert not waiting.done()
    agenda.put("a", 0)
    await waiting


async def test_a_wait_ends_when_the_next_is_due(agenda):
    agenda.put("a", 1)
    await agenda.wait(0)
    await agenda.wait(0)
    assert taken(agenda, 1) == ["a"]


def test_what_is_no_more_when_its_site_is_free_lets_the_next_go_first(agenda):
    sites = {"a": "one.example", "b": "one.example", "d": "one.example"}
    for source in sites:
        agenda.put(source, 0)
    assert taken(agenda, 0, sites) == ["a"]
    del sites["b"]
    agenda.free("one.example")
    assert taken(agenda, 0, sites) == ["d"]


def test_since_when_it_is_due_is_told_with_it_even_if_it_had_to_wait_for_its_site(agenda):
    agenda.put("a", 10)
    agenda.put("b", 20)
    assert agenda.take(30, SITES.get) == ("a", 10)
    assert agenda.take(30, SITES.get) is None
    assert agenda.late(30) == (1, 10)
    agenda.free("one.example")
    assert agenda.take(30, SITES.get) == ("b", 20)
    assert agenda.late(30) == (0, 0)


def test_put_again_while_it_waits_for_its_site_it_is_given_out_once(agenda):
    agenda.put("a", 0)
    agenda.put("b", 0)
    assert taken(agenda, 0) == ["a"]
    agenda.put("b", 1)
    assert taken(agenda, 1) == []
    agenda.free("one.example")
    assert taken(agenda, 1) == ["b"]
    agenda.free("one.example")
    assert taken(agenda, 1) == []
    assert agenda.idle


def test_put_later_while_it_waits_for_its_site_it_waits_for_its_hour(agenda):
    agenda.put("a", 0)
    agenda.put("b", 0)
    assert taken(agenda, 0) == ["a"]
    agenda.put("b", 50)
    agenda.free("one.example")
    assert taken(agenda, 1) == []
    assert agenda.late(1) == (0, 0)
    assert taken(agenda, 50) == ["b"]
