from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.sources.feed.freshness import max_age, retry_after

NOW = datetime(2023, 1, 10, 12, 0, tzinfo=UTC)
DAY = 86_400.0
NOON, LATER, EARLIER = (f"Tue, 10 Jan 2023 {hour}:00:00 GMT" for hour in (12, 13, 11))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Cache-Control": "max-age=600"}, 600),
        ({"Cache-Control": "public, MAX-AGE=600, must-revalidate"}, 600),
        ({"Cache-Control": 'max-age="600"'}, 600),
        ({"Cache-Control": "max-age=600", "Age": "100"}, 500),
        ({"Cache-Control": "max-age=600", "Age": "1000"}, 0),
        ({"Cache-Control": "max-age=600", "Age": "old"}, 600),
        ({"Cache-Control": "max-age=0"}, 0),
        ({"Cache-Control": "max-age=-1"}, None),
        ({"Cache-Control": "max-age=soon"}, None),
        ({"Cache-Control": "s-maxage=600"}, None),
        ({"Cache-Control": "max-age=315360000"}, DAY),
        ({"Cache-Control": "max-age=" + "9" * 5000}, DAY),
        ({"Cache-Control": "max-age=315360000, no-cache"}, None),
        ({"Cache-Control": "no-store, max-age=600"}, None),
        ({"Cache-Control": 'no-cache="set-cookie", max-age=600'}, None),
        ({"Expires": LATER, "Date": NOON}, 3600),
        ({"Expires": LATER, "Date": NOON, "Cache-Control": "public"}, 3600),
        ({"Expires": LATER, "Date": NOON, "Cache-Control": "max-age=60"}, 60),
        ({"Expires": LATER}, 3600),
        ({"Expires": NOON, "Date": LATER}, 0),
        ({"Expires": "0"}, None),
        ({"Expires": "Thu, 31 Dec 2037 23:55:55 GMT"}, DAY),
    ],
)
def test_an_answer_is_fresh_as_long_as_it_says_and_a_day_at_most(headers, seconds):
    assert max_age(headers, NOW) == seconds


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


@given(st.text(), st.text(), st.text())
def test_no_header_is_beyond_reading(one, two, three):
    max_age({"Cache-Control": one, "Expires": two, "Age": three, "Date": one}, NOW)
    retry_after({"Retry-After": one, "Date": two}, NOW)
