"""A date as exactly as it is known and no more: absent rather than wrong (design, section 6)."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from worker.core.normalise import dates, zones

RFC_3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


def repr_or_huge(number):
    return "huge" if isinstance(number, int) and number > 10**30 else repr(number)


def known(value):
    published = dates.parse(value)
    return published.value, published.precision, published.start, published.end


@pytest.mark.parametrize(
    ("found", "precision", "start", "end"),
    [
        ("2023", "year", "2022-12-31T10:00:00Z", "2024-01-01T12:00:00Z"),
        ("2023-01", "month", "2022-12-31T10:00:00Z", "2023-02-01T12:00:00Z"),
        ("2023-12", "month", "2023-11-30T10:00:00Z", "2024-01-01T12:00:00Z"),
        ("2024-02", "month", "2024-01-31T10:00:00Z", "2024-03-01T12:00:00Z"),
        ("2024-02-29", "day", "2024-02-28T10:00:00Z", "2024-03-01T12:00:00Z"),
        ("1583-01-01", "day", "1582-12-31T10:00:00Z", "1583-01-02T12:00:00Z"),
        ("2100-12-31", "day", "2100-12-30T10:00:00Z", "2101-01-01T12:00:00Z"),
    ],
)
def test_a_period_covers_every_zone_from_plus_14_to_minus_12(found, precision, start, end):
    assert known(found) == (found, precision, start, end)
    assert dates.partial(found) == dates.parse(found)


@pytest.mark.parametrize(
    ("found", "value", "precision", "start", "end"),
    [
        ("2023-01-09T10:00Z", "2023-01-09T10:00Z", "minute", "2023-01-09T10:00:00Z", "2023-01-09T10:01:00Z"),
        ("2023-01-09T10:00:07Z", "2023-01-09T10:00:07Z", "second", "2023-01-09T10:00:07Z", "2023-01-09T10:00:08Z"),
        ("2023-01-09T10:00:07.999Z", "2023-01-09T10:00:07Z", "second", "2023-01-09T10:00:07Z", "2023-01-09T10:00:08Z"),
        ("2023-01-09T00:30+05:45", "2023-01-08T18:45Z", "minute", "2023-01-08T18:45:00Z", "2023-01-08T18:46:00Z"),
        ("2023-01-09 10:00:00 -0500", "2023-01-09T15:00:00Z", "second", "2023-01-09T15:00:00Z", "2023-01-09T15:00:01Z"),
        ("2023-01-09t10:00:00-05", "2023-01-09T15:00:00Z", "second", "2023-01-09T15:00:00Z", "2023-01-09T15:00:01Z"),
        ("20230109T100000Z", "2023-01-09T10:00:00Z", "second", "2023-01-09T10:00:00Z", "2023-01-09T10:00:01Z"),
        ("20230109", "2023-01-09", "day", "2023-01-08T10:00:00Z", "2023-01-10T12:00:00Z"),
        (
            "Mon, 09 Jan 2023 10:00:00 GMT",
            "2023-01-09T10:00:00Z",
            "second",
            "2023-01-09T10:00:00Z",
            "2023-01-09T10:00:01Z",
        ),
        ("09 Jan 23 10:00:00 GMT", "2023-01-09T10:00:00Z", "second", "2023-01-09T10:00:00Z", "2023-01-09T10:00:01Z"),
        ("9 January 2023 10:00 EST", "2023-01-09T15:00Z", "minute", "2023-01-09T15:00:00Z", "2023-01-09T15:01:00Z"),
        ("Mon, 9 Jan 2023", "2023-01-09", "day", "2023-01-08T10:00:00Z", "2023-01-10T12:00:00Z"),
    ],
)
def test_iso_8601_rfc_3339_and_rfc_822_are_read(found, value, precision, start, end):
    assert known(found) == (value, precision, start, end)
    assert dates.parse(found).basis == "declared"
    assert dates.parse(found).raw == found


@pytest.mark.parametrize("found", ["2023-01-09T10:00", "2023-01-09 10:00", "Mon, 09 Jan 2023 10:00"])
def test_without_a_zone_the_time_stays_local_and_the_interval_says_so(found):
    assert known(found) == ("2023-01-09T10:00", "minute", "2023-01-08T20:00:00Z", "2023-01-09T22:01:00Z")
    assert dates.instant(dates.parse(found)) is None


@pytest.mark.parametrize("zone", ["XYZT", "CST", "IST", "BST", "AST", "MSK", "A", "Europe/Berlin", "GMT+A"])
def test_a_zone_without_one_meaning_is_never_taken_for_utc(zone):
    assert known(f"2023-01-09T10:00 {zone}")[0] == "2023-01-09T10:00"


@pytest.mark.parametrize(
    ("zone", "instant"),
    [
        ("UT", "10:00"),
        ("GMT", "10:00"),
        ("Z", "10:00"),
        ("-00:00", "10:00"),
        ("EST", "15:00"),
        ("EDT", "14:00"),
        ("CDT", "15:00"),
        ("MST", "17:00"),
        ("MDT", "16:00"),
        ("PST", "18:00"),
        ("PDT", "17:00"),
        ("CET", "09:00"),
        ("CEST", "08:00"),
        ("JST", "01:00"),
        ("AEST", "00:00"),
        ("+0530", "04:30"),
        ("GMT+0100", "09:00"),
        ("UTC-3", "13:00"),
        ("-0930", "19:30"),
        ("(CET)", None),
    ],
)
def test_zones_of_one_meaning_give_the_instant(zone, instant):
    published = dates.parse(f"Mon, 09 Jan 2023 10:00:00 {zone}")
    assert dates.instant(published) == (instant and f"2023-01-09T{instant}:00Z")


def test_a_comment_after_the_zone_is_no_part_of_it():
    assert known("Mon, 09 Jan 2023 10:00:00 +0100 (CET)")[0] == "2023-01-09T09:00:00Z"


@pytest.mark.parametrize(
    "found",
    [
        # bad_input.md and feedparser.md, 4
        "2023-13",
        "2023-00",
        "0000-01",
        "20230101x",
        "1391421600",
        "2014-034",
        "2014-13-45",
        "2023-01-09T10:00+15:00",
        "2023-01-09T10:00-13:00",
        "2023-01-09T10:00+05:99",
        "0000-00-00",
        "2023-02-29",
        "2023-01-09T24:00",
        "2023-01-09T24:00:00Z",
        "2023-01-09T10:60Z",
        "2023-01-09T10:00:61Z",
        "2023-01-09 14:00 PM",
        "0001-01-01T00:00:00Z",
        "1402-10-19",  # Persia
        "1445-06-27T10:00:00Z",  # Islam
        "2566-01-09",  # Thailand
        "9999-12-31T23:59:59Z",
        "09/01/2023",
        "9.1.2023",
        "09 Jan 23",
        "yesterday",
        "٢٠٢٣-٠١",
        "2023-01-09T10",
        "31 Feb 2023",
        "x" * 500,
    ],
)
def test_the_doubtful_is_absent_with_its_raw_text_kept(found):
    assert dates.parse(found) == dates.absent(found)
    assert dates.parse(found).raw == found[:200]
    assert known(found) == (None, None, None, None)


@pytest.mark.parametrize("found", [None, True, False, "", "   ", "\u3000" * 100])
def test_nothing_found_has_no_raw_text_either(found):
    assert dates.parse(found) == dates.absent()


def test_a_leap_second_leaves_the_minute():
    assert known("2016-12-31T23:59:60Z")[:2] == ("2016-12-31T23:59Z", "minute")


@pytest.mark.parametrize("number", [1_673_258_400, 1_673_258_400_000, 1_673_258_400.75, 1_673_258_400_999])
def test_a_number_is_seconds_or_milliseconds_since_the_epoch(number):
    assert known(number) == ("2023-01-09T10:00:00Z", "second", "2023-01-09T10:00:00Z", "2023-01-09T10:00:01Z")
    assert dates.parse(number).raw == str(number)


@pytest.mark.parametrize(
    "number",
    [0, 2023, 202301, 20230109, -1_673_258_400, 1.7e18, float("nan"), float("inf"), 10**5000],
    ids=repr_or_huge,
)
def test_a_number_that_could_be_something_else_is_no_date(number):
    assert known(number) == (None, None, None, None)


def test_white_space_and_odd_blanks_around_a_date_do_not_matter():
    assert known(" \n2023-01-09\u00a010:00Z\t")[0] == "2023-01-09T10:00Z"


@pytest.mark.parametrize(
    ("found", "zone", "value", "start", "end"),
    [
        ("2023-01-09T10:00", "Europe/Berlin", "2023-01-09T09:00Z", "2023-01-09T09:00:00Z", "2023-01-09T09:01:00Z"),
        ("2023-07-09T10:00", "Europe/Berlin", "2023-07-09T08:00Z", "2023-07-09T08:00:00Z", "2023-07-09T08:01:00Z"),
        ("2023-01-09 10:00:07 IST", "+05:30", "2023-01-09T04:30:07Z", "2023-01-09T04:30:07Z", "2023-01-09T04:30:08Z"),
        ("3. Januar 2023", "-03:00", "2023-01-03", "2023-01-03T03:00:00Z", "2023-01-04T03:00:00Z"),
        ("2023-01", "Asia/Tokyo", "2023-01", "2022-12-31T15:00:00Z", "2023-01-31T15:00:00Z"),
        ("2023", "Asia/Tokyo", "2023", "2022-12-31T15:00:00Z", "2023-12-31T15:00:00Z"),
    ],
)
def test_what_says_no_zone_is_inferred_by_the_sources_setting(found, zone, value, start, end):
    published = dates.parse(found, zone)
    assert (published.value, published.start, published.end, published.basis) == (value, start, end, "inferred")
    assert published.raw == found


@pytest.mark.parametrize(("hour", "value"), [("2023-03-26T02:30", "skipped"), ("2023-10-29T02:30", "repeated")])
def test_an_hour_that_a_change_of_clocks_skips_or_repeats_stays_local_and_covers_both(hour, value):
    published = dates.parse(hour, "Europe/Berlin")
    assert (published.value, published.basis) == (hour, "inferred"), value
    assert (published.start[11:], published.end[11:]) == ("00:30:00Z", "01:31:00Z")


@pytest.mark.parametrize(
    "found", ["2023-01-09T10:00Z", "Mon, 09 Jan 2023 10:00:00 +0900", "nonsense", 1_673_258_400, None]
)
def test_a_zone_setting_changes_nothing_of_what_has_a_zone_or_is_no_date(found):
    assert dates.parse(found, "Asia/Tokyo") == dates.parse(found)


@pytest.mark.parametrize("zone", ["Europe/Nowhere", "+15:00", "../etc/passwd", "", "\0", "/"])
def test_a_zone_setting_that_is_none_infers_nothing(zone):
    assert zones.setting(zone) is None
    assert dates.parse("2023-01-09T10:00", zone) == dates.parse("2023-01-09T10:00")


def test_only_when_it_was_updated_is_said_to_be_that():
    later, sooner = "2023-01-10T10:00Z", "2023-01-09T10:00Z"
    assert dates.chosen(sooner, later) == dates.parse(sooner)
    assert dates.chosen(None, later) == replace(dates.parse(later), basis="updated")
    assert dates.chosen("nonsense", later) == replace(dates.parse(later), basis="updated")
    assert dates.chosen("nonsense", "neither") == dates.absent("nonsense")
    assert dates.chosen(None, "neither") == dates.absent("neither")
    assert dates.chosen(None, None) == dates.absent()


def test_seconds_are_of_an_instant_only():
    assert dates.seconds("2023-01-09T10:00:07Z") == 1_673_258_407
    assert [dates.seconds(found) for found in ("2023-01-09T10:00", "2023-01-09", "1960-01-01T00:00Z", "x", None)] == [
        0
    ] * 5


@given(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(st.characters(codec=None)),
        st.text("0123456789-:T Z+.,()JanMoEST", max_size=40),
        st.from_regex(
            r"[0-9]{4}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-6][0-9](:[0-6][0-9])?[+-][0-2][0-9]:?[0-6][0-9]",
            fullmatch=True,
        ),
    )
)
@example("1583-01-01T00:00+14:00")
@example("2100-12-31T23:59-12:00")
def test_anything_gives_a_published_and_a_known_one_lies_in_its_interval(found):
    published = dates.parse(found)
    if published.basis == "absent":
        assert (published.value, published.precision, published.start, published.end) == (None,) * 4
        return
    assert RFC_3339.fullmatch(published.start)
    assert RFC_3339.fullmatch(published.end)
    assert datetime.fromisoformat(published.start) < datetime.fromisoformat(published.end)
    assert published.raw


@given(st.datetimes(datetime(1583, 1, 2), datetime(2100, 12, 30), timezones=st.timezones()))  # noqa: DTZ001 (zones come beside)
def test_what_python_writes_is_read_as_the_same_instant(moment):
    offset = moment.utcoffset()
    minutes = offset.total_seconds() / 60
    if minutes != int(minutes) or not -12 * 60 <= minutes <= 14 * 60:
        return  # local mean times of long ago, to the second, are no offsets of RFC 3339
    moment = moment.replace(microsecond=0)
    found = dates.instant(dates.parse(moment.isoformat()))
    assert datetime.fromisoformat(found) == moment.astimezone(UTC)
