"""Dates as people and their programs write them: month names of many languages, asctime, numbers with one possible order.

A text is cut into tokens; only a few orders of them are a date, and a word that isn't known makes it none: "before 3 February
2014" says something else than "3 February 2014".
"""

from __future__ import annotations

import re

from worker.core.normalise.months import is_weekday, month, plain

# Hour, minute, second, zone, as digits and name.
Clock = tuple[str, str, str | None, str | None]
# Year, month, day, and the clock if there is one.
Moment = tuple[int, int, int, Clock | None]

_BUDDHIST = range(2484, 2700)  # from 1941 on the Thai year begins in January
_BUDDHIST_AHEAD = 543
_MONTHS, _NOON = 12, 12

_COMMENT = re.compile(r"\([^()]*\)")
# What is several words, or several signs in one, before tokens are cut. The text is `plain` by then.
_JOINED = (
    (re.compile(r"\b(كانون|تشرين|يوم|יום|ביום|thu|chu) (?=\w)"), r"\1"),
    (re.compile(r"\b(?:ngay )?([0-9]{1,2}) thang ([0-9]{1,2}),? (?:nam )?([0-9]{4})"), r" \3-\2-\1 "),
    (re.compile(r"\bthang (?:muoi (?=mot|hai))?(?=\w)"), lambda found: found[0].replace(" ", "")),
    (re.compile(r"\b([ap])\.? m\b\.?"), r"\1m"),
    (re.compile(r"([0-9]{4}) ?[年년] ?([0-9]{1,2}) ?[月월] ?([0-9]{1,2}) ?[日일号號]"), r" \1-\2-\3 "),
    (re.compile(r"([0-9]{1,2}) ?[时時點点시] ?([0-9]{1,2}) ?[分분] ?([0-9]{1,2}) ?[秒초]"), r" \1:\2:\3 "),
    (re.compile(r"([0-9]{1,2}) ?[时時點点시] ?([0-9]{1,2}) ?[分분]"), r" \1:\2 "),
    (re.compile(r"午前|上午|오전"), " am "),
    (re.compile(r"午後|下午|오후"), " pm "),
)
_LETTERS = r"[^\s\x00-@\[-`{-\x7f،–—·•]+"
# What an offset's sign belongs to is told by the clock before it; all other signs part words and numbers.
_TOKEN = re.compile(
    rf"""
      (?<![0-9.:])(?P<hour>[0-9]{{1,2}})(?::|\ ?h\ ?|\.(?![0-9]+\.))(?P<minute>[0-9]{{2}})
        (?:[:.](?P<second>[0-9]{{2}})(?:[.,][0-9]+)?)?(?![0-9:])
        (?:\ ?(?P<offset>(?:gmt|utc)?[+-][0-9]{{1,2}}(?::?[0-9]{{2}})?)(?![0-9]))?
    | (?<![0-9])(?P<one>[0-9]{{1,4}})\ ?(?P<sign>[-/.])\ ?(?P<two>[0-9]{{1,2}})\ ?(?P=sign)\ ?(?P<three>[0-9]{{1,4}})(?![0-9])
    | (?<![0-9])(?P<number>[0-9]{{1,4}})(?:(?:st|nd|rd|th|er|re|o|a|°|ης|η|-?го)(?!{_LETTERS}))?(?![0-9])
    | (?P<word>{_LETTERS}(?:[.'_/-]{_LETTERS})*)
    | (?P<blank>[\s,،.·•|–—/@-]+)
    """,
    re.VERBOSE,
)
# The orders of tokens that are dates. N: a number of up to two digits, Y: of four, D: three numbers, W: a word, C: a clock,
# A: am, pm.
_CLOCK = r"(?P<clock>A?CA?)(?P<zone>W?)"
_DATE = (
    r"(?:(?P<weekday>W?)"
    r"(?:(?P<dmy>NW[YN])|(?P<mdy>WNY)|(?P<ymd>YWN)|(?P<numbers>D))(?P<weekday_after>W?))"
)
_ORDERS = (
    re.compile(rf"{_DATE}(?:{_CLOCK})?"),
    re.compile(rf"(?P<clock>CA?)(?P<zone>){_DATE}"),
    re.compile(rf"(?P<weekday>W?)(?P<asctime>WN){_CLOCK}(?P<year>Y)"),
)
_ZONE_NAME = re.compile(r"[a-z]{1,5}|[a-z]+(?:[/_][a-z]+)+")
_HALVES = {"am": 0, "ص": 0, "πμ": 0, "sa": 0, "pm": _NOON, "م": _NOON, "μμ": _NOON, "ch": _NOON}
# Articles, prepositions, "o'clock", "year": words around a date that change nothing of it.
_FILLERS = frozenset(
    "t on at of the de del di d el la le les l il em a as las um uhr den der kl klo o os dia ore alle godz r v h hs hrs hod "
    "г год года в ч р року о saat pukul jam luc ngay nam m στις الساعة ساعت בשעה เวลา น ที พศ คศ".split()
)
_OF_A_BUDDHIST_YEAR = "พศ"


def read(text: str) -> Moment | None:
    """The date that a text is, and nothing but that. The calendar hasn't been asked whether there is such a day."""
    bare = plain(_COMMENT.sub(" ", text)).strip()
    for sought, joined in _JOINED:
        bare = sought.sub(joined, bare)
    tokens = _tokens(bare)
    shape = "".join(kind for kind, _ in tokens)
    for order in _ORDERS:
        if found := order.fullmatch(shape):
            return _moment(found, tokens, buddhist=_OF_A_BUDDHIST_YEAR in bare.replace(".", ""))
    return None


def _tokens(text: str) -> list[tuple[str, re.Match[str]]]:
    """Each with its letter in `_ORDERS`; a "?" where there is something else, which no order allows."""
    tokens: list[tuple[str, re.Match[str]]] = []
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            return []
        position = found.end()
        if kind := _kind(found, first=not tokens):
            tokens.append((kind, found))
    return tokens


def _kind(found: re.Match[str], *, first: bool) -> str:
    if found["hour"]:
        return "C"
    if found["one"]:
        return "D"
    if number := found["number"]:
        return {1: "N", 2: "N", 4: "Y"}.get(len(number), "?")
    if found["word"]:
        word = _word(found)
        if word in _HALVES:
            return "" if first and word == "am" else "A"  # German: on the
        return "" if word in _FILLERS else "W"
    return ""


def _word(found: re.Match[str]) -> str:
    return found["word"].replace(".", "")


def _moment(order: re.Match[str], tokens: list[tuple[str, re.Match[str]]], *, buddhist: bool) -> Moment | None:
    parts = {name: [token for _, token in tokens[slice(*order.span(name))]] for name in order.re.groupindex}
    weekdays = [_word(token) for name in ("weekday", "weekday_after") for token in parts.get(name, ())]
    clock = _clock(parts["clock"], parts["zone"])
    if not all(map(is_weekday, weekdays)) or (parts["clock"] and clock is None):
        return None
    if numbers := parts.get("numbers"):
        day = _numbers(numbers[0])
        return (*day, clock) if day else None
    return _named(parts, weekdays[0] if weekdays else None, clock, buddhist=buddhist)


def _named(
    parts: dict[str, list[re.Match[str]]], weekday: str | None, clock: Clock | None, *, buddhist: bool
) -> Moment | None:
    """A date with its month as a word."""
    if asctime := parts.get("asctime"):
        word, day, year = *asctime, parts["year"][0]
    elif parts["dmy"]:
        day, word, year = parts["dmy"]
    elif parts["mdy"]:
        word, day, year = parts["mdy"]
    else:
        year, word, day = parts["ymd"]
    meant = month(_word(word), weekday)
    if meant is None:
        return None
    number, thai = meant
    if len(year["number"]) == len("YY"):
        # Beside a clock only, as in RFC 822: "3 Feb 14" may be a range of days, or the year may come first.
        return None if thai or clock is None else (_full_year(int(year["number"])), number, int(day["number"]), clock)
    counted = int(year["number"])
    if (thai or buddhist) and counted in _BUDDHIST:
        counted -= _BUDDHIST_AHEAD
    return counted, number, int(day["number"]), clock


def _full_year(digits: int) -> int:
    """RFC 2822, section 4.3."""
    return digits + (2000 if digits < 50 else 1900)  # noqa: PLR2004 (the RFC's numbers)


def _numbers(found: re.Match[str]) -> tuple[int, int, int] | None:
    """Year, month, day, unless day and month could be the other way round."""
    one, two, three = found["one"], int(found["two"]), found["three"]
    if len(one) == len("YYYY"):
        return (int(one), two, int(three)) if len(three) <= len("DD") else None
    if len(three) != len("YYYY") or len(one) > len("DD"):
        return None
    first = int(one)
    if first > _MONTHS or first == two:
        return int(three), two, first
    return (int(three), first, two) if two > _MONTHS else None


def _clock(tokens: list[re.Match[str]], zone: list[re.Match[str]]) -> Clock | None:
    """None where there is no clock, or none that can be: 14:00 pm, a zone that is no name of one."""
    found = next((token for token in tokens if token["hour"]), None)
    if found is None:
        return None
    hour = int(found["hour"])
    halves = [_HALVES[_word(token)] for token in tokens if token["word"]]
    if halves:
        if len(halves) > 1 or hour > _NOON or (hour == 0 and halves[0]):
            return None
        hour = hour % _NOON + halves[0]
    name = _word(zone[0]) if zone else None
    if name and not _ZONE_NAME.fullmatch(name):
        return None
    return str(hour), found["minute"], found["second"], found["offset"] or name
