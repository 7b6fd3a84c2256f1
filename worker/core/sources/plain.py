"""A list of URLs, one a line. `#` begins a comment, at the start of a line or behind white space: elsewhere it is the URL's."""

from __future__ import annotations

import re
from typing import Final

from worker.core.sources.difference import Wanted, Wrong
from worker.core.sources.urls import checked

_COMMENT: Final = re.compile(r"(?:^|\s)#.*")


def read(text: str, name: str) -> tuple[list[Wanted], list[Wrong]]:
    """What it lists, and the lines that hold something else."""
    wanted, wrong = [], []
    for number, line in enumerate(text.splitlines(), 1):
        url, where = _COMMENT.sub("", line).strip(), f"{name}, line {number}"
        if not url:
            continue
        try:
            wanted.append(Wanted(checked(url), where))
        except ValueError as error:
            wrong.append(Wrong(where, f"{error}; put # before what is no URL"))
    return wanted, wrong
