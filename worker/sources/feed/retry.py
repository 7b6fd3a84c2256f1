"""How long a server asks to be left alone (RFC 9110, section 10.2.3).

How fresh it calls an answer is not looked at: how often to ask is the operator's to say, and many servers say ten years of
all files alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_DELTA = re.compile(r"[0-9]+")
_DIGITS = 18  # a number has more than the age of the universe in them


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds from now, as asked for and not bounded; of a date, against the answer's own Date, and 0 if that is past."""
    value = headers.get("Retry-After", "").strip()
    if (stated := _seconds(value)) is not None:
        return stated
    until = _instant(value)
    return None if until is None else max(0.0, (until - _date(headers, now)).total_seconds())


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
