"""What a definition names, put in place of the names.

A secret is found as a setting is, with `secret_` before its name: `acme` is the file secret_acme in NEWS_WORKER_SECRETS_DIR, else
the variable NEWS_WORKER_SECRET_ACME. So who may define sources can't have any file or variable sent to a server of theirs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from worker.model import Definition, Fault, FaultKind, Validators
from worker.sources.feed.asked import Request
from worker.sources.feed.place import basic

# By name; None: there is none. OSError, ValueError: it is there and can't be read.
Secrets = Callable[[str], str | None]

_NAME = re.compile(r"[A-Za-z0-9_]{1,100}")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110, section 5.6.2
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_LARGEST = 64 * 1024


def secrets_from(folder: Path | None, environment: Mapping[str, str]) -> Secrets:
    """Looked up anew each time, so that a secret can be changed while the worker runs.

    A line break at the end of a file is no part of it.
    """

    def find(name: str) -> str | None:
        if not _NAME.fullmatch(name):
            return None
        file = None if folder is None else folder / f"secret_{name}"
        if file is not None and file.is_file():
            with file.open(encoding="utf-8") as opened:
                return opened.read(_LARGEST).removesuffix("\n").removesuffix("\r")
        return environment.get(f"NEWS_WORKER_SECRET_{name.upper()}")

    return find


def request_of(
    definition: Definition, validators: Validators | None, moved: str | None, secrets: Secrets
) -> Request | Fault:
    """What to ask for a source. Fault UNCONFIGURED: a secret that it names is missing, or can't be part of a request."""
    headers: list[tuple[str, str]] = []
    for header, name in definition.headers:
        value = found_secret(name, secrets)
        if isinstance(value, Fault):
            return value
        if not _HEADER.fullmatch(header):
            return _unconfigured("it has a header whose name can't be one; mend its definition")
        headers.append((header, value))
    authorization = None
    if definition.credentials is not None:
        value = found_secret(definition.credentials, secrets)
        if isinstance(value, Fault):
            return value
        if ":" not in value:
            return _unconfigured(f"the secret {definition.credentials!r} must be user:password")
        authorization = basic(value)
    return Request(
        url=definition.url,
        validators=validators,
        moved=moved,
        headers=tuple(headers),
        authorization=authorization,
        ca_file=Path(definition.ca_file) if definition.ca_file else None,
    )


def found_secret(name: str, secrets: Secrets) -> str | Fault:
    """What it holds; a Fault where it is missing, or can't be read or used."""
    if not _NAME.fullmatch(name):
        return _unconfigured(f"a secret can't be named {name[:100]!r}; letters, digits and '_' can be in its name")
    try:
        value = secrets(name)
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        return _unconfigured(f"the secret {name!r} can't be read: {error.strerror}{where}")
    except ValueError:
        return _unconfigured(f"the secret {name!r} can't be read: the file secret_{name} is no UTF-8")
    if not value:
        return _unconfigured(
            f"the secret {name!r} is missing; put it into the file secret_{name} of NEWS_WORKER_SECRETS_DIR or set"
            f" NEWS_WORKER_SECRET_{name.upper()}"
        )
    if _CONTROLS.search(value):
        return _unconfigured(f"the secret {name!r} holds a line break or another control character")
    return value


def _unconfigured(message: str) -> Fault:
    return Fault(FaultKind.UNCONFIGURED, message)
