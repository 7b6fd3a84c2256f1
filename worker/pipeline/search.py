"""The search for an article that the broker refuses although it was checked: smaller transactions, until it is alone in one."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

import structlog

from worker.errors import BrokerRefused, RecordRefused

log = structlog.get_logger()

_AS_EVER: Final = 256  # articles a transaction at which the search is given up


@dataclass(slots=True)
class Search:
    """What is known of refused articles; they are told by their file's path, or their source's id, and their end in it."""

    most: int | None = None  # articles a transaction, while one is looked for
    suspect: tuple[str, int] | None = None  # the article decided last
    _refused: dict[str, dict[int, int]] = field(default_factory=dict)

    def refused(self, path: str) -> AbstractSet[int]:
        """The ends of a file's articles that are to be rejected."""
        return self.which(path).keys()

    def which(self, path: str) -> Mapping[int, int]:
        """By such an end, which of those that end there is to be rejected, from 1: of a record of a topic there may be several."""
        return self._refused.get(path, {})

    def begin(self) -> None:
        """One article a transaction, until that goes well again and again."""
        self.most = 1

    def narrow(self, transaction: int, error: RecordRefused) -> None:
        """A transaction of so many articles was refused: halve it, or know the one it held. BrokerRefused: known before."""
        # Only while articles go one by one: otherwise the suspect may have been decided after the one that was refused.
        if self.most == 1 and self.suspect:
            path, end = self.suspect
            tried = self.which(path).get(end, 0)
            if tried >= transaction:
                raise BrokerRefused(f"the broker refuses even the rejection of {path} at {end}: {error}") from error
            # An upstream record is not published in parts, so its articles are rejected one after another, each in place of the
            # one before: of what was refused nothing has happened.
            self._refused.setdefault(path, {})[end] = tried + 1
            if transaction == 1:
                self.most = None
                log.warning("article.refused", path=path, position=end, reason=str(error))
            else:
                log.warning("article.suspected", path=path, position=end, which=tried + 1, reason=str(error))
        else:
            self.most = max(1, transaction // 2)

    def done(self, path: str) -> None:
        """All of it is committed: what it is refused by tells nothing of what it will say next time."""
        self._refused.pop(path, None)

    def widen(self) -> None:
        """A transaction went well, so they may grow again: what was refused may have been nobody's fault."""
        if self.most is not None:
            self.most = self.most * 2 if self.most < _AS_EVER else None
