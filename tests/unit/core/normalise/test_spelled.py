"""Dates as people write them, in many languages; what could mean two days is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.core.normalise import dates, months, spelled


@pytest.mark.parametrize(
    ("found", "value"),
    [
        ("Mon, 03 Feb 2014 10:00:00", "2014-02-03T10:00:00"),
        ("Mon,03 Feb 2014 10:00:00GMT", "2014-02-03T10:00:00Z"),
        ("Mon, 03  Feb  2014  10:00 +01:00", "2014-02-03T09:00Z"),
        ("Monday, 03-Feb-14 10:00:00 GMT", "2014-02-03T10:00:00Z"),  # RFC 850
        ("Mon Feb  3 10:00:00 2014", "2014-02-03T10:00:00"),  # asctime
        ("Mon Feb  3 10:00:00 CET 2014", "2014-02-03T09:00:00Z"),
        ("Mon Feb 03 10:00:00 +0000 2014", "2014-02-03T10:00:00Z"),
        ("Mon Feb 03 2014 10:00:00 GMT+0100 (Central European Standard Time)", "2014-02-03T09:00:00Z"),
        ("03 Feb 50 10:00 GMT", "1950-02-03T10:00Z"),
        ("03 Feb 49 10:00 GMT", "2049-02-03T10:00Z"),
        ("Thursday, 3rd July 2014", "2014-07-03"),
        ("July 3rd, 2014 @ 10:05", "2014-07-03T10:05"),
        ("2014 Feb 3", "2014-02-03"),
        ("2014/02/03 10:00:00.123 +0900", "2014-02-03T01:00:00Z"),
        ("2014-2-3T9:05:07Z", "2014-02-03T09:05:07Z"),
    ],
)
def test_the_forms_of_programs_are_read(found, value):
    assert dates.parse(found).value == value


@pytest.mark.parametrize(
    ("found", "value"),
    [
        ("February 3, 2014 10:00 am", "2014-02-03T10:00"),
        ("Feb 3, 2014, 12:05 AM EST", "2014-02-03T05:05Z"),
        ("Feb 3, 2014 12:05 p.m.", "2014-02-03T12:05"),
        ("3 de febrero de 2014, 3:05 p. m.", "2014-02-03T15:05"),
        ("2023-01-09 10:00 PM", "2023-01-09T22:00"),
        ("Mon, 09 Jan 2023 10:00:00 pm", "2023-01-09T22:00:00"),
        ("2014年2月3日 下午3:05", "2014-02-03T15:05"),
        ("3 Φεβρουαρίου 2014, 3:05 μ.μ.", "2014-02-03T15:05"),
    ],
)
def test_the_halves_of_a_day_are_read(found, value):
    assert dates.parse(found).value == value


@pytest.mark.parametrize(
    ("found", "value"),
    [
        ("Seg, 24 Set 2018 10:11:12 -0300", "2018-09-24T13:11:12Z"),
        ("3 de fevereiro de 2014 às 10:00", "2014-02-03T10:00"),
        ("3 février 2014", "2014-02-03"),
        ("lundi 1er décembre 2014 à 10h30", "2014-12-01T10:30"),
        ("mar. 4 mars 2014", "2014-03-04"),
        ("mar, 04 feb 2014 10:00:00 +0100", "2014-02-04T09:00:00Z"),
        ("am 3. Februar 2014", "2014-02-03"),
        ("Mo, 3. März 2014, 10:00 Uhr", "2014-03-03T10:00"),
        ("3 mrt 2014", "2014-03-03"),
        ("środa, 12 listopada 2014", "2014-11-12"),
        ("3. července 2014", "2014-07-03"),
        ("3. června 2014", "2014-06-03"),
        ("2014. február 3., hétfő", "2014-02-03"),
        ("Lun, 03 Noi 2014 10:00:00 +0200", "2014-11-03T08:00:00Z"),
        ("den 3 februari 2014 kl. 10.30", "2014-02-03T10:30"),
        ("lørdag den 3. maj 2014", "2014-05-03"),
        ("3. helmikuuta 2014 10.30", "2014-02-03T10:30"),
        ("3 Φεβρουαρίου 2014", "2014-02-03"),
        ("3 февраля 2014 г. в 10:00", "2014-02-03T10:00"),
        ("10:00, 3 февраля 2014", "2014-02-03T10:00"),
        ("3 лютого 2014", "2014-02-03"),
        ("3 ноември 2014", "2014-11-03"),
        ("3 Şubat 2014 Pazartesi 10:00", "2014-02-03T10:00"),
        ("Çar, 05 KASIM 2014 10:00:00 +0200", "2014-11-05T08:00:00Z"),
        ("٣ فبراير ٢٠١٤", "2014-02-03"),
        ("3 كانون الثاني 2014", "2014-01-03"),
        ("3 ژانویه 2014", "2014-01-03"),
        ("3 בפברואר 2014", "2014-02-03"),
        ("3 फ़रवरी 2014", "2014-02-03"),
        ("Senin, 3 Agustus 2015 10.30 WIB", "2015-08-03T03:30Z"),
        ("Thứ Hai, ngày 3 tháng 2 năm 2014", "2014-02-03"),
        ("วันจันทร์ที่ 3 กุมภาพันธ์ พ.ศ. 2557 เวลา 10:00 น.", "2014-02-03T10:00"),
        ("3 ก.พ. 2014", "2014-02-03"),
        ("2014年2月3日(月) 10時30分", "2014-02-03T10:30"),
        ("2014年2月3日 星期一 10:30:05", "2014-02-03T10:30:05"),
        ("2014년 2월 3일 오후 3:05", "2014-02-03T15:05"),
        ("2014. 2. 3.", "2014-02-03"),
    ],
)
def test_the_languages_of_the_large_press_are_read(found, value):
    assert dates.parse(found).value == value


def test_the_language_of_months_and_weekday_need_not_be_the_same():
    assert dates.parse("Mon, 03 Okt 2016 10:00:00 +0200").value == "2016-10-03T08:00:00Z"


@pytest.mark.parametrize("found", ["13/01/2023", "01/13/2023", "13.1.2023", "2023/1/13", "2023.01.13."])
def test_numbers_are_read_in_the_one_order_that_they_can_have(found):
    assert dates.parse(found).value == "2023-01-13"


@pytest.mark.parametrize(
    "found",
    [
        "12 listopada 2014",  # November in Polish, October in Croatian
        "3 lip 2014",
        "09/01/2023",
        "9.1.2023",
        "13/13/2023",
        "23/01/13",
        "3 Feb 14",
        "Feb 3 14 10:00",
        "3 ก.พ. 57 10:00",
        "3 Feb 2557",
        "令和6年1月1日",
        "before 3 February 2014",
        "3 February 2014 or later",
        "3-5 February 2014",
        "3 February",
        "February 2014",
        "3 February 2014 14:00 pm",
        "3 February 2014 0:30 pm",
        "3 February 2014 10:00 am pm",
        "3 February 2014 25:00",
        "3 February 2014 kl 24:00",
        "31 février 2014",
        "3 février 14 10:00 février",
        "2014-034",
        "2014年13月3日",
        "10:00",
        "3 hours ago",
        "Mon, Mon Feb 2014",
    ],
)
def test_what_could_be_another_day_or_none_is_absent(found):
    assert dates.parse(found) == dates.absent(found)


def test_every_abbreviation_that_feeds_write_in_english_is_english():
    for number, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1):
        assert dates.parse(f"03 {name} 2014").value == f"2014-{number:02}-03"


@given(st.text("0123456789:.-/, +hTZ年月日時分()abdeilmnoprstuvyFMÄéфевралят\u0e01\u0e1e\u0301", max_size=60))
def test_any_text_is_a_moment_or_none(text):
    moment = spelled.read(text)
    assert moment is None or len(moment) == len(("year", "month", "day", "clock"))


@given(
    st.dates(min_value=dates.date(1600, 1, 1), max_value=dates.date(2099, 12, 31)),
    st.sampled_from(sorted(months.NAMES)),
)
def test_a_date_in_any_language_is_that_day_or_absent(day, language):
    for form in months.NAMES[language].split()[day.month - 1].split("/"):
        found = dates.parse(f"{day.day} {form.replace(':', '')} {day.year}")
        assert found.value in {day.isoformat(), None}
