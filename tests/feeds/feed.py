"""A feed with a life of its own: it is shown, asked for again, and goes on once its reader has proven to have taken it in.

That proof is a request with the validators of what is shown now: a worker may keep those only when all of the document is
published. So whatever was proven and is never published was lost, whoever killed whom.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from feeds.stories import BASE
from feeds.written import WRITERS, Entry, Page

_STILL_DELETED = 5  # deletions that a document goes on telling of


@dataclass(frozen=True, slots=True)
class Plan:
    """What a feed is to be."""

    name: str
    address: str  # of the loopback net: a site of its own, or one that several share
    format: str = "rss"  # rss | atom | json
    validators: str = "both"  # both | etag | modified | none
    entries: int = 30
    size: int = 300  # bytes of an article's text, about
    moves: int = 0  # how often it goes on by itself
    pace: int = 1  # how many times the one to three entries, which are new or edited as it goes on
    reverts: float = 0  # how likely it goes back, at a request that proves nothing, to what it showed before
    slow: float = 0  # seconds between an answer's head and its body
    empty_every: int = 0  # of the new articles, the first of so many has no text before it is edited; in RSS alone
    twins: Sequence[str] = ()  # other names at the same address under which it is shown, so that it has siblings
    seed: int = 1

    @property
    def names(self) -> tuple[str, ...]:
        """All under which it is asked for; it goes on once it was taken in under each."""
        return self.name, *self.twins


@dataclass(frozen=True, slots=True)
class Document:
    """A page as it is sent."""

    page: Page
    body: bytes
    type: str
    etag: str
    modified: str

    @property
    def states(self) -> dict[str, str]:
        """What each article is in it: the number of its revision, or withdrawn."""
        shown = {str(entry.number): str(entry.revision) for entry in self.page.entries}
        return {str(entry.number): "withdrawn" for entry in self.page.deleted} | shown


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request gets. `proven`: it has shown that the document was taken in. `first`: nobody was sent this one before."""

    status: int
    document: Document
    headers: Mapping[str, str]
    proven: bool
    first: bool


class Feed:
    """One feed; every change makes another document of it."""

    def __init__(self, plan: Plan, port: int) -> None:
        self.plan = plan
        self._status = 0  # what it answers instead of anything else; 0: nothing else
        self._chosen = random.Random(plan.seed)
        self._left = plan.moves
        self._next = plan.entries + 1
        self._revisions: dict[int, int] = {}
        entries = tuple(self._new(number) for number in range(plan.entries, 0, -1))
        site = f"http://{plan.address}:{port}"
        self.document = self._written(Page(plan.name, site, plan.size, entries))
        self._before: Document | None = None
        self._sent = False
        self._taken_in: set[str] = set()  # under which names what is shown was

    @property
    def _proven(self) -> bool:
        return self._taken_in.issuperset(self.plan.names)

    @property
    def resting(self) -> bool:
        """It goes on no more, and what it shows was taken in; without validators, nobody knows."""
        return not self._left and (self._proven or self.plan.validators == "none")

    def answer(self, match: str | None, since: str | None, name: str | None = None) -> Answer:
        """What a request by a name with these validators (If-None-Match, If-Modified-Since) gets; the feed goes on by it."""
        if self._status:
            return Answer(self._status, self.document, {}, proven=False, first=False)
        same = self._current(match, since)
        if same:
            self._taken_in.add(name or self.plan.name)
            answer = Answer(304, self.document, self._validators(), proven=self._proven, first=False)
            if self._proven:
                self._go_on()
            return answer
        if self._left and self._before and self._sent and self._chosen.random() < self.plan.reverts:
            self.revert()
        answer = Answer(200, self.document, self._validators(), proven=False, first=not self._sent)
        self._sent = True
        if self.plan.validators == "none":
            self._go_on()
        return answer

    def rest(self) -> None:
        """Go on by itself no more."""
        self._left = 0

    def add(self, count: int = 1) -> None:
        """New articles; as many of the oldest leave the window."""
        new = tuple(self._new(number) for number in range(self._next + count - 1, self._next - 1, -1))
        self._next += count
        self._become(entries=(*new, *self.document.page.entries)[: self.plan.entries])

    def edit(self, count: int = 1) -> None:
        """Some articles, of any age, say something else."""
        numbers = {entry.number for entry in self._chosen.sample(self.document.page.entries, count)}
        self._become(
            entries=tuple(
                self._edited(entry) if entry.number in numbers else entry for entry in self.document.page.entries
            )
        )

    def drift(self, count: int = 1) -> None:
        """Some articles get another guid, and stay the same."""
        numbers = {entry.number for entry in self._chosen.sample(self.document.page.entries, count)}
        self._become(
            entries=tuple(
                replace(entry, drifts=entry.drifts + 1) if entry.number in numbers else entry
                for entry in self.document.page.entries
            )
        )

    def delete(self, count: int = 1) -> None:
        """Some articles are withdrawn. Only Atom can say so."""
        gone = self._chosen.sample(self.document.page.entries, count)
        self._become(
            entries=tuple(entry for entry in self.document.page.entries if entry not in gone),
            deleted=(*self.document.page.deleted, *gone)[-_STILL_DELETED:],
        )

    def revert(self) -> None:
        """Back to what it was before its last change, validators too."""
        assert self._before, "it never changed"
        self.document, self._before = self._before, self.document
        self._sent, self._taken_in = False, set()

    def answer_with(self, status: int) -> None:
        """Answer nothing but this status; 0: itself again."""
        self._status = status

    def _become(self, **changes: Any) -> None:
        self._before, self.document = self.document, self._written(replace(self.document.page, **changes))
        self._sent, self._taken_in = False, set()

    def _go_on(self) -> None:
        if not self._left:
            return
        self._left -= 1
        match self._chosen.choices(("add", "edit", "drift", "delete"), (6, 4, 1, 1))[0]:
            case "edit" if self.plan.validators != "none":
                self.edit(min(self.plan.pace * self._chosen.randint(1, 3), len(self.document.page.entries)))
            case "drift" if self.plan.validators != "none" and not self.plan.twins:
                self.drift()
            case "delete" if self.plan.format == "atom" and len(self.document.page.entries) > 1:
                self.delete()
            case _:
                self.add(self.plan.pace * self._chosen.randint(1, 2))

    def _edited(self, entry: Entry) -> Entry:
        """A revision never seen before, even after it was taken back."""
        revision = max(self._revisions.get(entry.number, 1), entry.revision) + 1
        self._revisions[entry.number] = revision
        return replace(entry, revision=revision, empty=False)

    def _new(self, number: int) -> Entry:
        empty = self.plan.format == "rss" and self.plan.empty_every and number % self.plan.empty_every == 0
        return Entry(self.plan.name, number, permalink=bool(self.plan.twins), empty=bool(empty))

    def _written(self, page: Page) -> Document:
        write, content_type = WRITERS[self.plan.format]
        body = write(page)
        digest = hashlib.sha256(body).digest()
        # By the content, so that a publisher who reverts has the old validators too.
        modified = datetime.fromtimestamp(BASE, UTC) - timedelta(seconds=int.from_bytes(digest[:3]))
        return Document(page, body, content_type, f'"{digest[:8].hex()}"', format_datetime(modified, usegmt=True))

    def _current(self, match: str | None, since: str | None) -> bool:
        if match is not None:  # RFC 9110, section 13.1.3: the other one is then ignored
            return "etag" in self._kinds and match == self.document.etag
        return since is not None and "modified" in self._kinds and since == self.document.modified

    def _validators(self) -> dict[str, str]:
        both = {"etag": ("ETag", self.document.etag), "modified": ("Last-Modified", self.document.modified)}
        return dict(both[kind] for kind in self._kinds)

    @property
    def _kinds(self) -> tuple[str, ...]:
        return {"both": ("etag", "modified"), "none": ()}.get(self.plan.validators, (self.plan.validators,))


def packed(plan: Plan) -> dict[str, Any]:
    """As JSON takes it; `Plan(**packed(plan)) == plan`."""
    return asdict(plan)
