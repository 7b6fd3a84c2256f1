from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.sources.feed.retry import retry_after

NOW = datetime(2023, 1, 10, 12, 0, tzinfo=UTC)
NOON, LATER, EARLIER = (f"Tue, 10 Jan 2023 {hour}:00:00 GMT" for hour in (12, 13, 11))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": " 120 "}, 120),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "31557600000000"}, 31_557_600_000_000),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": LATER, "Date": NOON}, 3600),
        ({"Retry-After": LATER}, 3600),
        ({"Retry-After": LATER, "Date": EARLIER}, 7200),  # its clock, not ours
        ({"Retry-After": EARLIER, "Date": NOON}, 0),
        ({"Retry-After": "Tuesday, 10-Jan-23 13:00:00 GMT", "Date": NOON}, 3600),
        ({"Retry-After": "Tue Jan 10 13:00:00 2023", "Date": NOON}, 3600),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT", "Date": NOON}, 251_728_948_799),
        ({"Retry-After": "Fri, 31 Dec 1002023 23:59:59 GMT"}, None),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 -2359", "Date": NOON}, None),
    ],
)
def test_who_is_to_wait_is_told_how_long_by_the_servers_own_clock(headers, seconds):
    assert retry_after(headers, NOW) == seconds


@given(st.text(), st.text())
def test_no_header_is_beyond_reading(one, two):
    retry_after({"Retry-After": one, "Date": two}, NOW)
