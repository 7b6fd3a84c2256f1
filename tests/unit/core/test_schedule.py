"""When a source is due: slots of its own, faults ever further apart, and what its server asks for."""

import pytest

from worker.core import schedule
from worker.core.schedule import DAY, MINUTE, first_due, next_due, pause, phase, slot_after
from worker.model import Definition, Fault, FaultKind, Head

NOW = 1_790_000_000_000
HALF_HOUR = 30 * MINUTE
SOURCE = Definition("0011223344556677", "http://example.org/feed", "example.org", NOW - DAY)


def polled(at=NOW - HALF_HOUR, **more):
    return Head(polled_at=at, **more)


def failed(kind, times=1, status=None, **more):
    return polled(NOW, fault=Fault(kind, "no", status), faults=times, **more)


@pytest.mark.parametrize("kind", [FaultKind.ADDRESS, FaultKind.UNCONFIGURED])
def test_what_settings_kept_from_being_asked_is_asked_by_the_next_owner_whose_settings_may_be_others(kind):
    assert NOW <= first_due(SOURCE, failed(kind, times=5), NOW + MINUTE, 1) <= NOW + MINUTE + 100
    assert first_due(SOURCE, failed(FaultKind.DNS, times=5), NOW + MINUTE, 1) > NOW + HALF_HOUR


def test_what_is_paused_is_due_for_no_owner():
    assert first_due(SOURCE, polled(paused=True), NOW, 1) is None


def test_slots_lie_an_interval_apart_at_a_phase_that_the_id_fixes():
    first = slot_after(SOURCE, NOW)
    assert NOW < first <= NOW + HALF_HOUR
    assert slot_after(SOURCE, first) == first + HALF_HOUR
    assert first % HALF_HOUR == phase(SOURCE.id, HALF_HOUR)


def test_the_phase_is_the_digest_of_the_id_whatever_the_machine():
    assert phase("0011223344556677", 1 << 64) == 0xD5D3695901AC0579


def test_slots_of_many_sources_are_spread_over_the_interval():
    phases = {phase(f"{number:016x}", HALF_HOUR) // MINUTE for number in range(500)}
    assert len(phases) == 30


def test_a_new_owner_waits_for_the_next_slot_of_a_source_that_was_polled():
    owned_at = slot_after(SOURCE, NOW) + 2 * MINUTE
    assert first_due(SOURCE, polled(), owned_at, 1) == slot_after(SOURCE, owned_at)


def test_a_slot_of_the_minute_before_the_shard_was_fenced_is_made_up_for_within_a_minute():
    owned_at = slot_after(SOURCE, NOW) + MINUTE // 2
    assert owned_at <= first_due(SOURCE, polled(), owned_at, 100_000) < owned_at + MINUTE


@pytest.mark.parametrize("head", [None, Head()])
def test_a_source_that_was_never_polled_is_due_at_once_where_there_are_few(head):
    assert NOW <= first_due(SOURCE, head, NOW, 1) <= NOW + 100


def test_after_a_poll_it_is_due_at_the_next_slot():
    assert next_due(SOURCE, polled(NOW), NOW) == slot_after(SOURCE, NOW)


def test_what_is_gone_is_never_due():
    gone = polled(gone=True)
    assert next_due(SOURCE, gone, NOW) is None
    assert first_due(SOURCE, gone, NOW, 1) is None


def test_retry_after_puts_the_slot_off_and_holds_for_a_new_owner():
    later = NOW + 5 * HALF_HOUR
    head = failed(FaultKind.THROTTLED, not_before=later)
    assert next_due(SOURCE, head, NOW) == slot_after(SOURCE, later - 1)
    assert first_due(SOURCE, head, NOW + MINUTE, 1) == slot_after(SOURCE, later - 1)


def test_what_was_noted_by_a_clock_two_days_ahead_keeps_no_new_owner_waiting_for_days():
    ahead = NOW + 2 * DAY
    assert first_due(SOURCE, polled(ahead), NOW, 1) == slot_after(SOURCE, NOW)
    throttled = polled(ahead, fault=Fault(FaultKind.THROTTLED, "no", 429), faults=1, not_before=ahead + MINUTE)
    assert NOW < first_due(SOURCE, throttled, NOW, 1) <= NOW + 2 * HALF_HOUR


def test_what_was_noted_by_a_clock_a_little_ahead_is_not_asked_for_again_in_the_same_slot():
    slot = slot_after(SOURCE, NOW)
    assert first_due(SOURCE, polled(slot + 200), slot - 3000, 1) == slot + HALF_HOUR


def test_each_fault_in_a_row_doubles_the_pause_up_to_a_day():
    pauses = [pause(failed(FaultKind.DNS, times)) for times in range(1, 12)]
    assert pauses[:3] == [10 * MINUTE, 20 * MINUTE, 40 * MINUTE]
    assert pauses[-1] == DAY
    assert pause(failed(FaultKind.DNS, 10**6)) == DAY


@pytest.mark.parametrize("kind", list(FaultKind))
def test_every_kind_of_fault_waits_longer_the_longer_it_lasts(kind):
    assert 0 < pause(failed(kind, 1)) < pause(failed(kind, 12)) <= DAY


def test_what_is_not_found_is_asked_for_less_than_what_broke_off():
    assert pause(failed(FaultKind.STATUS, status=404)) > pause(failed(FaultKind.STATUS, status=502))


def test_without_a_fault_there_is_no_pause():
    assert pause(polled()) == 0
    assert schedule.next_due(SOURCE, polled(NOW - 1), NOW - 1) == slot_after(SOURCE, NOW - 1)
