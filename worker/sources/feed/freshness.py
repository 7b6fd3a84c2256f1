"""How long a server asks to be left alone: RFC 9111 (Cache-Control, Age, Expires) and RFC 9110, section 10.2.3 (Retry-After)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_MOST_S = 86_400.0  # of freshness: who says ten years means that a picture never changes, and says it of all files
_DIRECTIVE = re.compile(r'([A-Za-z-]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s,;]*)))?')
_DELTA = re.compile(r"[0-9]+")
_DIGITS = 18  # a number has more than the age of the universe in them


def max_age(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds from now for which the answer says it is fresh, at most a day; None: it doesn't say, or says not to store it."""
    control = {
        name.lower(): quoted or bare for name, quoted, bare in _DIRECTIVE.findall(headers.get("Cache-Control", ""))
    }
    if control.keys() & {"no-cache", "no-store"}:
        return None
    if "max-age" in control:
        stated = _seconds(control["max-age"])
        return None if stated is None else _bounded(stated - (_seconds(headers.get("Age", "")) or 0.0))
    expires = _instant(headers.get("Expires", ""))
    return None if expires is None else _bounded((expires - _date(headers, now)).total_seconds())


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds from now, as asked for and not bounded; of a date, against the answer's own Date, and 0 if that is past."""
    value = headers.get("Retry-After", "").strip()
    if (stated := _seconds(value)) is not None:
        return stated
    until = _instant(value)
    return None if until is None else max(0.0, (until - _date(headers, now)).total_seconds())


def _bounded(seconds: float) -> float:
    return min(max(0.0, seconds), _MOST_S)


def _seconds(value: str) -> float | None:
    return float(value[:_DIGITS]) if _DELTA.fullmatch(value) else None


def _date(headers: Mapping[str, str], now: datetime) -> datetime:
    return _instant(headers.get("Date", "")) or now


def _instant(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
