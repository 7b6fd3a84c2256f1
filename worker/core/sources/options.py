"""The options of a source, one table for whoever writes them: the command line, TOML, OPML, the stored record.

A parser takes what a file or a person gave (text, or a value of TOML) and raises ValueError with a sentence that says what to
give instead. A secret is named, never held: what looks like a value isn't repeated in an error.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from worker.core.normalise import zones

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_SHORTEST, _LONGEST_S = 60, 7 * 86_400
_INTERVAL: Final = re.compile(r"([0-9]{1,9})\s*([smhd]?)")
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SECRET: Final = re.compile(r"[A-Za-z0-9_]{1,100}")
_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")  # a token of RFC 9110, section 5.6.2
_OURS: Final = frozenset(
    "accept-encoding connection content-length content-type host if-modified-since if-none-match keep-alive te trailer"
    " transfer-encoding upgrade user-agent".split()
)
_MOST_HEADERS: Final = 20
_MOST_UPDATES: Final = 10_000
_LONGEST_TITLE: Final = 500
_UNPRINTABLE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]+"
)  # what OPML, being XML, can't hold is among it


def source_id(value: object) -> str:
    """An id as it may be given."""
    if not _ID.fullmatch(text := _text(value)):
        raise ValueError(f"{text!r} can't be an id: letters, digits, '.', '_' and '-', 100 at most")
    return text


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a text is expected, and this is empty or none")
    return value.strip()


def _title(value: object) -> str | None:
    return " ".join(_UNPRINTABLE.sub(" ", str(value)).split())[:_LONGEST_TITLE] or None


def _folder(value: object) -> tuple[str, ...]:
    names = value if isinstance(value, list | tuple) else [value]
    return tuple(name for one in names if (name := _title(one)))


def _interval(value: object) -> int:
    found = None if isinstance(value, bool) else _INTERVAL.fullmatch(str(value).strip())
    seconds = int(found[1]) * _UNITS[found[2] or "s"] if found else 0
    if not _SHORTEST <= seconds <= _LONGEST_S:
        raise ValueError(f"{value!r} can't be an interval: give one from 60s to 7d, such as 30m")
    return seconds


def _interval_text(seconds: int) -> str:
    unit = next(unit for unit in "dhms" if seconds % _UNITS[unit] == 0)
    return f"{seconds // _UNITS[unit]}{unit}"


def _initial(value: object) -> str:
    said = str(value).strip().removeprefix("since").strip()
    if said in ("publish", "skip"):
        return said
    try:
        return date.fromisoformat(said).isoformat()
    except ValueError:
        raise ValueError(f"{value!r} can't be `initial`: give publish, skip, or a date such as 2026-01-31") from None


def _updates(value: object) -> str:
    if value not in ("all", "none"):
        raise ValueError(f"{value!r} can't be `updates`: give all or none")
    return str(value)


def _daily_updates(value: object) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch("[0-9]{1,5}", text) or not 1 <= int(text) <= _MOST_UPDATES:
        raise ValueError(f"{value!r} can't be `daily_updates`: give a number from 1 to {_MOST_UPDATES}")
    return int(text)


def _zone(value: object) -> str:
    zone = _text(value)
    if zones.setting(zone) is None:
        raise ValueError(f"{zone!r} is no time zone of this Earth: give a name such as Europe/Berlin, or +02:00")
    return zone


def _headers(value: object) -> tuple[tuple[str, str], ...]:
    if isinstance(value, dict):
        pairs = [(str(name), secret) for name, secret in value.items()]
    else:
        listed = value if isinstance(value, list | tuple) else str(value).split(",")
        split = [str(one).partition("=") for one in listed]
        pairs = [(name.strip(), secret.strip()) for name, _, secret in split]
    headers = []
    for name, secret in pairs:
        if not _HEADER.fullmatch(name):
            raise ValueError("a header is given as NAME=SECRET, SECRET the name of the secret that holds its value")
        if name.lower() in _OURS:
            raise ValueError(f"the header {name} is the worker's own to set")
        headers.append((name, _secret(secret)))
    if len({name.lower() for name, _ in headers}) < len(headers) or len(headers) > _MOST_HEADERS:
        raise ValueError(f"headers: each once, {_MOST_HEADERS} at most")
    return tuple(headers)


def _secret(value: object) -> str:
    if not isinstance(value, str) or not _SECRET.fullmatch(value):
        raise ValueError(
            "expected is the name of a secret, of letters, digits and '_', and never its value: that is in the file secret_NAME"
            " of NEWS_WORKER_SECRETS_DIR, or in the variable NEWS_WORKER_SECRET_NAME"
        )
    return value


def _file(value: object) -> str:
    path = _text(value)
    if not path.startswith("/"):
        raise ValueError(f"{path!r} can't be used: give an absolute path on the worker's machine")
    return path


def _one_of(*words: str) -> Callable[[object], str]:
    def parse(value: object) -> str:
        known = {word.lower(): word for word in words}
        if (found := known.get(str(value).strip().lower())) is None:
            raise ValueError(f"{value!r} is none of {', '.join(words)}")
        return found

    return parse


def _share(value: object) -> tuple[int, int]:
    text = "/".join(map(str, value)) if isinstance(value, list | tuple) else str(value).strip()
    found = re.fullmatch("([0-9]{1,4})/([0-9]{1,4})", text)
    if not found or not int(found[1]) < int(found[2]) or int(found[2]) < 2:  # noqa: PLR2004 (one share is the whole)
        raise ValueError(f"{text!r} can't be a share: give I/N, such as 0/4, 1/4, 2/4 and 3/4 for four of them")
    return int(found[1]), int(found[2])


@dataclass(frozen=True, slots=True)
class Option:
    """How one option is written: `text` is read back by `parse`."""

    field: str  # of model.Definition
    member: str  # of the stored record
    parse: Callable[[object], Any]
    text: Callable[[Any], str] = str


# By the name that files and people use.
OPTIONS: Final[Mapping[str, Option]] = {
    "title": Option("title", "title", _title),
    "folder": Option("folder", "folder", _folder, "/".join),
    "interval": Option("interval_s", "intervalSeconds", _interval, _interval_text),
    "initial": Option("initial", "initial", _initial),
    "updates": Option("updates", "updates", _updates),
    "daily_updates": Option("daily_updates", "dailyUpdates", _daily_updates),
    "zone": Option("zone", "zone", _zone),
    "headers": Option("headers", "headers", _headers, lambda headers: ", ".join(map("=".join, headers))),
    "credentials": Option("credentials", "credentials", _secret),
    "ca_file": Option("ca_file", "caFile", _file),
    "format": Option("format", "format", _one_of("auto", "articles", "feed")),
    "share": Option("share", "share", _share, lambda share: "{}/{}".format(*share)),
    "security": Option("security", "security", _one_of("plaintext", "ssl", "sasl_plaintext", "sasl_ssl")),
    "sasl_mechanism": Option("sasl_mechanism", "saslMechanism", _one_of("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")),
    "certificate_file": Option("certificate_file", "certificateFile", _file),
    "key_file": Option("key_file", "keyFile", _file),
}
# Whatever the source is; and what means something to one kind alone.
_OF_ALL: Final = frozenset(("title", "folder", "credentials", "ca_file"))
_OF_TOPICS: Final = frozenset(("format", "share", "security", "sasl_mechanism", "certificate_file", "key_file"))


def is_of(name: str, kind: str) -> bool:
    """Whether the option means something to a source of that kind, feed or topic."""
    return name in _OF_ALL or (name in _OF_TOPICS) == (kind == "topic")


def check_kind(kind: str, fields: Iterable[str]) -> None:
    """ValueError: an option means nothing to a source of that kind. `fields`: of a definition."""
    for name, option in OPTIONS.items():
        if option.field in fields and not is_of(name, kind):
            whose = "topics" if name in _OF_TOPICS else "feeds"
            raise ValueError(f"{name} is an option of {whose}, and this source is a {kind}: leave it out")


def parsed(given: Mapping[str, object]) -> dict[str, Any]:
    """Values for the fields of a definition, of options by their names. ValueError: unknown, or not to be used."""
    values = {}
    for name, value in given.items():
        if name not in OPTIONS:
            near = difflib.get_close_matches(name, OPTIONS, n=1)
            instead = f"did you mean {near[0]}?" if near else f"there are {', '.join(OPTIONS)}"
            raise ValueError(f"there is no option {name!r}; {instead}")
        values[OPTIONS[name].field] = _named(name, value)
    return values


def _named(name: str, value: object) -> Any:
    try:
        return OPTIONS[name].parse(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
