"""When an article was published, as exactly as that is known and no more (design.md section 6).

Only what has one meaning is read: ISO 8601, RFC 3339, RFC 822/2822, what `spelled` knows, and the counts of seconds or
milliseconds that databases export. Whatever is doubtful is absent with its raw text kept: a missing date is better than a
wrong one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

from worker.core.normalise import spelled
from worker.core.normalise.text import fold
from worker.core.normalise.zones import offset_minutes, setting

# The first full year of the Gregorian calendar: what is below comes from another one (Persia's 1402, Islam's 1445) or is a
# database's placeholder (0001-01-01). What is above is Thai (2566), a slip, or says "never" (9999).
FIRST_YEAR, LAST_YEAR = 1583, 2100
# Numbers are instants only where seconds and milliseconds can't be mistaken for each other or for a year or an id: 1990 to 2100.
_FIRST_SECOND, _LAST_SECOND = 631_152_000, 4_102_444_800

_LONGEST = 80  # characters that a date may have
_RAW_KEPT = 200

_PARTIAL = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_ZONE = r"([+-][0-9]{2}:?[0-9]{2}|[+-][0-9]{2}|(?![AaPp][Mm]$)[A-Za-z][A-Za-z0-9+:/_-]*)?"
_ISO = re.compile(
    rf"([0-9]{{4}})-([0-9]{{2}})-([0-9]{{2}})[Tt ]([0-9]{{2}}):([0-9]{{2}})(?::([0-9]{{2}})(?:[.,][0-9]+)?)? ?{_ZONE}"
)
_BASIC = re.compile(
    rf"([0-9]{{4}})([0-9]{{2}})([0-9]{{2}})(?:[Tt]([0-9]{{2}})([0-9]{{2}})(?:([0-9]{{2}})(?:[.,][0-9]+)?)?{_ZONE})?"
)
_RFC_2822 = re.compile(
    r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? )?([0-9]{1,2}) ([a-z]{3,9}) ([0-9]{4})"
    rf"(?: ([0-9]{{1,2}}):([0-9]{{2}})(?::([0-9]{{2}})(?:\.[0-9]+)?)? ?{_ZONE}(?: ?\([^()]*\))?)?",
    re.IGNORECASE,
)
_NAMES = "january february march april may june july august september october november december".split()
_MONTHS = {form: number for number, name in enumerate(_NAMES, 1) for form in (name, name[:3])} | {"sept": 9}
_LEAP_SECOND = "60"
_SECOND, _MINUTE = timedelta(seconds=1), timedelta(minutes=1)
_CLOCKED = {"minute": (_MINUTE, "minutes"), "second": (_SECOND, "seconds")}
# The first zone is 14 hours ahead of UTC, the last one 12 hours behind.
_EARLIEST, _LATEST = timedelta(hours=14), timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Published:
    """A date as far as it is known. `start` and `end`: the half-open interval it lies in, RFC 3339 in UTC.

    Without a zone `value` has no Z, and the interval covers every zone from +14:00 to -12:00.
    """

    value: str | None  # 2023, 2023-01, 2023-01-09, 2023-01-09T10:00Z, with seconds only when given
    precision: str | None  # year, month, day, minute, second
    start: str | None
    end: str | None
    basis: str  # declared; updated: only when it was last changed; inferred: by the source's zone setting; absent
    raw: str | None  # the text as found


def absent(raw: str | None = None) -> Published:
    """No date; `raw` is what was found in its place, if anything was."""
    return Published(None, None, None, None, "absent", _kept(raw) if raw else None)


def partial(text: str, raw: str | None = None) -> Published:
    """A year, month or day: YYYY[-MM[-DD]]. Absent, with the text as raw, when there is no such date."""
    raw = text if raw is None else raw
    found = _PARTIAL.fullmatch(text)
    if found is None:
        return absent(raw)
    year, month, day = found.groups()
    try:
        return _period(int(year), month and int(month), day and int(day), raw)
    except ValueError:
        return absent(raw)


def parse(value: str | float | None, zone: str | None = None) -> Published:
    """What a feed or a JSON record declares. Never raises; what can't be trusted is absent with its raw text kept.

    A number is seconds or milliseconds since the Unix epoch, in UTC. A zone that isn't known by one meaning leaves local
    time, never UTC. 24:00 is refused: the day's end in ISO 8601, its beginning where programs count hours from 1 to 24. A
    leap second leaves the minute. `zone`: the source's setting, for what says none itself (see `zones.setting`).
    """
    if value is None or isinstance(value, bool):
        return absent()
    if not isinstance(value, str):
        return _epoch(value)
    found = _parse(value) if len(value) <= _LONGEST else absent(fold(value))
    return _placed(found, zone) if zone else found


def chosen(published: str | None, updated: str | None, zone: str | None = None) -> Published:
    """What an entry of a feed declares, or, where that can't be read, when it was last changed: then basis is `updated`."""
    declared = parse(published, zone)
    if declared.value is None and (changed := parse(updated, zone)).value is not None:
        return replace(changed, basis="updated")
    return declared if declared.raw else absent(updated)


def seconds(value: str | None) -> int:
    """The instant in seconds since the epoch; 0 when there is none, or time or zone aren't known."""
    found = instant(parse(value))
    return max(0, int(datetime.fromisoformat(found).timestamp())) if found else 0


def instant(published: Published) -> str | None:
    """The instant in RFC 3339, UTC, whole seconds, where time and zone are known (a minute counts from its start)."""
    return published.start if published.value and published.value.endswith("Z") else None


@lru_cache(maxsize=4096)
def _parse(text: str) -> Published:
    plain = text if text.isascii() and text.isprintable() else fold(text)
    plain = plain.strip()
    if len(plain) <= len("YYYY-MM-DD") and _PARTIAL.fullmatch(plain):
        return partial(plain, raw=text)
    found = _ISO.fullmatch(plain) or _BASIC.fullmatch(plain)
    if found:
        year, month, day, *clock = found.groups()
    else:
        found = _RFC_2822.fullmatch(plain)
        number = _MONTHS.get(found[2].lower()) if found else None
        if found is None or number is None:
            return _spelled(plain, text)
        day, _, year, *clock = found.groups()
        month = str(number)
    try:
        if clock[0] is None:
            return _period(int(year), int(month), int(day), text)
        return _moment((int(year), int(month), int(day)), clock, text)
    except ValueError:
        return absent(text)


def _spelled(plain: str, raw: str) -> Published:
    found = spelled.read(plain) if plain else None
    if found is None:
        return absent(raw if plain else None)
    year, month, day, clock = found
    try:
        return _moment((year, month, day), clock, raw) if clock else _period(year, month, day, raw)
    except ValueError:
        return absent(raw)


def _placed(found: Published, zone: str) -> Published:
    """A date without zone by the one that its source is in. An hour that a change of clocks skips or repeats stays local."""
    place = setting(zone)
    if place is None or found.value is None or found.start is None or found.end is None or found.value.endswith("Z"):
        return found
    value = found.value
    if found.precision in _CLOCKED:
        local = datetime.fromisoformat(value)
        start, end = _in_utc(local, place, fold=0), _in_utc(local, place, fold=1)
        if start == end:
            value = f"{start.isoformat(timespec=_CLOCKED[found.precision][1])}Z"
        start, end = min(start, end), max(start, end) + _CLOCKED[found.precision][0]
    else:
        # The interval over all zones begins the day before and ends on the day after.
        start = _in_utc(datetime.fromisoformat(found.start[:10]) + timedelta(days=1), place, fold=0)
        end = _in_utc(datetime.fromisoformat(found.end[:10]), place, fold=0)
    return replace(found, value=value, start=f"{start.isoformat()}Z", end=f"{end.isoformat()}Z", basis="inferred")


def _in_utc(local: datetime, place: tzinfo, *, fold: int) -> datetime:
    return local.replace(tzinfo=place, fold=fold).astimezone(UTC).replace(tzinfo=None)


def _period(year: int, month: int | str | None, day: int | str | None, raw: str) -> Published:
    """ValueError when the calendar has no such date."""
    first = date(_sane(year), 1 if month is None else int(month), 1 if day is None else int(day))
    if month is None:
        value, precision, after = f"{year}", "year", date(year + 1, 1, 1)
    elif day is None:
        value, precision, after = (
            f"{year}-{first.month:02}",
            "month",
            date(year + first.month // 12, first.month % 12 + 1, 1),
        )
    else:
        value, precision, after = first.isoformat(), "day", first + timedelta(days=1)
    # 14 hours before midnight and 12 after.
    start = first - timedelta(days=1)
    return Published(value, precision, f"{start}T10:00:00Z", f"{after}T12:00:00Z", "declared", _kept(raw))


def _moment(day: tuple[int, int, int], clock: Sequence[str | None], raw: str) -> Published:
    """`clock`: hour, minute, second, zone. ValueError when calendar or clock have no such moment."""
    hour, minute, second, zone = clock
    if second == _LEAP_SECOND:
        second = None
    precision = "second" if second else "minute"
    unit, timespec = _CLOCKED[precision]
    local = datetime(_sane(day[0]), day[1], day[2], int(hour or 0), int(minute or 0), int(second or 0))  # noqa: DTZ001 (its zone comes next)
    offset = offset_minutes(zone) if zone else None
    if offset is None:
        start, end = local - _EARLIEST, local + unit + _LATEST
        value = local.isoformat(timespec=timespec)
    else:
        start = local - timedelta(minutes=offset) if offset else local
        end = start + unit
        value = f"{start.isoformat(timespec=timespec)}Z"
    return Published(value, precision, f"{start.isoformat()}Z", f"{end.isoformat()}Z", "declared", _kept(raw))


def _epoch(number: float) -> Published:
    try:
        raw = str(number)
    except ValueError:  # Python writes no integer of more than 4,300 digits
        return absent()
    seconds = number if abs(number) < _LAST_SECOND else number // 1000
    if not _FIRST_SECOND <= seconds < _LAST_SECOND:  # nor is NaN
        return absent(raw)
    start = datetime.fromtimestamp(int(seconds), UTC).replace(tzinfo=None)
    value = f"{start.isoformat()}Z"
    return Published(value, "second", value, f"{(start + _SECOND).isoformat()}Z", "declared", raw)


def _sane(year: int) -> int:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(year)
    return year


def _kept(raw: str) -> str:
    return (raw if raw.isascii() and raw.isprintable() else fold(raw))[:_RAW_KEPT]
