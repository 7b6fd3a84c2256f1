"""Whether an entry that is seen again is a new version of its article (design.md, section 5)."""

from __future__ import annotations

from typing import Final

from worker.core.feeds.entry import CAPPED, MARKED, NOTHING, OWNER, REJECTED, SKIPPED, WITHDRAWN, Entry
from worker.model import Definition, Fate, Traits

# A copy older than what is remembered is believed once so many polls have brought it.
_STALE_POLLS: Final = 3
_SECONDS: Final = 0xFFFFFFFF


def shown(entry: Entry, traits: Traits, content: bytes, *, parts: bool = True) -> None:
    """The source shows the entry so. `parts`: that is also what its next change is told against."""
    entry.raw, entry.variant = traits.raw, content[:8]
    if parts:
        entry.headline, entry.body, entry.published = parts_of(traits)
    entry.updated = min(traits.updated or entry.updated, _SECONDS)
    entry.stale = 0
    entry.flag(REJECTED | CAPPED, on=False)


def changed(entry: Entry, traits: Traits) -> tuple[str, ...]:
    """What of the content is another than it was."""
    before = entry.headline, entry.body, entry.published
    pairs = zip(("headline", "body", "published"), before, parts_of(traits), strict=True)
    return tuple(name for name, old, new in pairs if old != new)


def judged(  # noqa: PLR0911, PLR0913 (a rule a line)
    entry: Entry, traits: Traits, content: bytes, owned_as: bytes | None, definition: Definition, *, day: int
) -> Fate:
    """What becomes of an article that is seen again, its entry changed to that; but `created` and `updated` are left to do.

    `owned_as`: the contentHash that another source owns the article with, if one does. `day`: today's, since the epoch.
    """
    raw, variant = entry.raw != traits.raw, entry.variant != content[:8]
    owns = entry.has(OWNER)
    back = owns and entry.has(WITHDRAWN)  # comes back only from the source that withdrew it
    if not back and not (raw and variant) and not (owns and entry.has(MARKED)):
        if not variant and _refused(entry, owned_as):
            return Fate.UNCHANGED
        newest = max(entry.updated, traits.updated)
        shown(entry, traits, content, parts=not entry.has(MARKED))
        entry.updated = min(newest, _SECONDS)
        return Fate.UNCHANGED
    if traits.updated and traits.updated < entry.updated and raw:
        entry.stale = min(entry.stale + 1, _STALE_POLLS)
        if entry.stale < _STALE_POLLS:
            return Fate.RETRIED
    if owned_as is not None:
        # What had been rejected so far is seen for the first time: no change.
        entry.flag(MARKED, on=content != owned_as and entry.variant != NOTHING)
        shown(entry, traits, content, parts=not entry.has(MARKED))
        return Fate.UNCHANGED
    if not owns:
        return _unowned(entry, traits, content, definition)
    if content == entry.content and not back:
        entry.flag(MARKED, on=False)
        shown(entry, traits, content)
        return Fate.UNCHANGED
    if definition.updates == "none" and not back:
        entry.flag(MARKED, on=False)
        shown(entry, traits, content)
        return Fate.SKIPPED
    if entry.cap_day == day and entry.cap_count >= definition.daily_updates and not back:
        entry.flag(CAPPED)
        return Fate.RETRIED
    return Fate.UPDATED


def _refused(entry: Entry, owned_as: bytes | None) -> bool:
    """Whether its last state was refused by the broker: it stays remembered so, for a redrive, as long as it is shown so."""
    if not entry.has(REJECTED) or entry.has(SKIPPED):
        return False
    published = entry.content if entry.has(OWNER) else owned_as
    return published is None or published[: len(entry.variant)] != entry.variant


def _unowned(entry: Entry, traits: Traits, content: bytes, definition: Definition) -> Fate:
    """Nobody has published it: it was passed over, rejected, or withdrawn by a source that has forgotten it since."""
    if entry.has(WITHDRAWN):
        shown(entry, traits, content)
        return Fate.UNCHANGED
    if entry.has(SKIPPED) and definition.updates == "none":
        shown(entry, traits, content)
        return Fate.SKIPPED
    return Fate.CREATED


def parts_of(traits: Traits) -> tuple[bytes, bytes, bytes]:
    """Headline, body and published as they are remembered."""
    return traits.headline.ljust(4, b"\0"), traits.body.ljust(4, b"\0"), traits.published.ljust(4, b"\0")
