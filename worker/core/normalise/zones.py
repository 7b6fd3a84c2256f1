"""Zone names as offsets: only those with one meaning the world over.

Left out on purpose: CST (America, China, Cuba), IST (India, Israel, Ireland), BST (Britain, Bangladesh), AST (Atlantic, Arabia),
MSK (another offset from 2011 to 2014), the military letters (RFC 822 had their signs wrong, RFC 2822 section 4.3).
"""

from __future__ import annotations

import re
from functools import lru_cache

# Minutes east of UTC. The American ones, but CST, are RFC 822's.
NAMES = {
    **dict.fromkeys(("UT", "GMT", "UTC", "Z", "WET"), 0),
    **dict.fromkeys(("CET", "MEZ", "MET", "WEST", "WAT"), 60),
    **dict.fromkeys(("CEST", "MESZ", "MEST", "EET", "SAST", "CAT"), 120),
    **dict.fromkeys(("EEST", "EAT"), 180),
    "PKT": 300,
    "NPT": 345,
    **dict.fromkeys(("WIB", "ICT"), 420),
    **dict.fromkeys(("WITA", "HKT", "SGT", "PHT", "AWST"), 480),
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
_NUMERIC = re.compile(r"([+-])([0-9]{2}):?([0-9]{2})?")
_WESTMOST, _EASTMOST = -12 * 60, 14 * 60


@lru_cache(maxsize=1024)
def offset_minutes(zone: str) -> int | None:
    """Minutes east of UTC, or None when the name has no known or no single meaning.

    ValueError for an offset that no place on Earth has, and for AM and PM: they are no zones, and the hour means another one.
    """
    found = _NUMERIC.fullmatch(zone)
    if found is None:
        name = zone.upper()
        if name in ("AM", "PM"):
            raise ValueError(zone)
        return NAMES.get(name)
    minutes = int(found[2]) * 60 + int(found[3] or 0)
    offset = -minutes if found[1] == "-" else minutes
    if int(found[3] or 0) > 59 or not _WESTMOST <= offset <= _EASTMOST:  # noqa: PLR2004 (minutes of an hour)
        raise ValueError(zone)
    return offset
