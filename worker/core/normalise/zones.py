"""Zone names as offsets: only those with one meaning the world over.

Frozen: an entry's date, and so its contentHash, comes from it. Left out on purpose: CST (America, China, Cuba; RFC 822
means the first, Chinese feeds in its form the second), IST (India, Israel, Ireland), BST (Britain, Bangladesh), AST
(Atlantic, Arabia), GST (Gulf, Georgia), MSK (another offset from 2011 to 2014), and the military letters (RFC 822 had their
signs wrong, RFC 2822 section 4.3).
"""

from __future__ import annotations

import re
from datetime import timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# Minutes east of UTC. The American ones, but CST, are RFC 822's.
NAMES = {
    **dict.fromkeys(("UT", "GMT", "UTC", "Z", "WET"), 0),
    **dict.fromkeys(("CET", "MEZ", "MET", "WEST", "WAT"), 60),
    **dict.fromkeys(("CEST", "MESZ", "MEST", "EET", "SAST", "CAT"), 120),
    **dict.fromkeys(("EEST", "EAT", "IDT"), 180),
    "IRST": 210,
    "AFT": 270,
    **dict.fromkeys(("PKT", "UZT"), 300),
    "NPT": 345,
    "MMT": 390,
    **dict.fromkeys(("WIB", "ICT"), 420),
    **dict.fromkeys(("WITA", "HKT", "SGT", "MYT", "PHT", "AWST"), 480),
    **dict.fromkeys(("JST", "KST", "WIT"), 540),
    "ACST": 570,
    "AEST": 600,
    "ACDT": 630,
    "AEDT": 660,
    "NZST": 720,
    "NZDT": 780,
    "NDT": -150,
    **dict.fromkeys(("BRT", "ART", "ADT"), -180),
    "NST": -210,
    "EDT": -240,
    **dict.fromkeys(("EST", "CDT"), -300),
    "MDT": -360,
    **dict.fromkeys(("MST", "PDT"), -420),
    **dict.fromkeys(("PST", "AKDT"), -480),
    "AKST": -540,
    "HST": -600,
}
# As JavaScript writes it, GMT+0100 is an hour ahead.
_NUMERIC = re.compile(
    r"(?:gmt|utc)?([+-])([0-9]{2}):?([0-9]{2})?|(?:gmt|utc)([+-])([0-9])(?::([0-9]{2}))?", re.IGNORECASE
)
_WESTMOST, _EASTMOST = -12 * 60, 14 * 60


@lru_cache(maxsize=1024)
def offset_minutes(zone: str) -> int | None:
    """Minutes east of UTC, or None when the name has no known or no single meaning.

    ValueError for an offset that no place on Earth has.
    """
    found = _NUMERIC.fullmatch(zone)
    if found is None:
        return NAMES.get(zone.upper())
    sign, hours, minutes = found.groups()[:3] if found[1] else found.groups()[3:]
    distance = int(hours) * 60 + int(minutes or 0)
    offset = -distance if sign == "-" else distance
    if int(minutes or 0) > 59 or not _WESTMOST <= offset <= _EASTMOST:  # noqa: PLR2004 (minutes of an hour)
        raise ValueError(zone)
    return offset


@lru_cache(maxsize=256)
def setting(zone: str) -> tzinfo | None:
    """What a source's zone setting means: an IANA name or ±HH:MM. None: this machine knows no such zone."""
    try:
        if _NUMERIC.fullmatch(zone):
            return timezone(timedelta(minutes=offset_minutes(zone) or 0))
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
